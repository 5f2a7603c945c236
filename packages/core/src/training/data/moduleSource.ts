// The sequences that a data module makes, each looked at before anything is trained on it.
import { queryCount, type SequenceSource, type SourceOptions, writeTargets } from '../../tasks/source.ts';
import { askModule, type Made } from './moduleAnswer.ts';
import { moduleSegments, nameOf } from './moduleSegments.ts';
import { DataError, type DataModule, type RunData } from './trainingData.ts';

/** A module as a run takes it. Throws a DataError for segments that are none. */
export const moduleData = (module: DataModule): RunData => ({
  given: module,
  segments: moduleSegments(module),
  source: (options) => moduleSource(module, options),
});

/** The sequences of a module, as many in a batch as training asks for. */
export function moduleSource(module: DataModule, options: SourceOptions): SequenceSource {
  const { batch, length, lossOn } = options;
  const segments = moduleSegments(module);
  /** Where each sequence has to be known to count them, the step's are made once. */
  let made: { step: number; sequences: readonly Made[] } | null = null;
  let asked = false;
  const ask = (step: number, index: number): Made => {
    const answer = askModule(module, { ...options, step, index, segments });
    if (!asked) checkSame(module, [answer, askModule(module, { ...options, step, index, segments })], { step, index });
    asked = true;
    return answer;
  };
  const sequenceOf = (step: number, index: number): Made =>
    made?.step === step ? made.sequences[index]! : ask(step, index);
  const all = (step: number, alive: () => void): readonly Made[] => {
    if (made?.step !== step)
      made = {
        step,
        sequences: Array.from({ length: batch }, (_, index) => {
          alive();
          return sequenceOf(step, index);
        }),
      };
    return made.sequences;
  };
  return {
    segments,
    counted(step, alive = () => {}) {
      const count = all(step, alive).reduce(
        (sum, { tokens, trained }) => sum + (trained === null ? tokens.length - 1 : queryCount(trained, tokens.length)),
        0,
      );
      if (count === 0)
        throw new DataError(
          `${nameOf(module)}, step ${step}: no sequence has a predictable query, so there is nothing to train on; name some, or set training.lossOn to "all".`,
        );
      return count;
    },
    fill(step, sequence, into, targets) {
      const { tokens, segments: queries, trained } = sequenceOf(step, sequence);
      into.fill(0, tokens.length, length);
      into.set(tokens);
      writeTargets(targets, into, { length: tokens.length, trained: lossOn === 'all' ? null : trained });
      return { length: tokens.length, segments: queries };
    },
  };
}

/**
 * The first sequence is asked for twice: a module that draws from Math.random or counts its calls would train on other
 * sequences in each thread. Throws a DataError where the answers differ.
 */
function checkSame(
  module: DataModule,
  [first, second]: readonly [Made, Made],
  { step, index }: { step: number; index: number },
): void {
  if (JSON.stringify(first) === JSON.stringify(second)) return;
  throw new DataError(
    `${nameOf(module)}, step ${step}, sequence ${index}: sequence() gave two answers to one request; let it depend on seed, step, index and random alone, never on Math.random, the time or a counter.`,
  );
}
