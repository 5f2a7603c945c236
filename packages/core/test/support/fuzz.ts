// Fuzz tests: the same few inputs at every `npm test`; in `npm run test:slow` many, and others every time.
import { appendFileSync } from 'node:fs';
import fc from 'fast-check';

/** Inputs of a test of share 1, where many are asked for; the seed of all. */
const ASKED = Number(process.env.FUZZ_RUNS ?? 0);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Milliseconds that one input may take: a thousand times what it does, so that a busy machine passes. */
const HANGS = 10_000;

/**
 * Checks a property on random inputs: `runs` of them, or FUZZ_RUNS × `share` where that is set. An input that takes ten
 * seconds counts as a hang. Where FUZZ_LOG names a file, a line of JSON there says how many inputs were tried.
 */
export async function fuzz<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  { runs, share = 1, check }: { runs: number; share?: number; check: (input: T) => void | Promise<void> },
): Promise<void> {
  const property = fc.asyncProperty(inputs, async (input) => {
    const started = performance.now();
    await check(input);
    const took = performance.now() - started;
    if (took > HANGS) throw new Error(`An input took ${(took / 1000).toFixed(1)} s.`);
  });
  const numRuns = ASKED > 0 ? Math.ceil(ASKED * share) : runs;
  const details = await fc.check(property, { numRuns, seed: SEED, endOnFailure: ASKED === 0 });
  const log = process.env.FUZZ_LOG;
  if (log) appendFileSync(log, `${JSON.stringify({ name, inputs: details.numRuns, seed: SEED })}\n`);
  if (details.failed)
    throw new Error(`${fc.defaultReportMessage(details)}\n${details.errorInstance}`, { cause: details.errorInstance });
}
