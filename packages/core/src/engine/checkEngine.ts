// Whether something is an engine: the first thing that callers get wrong, since loading one has to be awaited.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument, must } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { Engine } from './engine.ts';

/** Throws an ArgumentError unless this is an engine; a promise of one is told to be awaited. */
export function checkEngine(engine: unknown, caller: string): asserts engine is Engine {
  const { createArena, opsFor, then } = (engine ?? {}) as Partial<Engine> & { then?: unknown };
  if (typeof createArena === 'function' && typeof opsFor === 'function') return;
  if (typeof then === 'function')
    throw new ArgumentError(`${caller}: engine is a promise; write \`await loadEngine()\`.`);
  throw new ArgumentError(`${caller}: engine must be what \`await loadEngine()\` gives, got ${quoted(engine)}.`);
}

const isUrl = (url: unknown): boolean => typeof url === 'string' || url instanceof URL;

const LoadOptions = z.strictObject({
  exact: z.optional(z.boolean()),
  shared: z.optional(z.boolean()),
  threads: z.optional(z.int().check(z.minimum(1))),
  wasmUrl: z.optional(
    must('be a URL, the text of one, or a function that gives one', (url) => isUrl(url) || typeof url === 'function'),
  ),
  helperUrl: z.optional(must('be a URL or the text of one', isUrl)),
});

/** Throws an ArgumentError unless these are options of `loadEngine`. */
export const checkLoadOptions = (options: unknown): void =>
  checkArgument('loadEngine', 'options', LoadOptions, options);
