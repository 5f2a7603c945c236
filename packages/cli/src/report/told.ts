// What the sections of the report share: a run with what is drawn of it.
import type { Backend } from '@induction-lab/core/node';
import type { Draw } from '../drawing.ts';
import type { FinishedRun } from '../finishedRun.ts';
import { modelFigures } from '../modelFigures.ts';
import { lossPoints } from '../runFolder.ts';

export interface ReportOptions {
  readonly runs: readonly FinishedRun[];
  readonly seed: number;
  readonly quick: boolean;
  readonly backend: Backend;
  readonly threads: number;
  readonly seconds: number;
}

/** A run with what the page draws of it. */
export interface ToldRun extends FinishedRun {
  readonly lnVocab: number;
  readonly last: {
    readonly lossFirst: number | null;
    readonly lossRepeat: number;
    readonly lossBoundary: number | null;
  };
  readonly figures: ReturnType<typeof modelFigures>;
}

export const tell = (run: FinishedRun): ToldRun => ({
  ...run,
  lnVocab: Math.log(run.experiment.model.dVocab),
  last: averageOfLast(lossPoints(run.metrics)),
  figures: modelFigures(run.name, run, run.examples),
});

/** Steps averaged for the loss that a run ended with: single batches are noisy. */
export const LAST_STEPS = 20;

function averageOfLast(points: ReturnType<typeof lossPoints>): ToldRun['last'] {
  const last = points.slice(-LAST_STEPS);
  const average = (pick: (p: (typeof points)[number]) => number | null): number | null => {
    const values = last.map(pick).filter((x): x is number => x !== null);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  };
  return {
    lossFirst: average((p) => p.lossFirst),
    lossRepeat: average((p) => p.lossRepeat) ?? Number.NaN,
    lossBoundary: average((p) => p.lossBoundary),
  };
}

/**
 * A figure in the page's own colours. `id` lets the hover script find its panels. The title becomes a label: as an
 * element, browsers would show it over the figure whenever the pointer rests.
 */
export function figure(id: string, draw: Draw, width?: number): string {
  const svg = draw('auto', width).replace(/^<svg([^>]*)>\s*<title>([^<]*)<\/title>/, '<svg$1 aria-label="$2">');
  return `<figure id="${id}" tabindex="0">${svg}</figure>`;
}

/** Width of figures that stand in pairs: drawn narrower, so that their text keeps its size. */
export const PAIRED = 480;
