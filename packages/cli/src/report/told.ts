// What the sections of the report share: a run with what is drawn of it.
import {
  type Backend,
  finalLosses,
  guessingLoss,
  type Segment,
  type SegmentLosses,
  segmentsOf,
} from '@induction-lab/core/node';
import type { Draw } from '../figures/drawing.ts';
import { modelFigures } from '../figures/modelFigures.ts';
import type { FinishedRun } from '../finished/finishedRun.ts';
import { lossPoints } from '../runs/runFolder.ts';

export interface ReportOptions {
  readonly runs: readonly FinishedRun[];
  readonly seed: number;
  readonly quick: boolean;
  readonly backend: Backend;
  /** The GPU that trained the models; null for the CPU. */
  readonly gpu: string | null;
  readonly threads: number;
  readonly seconds: number;
}

/** A run with what the page draws of it. */
export interface ToldRun extends FinishedRun {
  readonly lnVocab: number;
  /** Training losses of the last 20 steps. */
  readonly last: SegmentLosses;
  /** What its losses are of. */
  readonly segments: readonly Segment[];
  readonly figures: ReturnType<typeof modelFigures>;
}

export const tell = (run: FinishedRun): ToldRun => ({
  ...run,
  lnVocab: guessingLoss(run.experiment.model),
  last: finalLosses(lossPoints(run.metrics)),
  segments: segmentsOf(run.experiment.task),
  figures: modelFigures(run.name, run, run.examples),
});

/**
 * A figure in the page's own colours. `id` lets the hover script find its panels. The title becomes a label: as an
 * element, browsers would show it over the figure whenever the pointer rests.
 */
export function figure(id: string, draw: Draw, width?: number): string {
  const svg = draw('auto', width).replace(
    /^<svg([^>]*)>\s*<title>([^<]*)<\/title>/,
    (_, attributes: string, title: string) => `<svg${attributes} aria-label="${title.replaceAll('"', '&quot;')}">`,
  );
  return `<figure id="${id}" tabindex="0">${svg}</figure>`;
}

/** Width of figures that stand in pairs: drawn narrower, so that their text keeps its size. */
export const PAIRED = 480;
