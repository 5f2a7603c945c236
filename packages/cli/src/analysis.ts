// What the commands that analyse one checkpoint have in common: load, measure, draw, print.
import { loadEngine, type Model } from '@induction-lab/core/node';
import type { Draw } from './drawing.ts';
import { createFreshFolder } from './files.ts';
import { blameCheckpoint, loadCheckpoint } from './loadCheckpoint.ts';
import { SCHEMA_VERSION } from './runFolder.ts';

export interface AnalysisOptions {
  json?: boolean;
  figures?: string;
  modelConfig?: string;
  seed: number;
  exact?: boolean;
}

/** One analysis: what it measures, as text, and as figures. */
export interface Analysis<Measured extends object> {
  measure(model: Model): Measured;
  /** Lines for a terminal. */
  text(measured: Measured, model: Model): string[];
  /** Called only where figures are asked for: they load more code. */
  figures(measured: Measured, model: Model): Promise<Readonly<Record<string, Draw>>>;
}

/** Analyses a checkpoint and prints the result as text, or as JSON with `schemaVersion`. */
export async function analyse<Measured extends object>(
  checkpoint: string,
  options: AnalysisOptions,
  analysis: Analysis<Measured>,
): Promise<void> {
  const engine = await loadEngine({ exact: options.exact ?? false, shared: false });
  const model = loadCheckpoint(engine, checkpoint, options.modelConfig);
  if (options.figures !== undefined) createFreshFolder(options.figures, '--figures');
  const measured = blameCheckpoint(checkpoint, () => analysis.measure(model));
  if (options.figures !== undefined) {
    const { writeFigures } = await import('./drawing.ts');
    writeFigures(options.figures, await analysis.figures(measured, model));
  }
  print(options, measured, () => [checkpoint, '', ...analysis.text(measured, model)]);
}

/** Prints a record as JSON, or as lines of text. */
export function print(options: { json?: boolean }, record: object, text: () => string[]): void {
  if (options.json) process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...record }, null, 1)}\n`);
  else process.stdout.write(`${text().join('\n')}\n`);
}
