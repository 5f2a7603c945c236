// Detectors of heads that users write: a module that exports them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { printable, quoted, thrown } from '@induction-lab/core/internal/printable';
import { type Detector, DetectorError } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';

const HOW = 'export const detectors = [{ name, keys: (tokens, query) => [...] }]';

/** The detectors of a module, as `detectors` or as its default, one or several. What they are is checked where they are used. */
export async function readDetectors(path: string): Promise<readonly Detector[]> {
  const file = printable(path);
  if (!existsSync(path)) throw badInput(`There is no ${file}; check the path of --detectors.`);
  if (!/\.[cm]?[jt]s$/i.test(path)) throw badInput(`${file} is no module by its name; write it as .mjs: ${HOW}.`);
  const loaded = await load(path, file);
  // What a CommonJS module exports is its default, a single detector or an object that has them.
  const usual = loaded.default as { readonly detectors?: unknown } | undefined;
  const exported = loaded.detectors ?? usual?.detectors ?? usual;
  const list = Array.isArray(exported) ? exported : [exported];
  if (exported === undefined || exported === null || list.length === 0)
    throw badInput(`${file} exports no detectors, got ${quoted(exported)}; write ${HOW}.`);
  return list as readonly Detector[];
}

async function load(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    const typed = (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    if (typed) throw badInput(`${file} is TypeScript, which this Node.js does not load; write it as .mjs: ${HOW}.`);
    throw badInput(
      `${file} could not be loaded: ${thrown(error).replace(/[.\s]+$/, '')}; correct it until \`node ${file}\` runs without an error.`,
    );
  }
}

/** What is said of the detectors is told with the name of their file. */
export function blameDetectors<T>(file: string | undefined, measure: () => T): T {
  try {
    return measure();
  } catch (error) {
    if (!(error instanceof DetectorError) || file === undefined) throw error;
    throw badInput(error.message.replace(/^\w+: (options\.)?/, `${printable(file)}: `));
  }
}
