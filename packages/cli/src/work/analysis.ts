// What the commands that analyse one checkpoint have in common: load, measure, print, draw.

import { printable } from '@induction-lab/core/internal/printable';
import { type Engine, loadEngine, type Model, type ModelConfig } from '@induction-lab/core/node';
import type { Host, MeasuringTask, Told } from '../aside/host.ts';
import type { Draw } from '../figures/drawing.ts';
import type { DrawnOptions } from '../files/drawnTokens.ts';
import { blameCheckpoint, loadCheckpoint } from '../files/loadCheckpoint.ts';
import { provenance } from '../files/provenance.ts';
import { blamePrompts } from '../files/readPrompts.ts';
import { writeWhole } from '../files/wholeFiles.ts';

export interface AnalysisOptions extends DrawnOptions {
  json?: boolean;
  figures?: string;
  /** A file of prompts, of the analyses that take them. */
  readonly prompts?: string;
  modelConfig?: string;
  seed: number;
  exact?: boolean;
  threads?: number;
  quiet?: boolean;
}

/** One analysis: what it measures, as text, and as figures. */
export interface Analysis<Measured extends object> {
  /** Throws a CommandError for what this model cannot be asked, before its weights are read. */
  accept?(config: ModelConfig): void;
  /** `engine` is the model's. */
  measure(model: Model, onProgress: Told, engine: Engine): Measured;
  /** Lines for a terminal of so many columns. */
  text(measured: Measured, model: Model, columns: number): string[];
  /** The record as --json prints it; itself unless given. */
  json?(measured: Measured): object;
  /** What was measured on, beside the checkpoint: for JSON. */
  readonly source?: object;
  /** Other text in place of lines and JSON. */
  plain?(measured: Measured): string;
  /** A page to write, of what asks for one. */
  page?(measured: Measured): Promise<{ readonly path: string; readonly html: string }>;
  /** Called only where figures are asked for: they load more code. */
  figures(measured: Measured, model: Model): Promise<Readonly<Record<string, Draw>>>;
}

/** Analyses a checkpoint, prints the result as text or as JSON, and then draws the figures that are asked for. */
export async function analyse<Measured extends object>(
  { target, options }: MeasuringTask<AnalysisOptions>,
  host: Host,
  analysis: Analysis<Measured>,
): Promise<void> {
  const { json = false, figures, prompts, exact = false, threads = 1 } = options;
  const onLoaded = host.stage('loading');
  const engine = await loadEngine({ exact, shared: false, threads });
  const { model, checkpoint } = loadCheckpoint(engine, target, options, {
    accept: analysis.accept,
    onProgress: onLoaded,
  });
  const onProgress = host.stage('measuring');
  const measured = blameCheckpoint(target, () =>
    blamePrompts(prompts, () => analysis.measure(model, onProgress, engine)),
  );
  if (analysis.plain) host.print(analysis.plain(measured));
  else if (json)
    host.print(
      jsonText({
        ...provenance(engine.backend),
        checkpoint,
        ...drawnJson(model),
        ...analysis.source,
        ...(analysis.json?.(measured) ?? measured),
      }),
    );
  else host.print(`${[heading(target, model), '', ...analysis.text(measured, model, host.columns)].join('\n')}\n`);
  if (analysis.page) {
    const { path, html } = await analysis.page(measured);
    writeWhole(path, html);
  }
  if (figures === undefined) return;
  const told = host.stage('drawing');
  host.keep({
    text: '',
    sentence: `while drawing; what was measured is printed, finished figures are in ${printable(figures)}`,
  });
  const { writeFigures } = await import('../figures/drawing.ts');
  const drawn = await analysis.figures(measured, model);
  if (Object.keys(drawn).length === 0 && !json && !analysis.plain)
    host.print('No figures: there is nothing to draw.\n');
  writeFigures(figures, drawn, told);
}

/** The checkpoint's name, and what stands in front of what it is measured on. */
const heading = (target: string, { config: { bos, opening } }: Model): string => {
  if (opening) return `${printable(target)}, with ${opening.join(', ')} in front`;
  return bos === undefined ? printable(target) : `${printable(target)}, with its start token ${bos} in front`;
};

/** What sequences begin with and which tokens were not drawn, where anything was said of it. */
const drawnJson = ({ config: { bos, opening, untrained } }: Model): object => ({
  ...(bos === undefined ? {} : { bos }),
  ...(opening === undefined ? {} : { prefix: opening }),
  ...(untrained === undefined ? {} : { excludeTokens: untrained }),
});

/** What JSON leaves as it is in strings, and a terminal would act on. */
const ACTS = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A record as --json prints it: numbers that are not finite become null, and no character acts on a terminal. */
export const jsonText = (record: object): string =>
  `${JSON.stringify(record, null, 1).replace(ACTS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
