// Detectors of heads that users write: a module that exports them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Detector, printable, quoted, shortened } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';

const HOW = 'export const detectors = [{ name, keys: (tokens, query) => [...] }]';

/** The detectors of a module, as `detectors` or as its default, one or several. What they are is checked where they are used. */
export async function readDetectors(path: string): Promise<readonly Detector[]> {
  const file = printable(path);
  if (!existsSync(path)) throw badInput(`There is no ${file}; check the path of --detectors.`);
  if (!/\.[cm]?[jt]s$/i.test(path)) throw badInput(`${file} is no module by its name; write it as .mjs: ${HOW}.`);
  const loaded = await load(path, file);
  const exported = loaded.detectors ?? loaded.default;
  const list = Array.isArray(exported) ? exported : [exported];
  if (exported === undefined || exported === null || list.length === 0)
    throw badInput(`${file} exports no detectors, got ${quoted(exported)}; write ${HOW}.`);
  return list as readonly Detector[];
}

async function load(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw badInput(`${file} could not be loaded: ${shortened(printable(text), 200)}`);
  }
}
