import type { RandomStream } from '../random/randomStream.ts';
import { distinctComplaint, drawDistinct } from './blocks.ts';
import { drawnTokens, type HeldOutTokens, heldOutTokensField, leaveOutTokens, tokensComplaint } from './heldOut.ts';
import type { Queries, Segment } from './segments.ts';
import { modelSize, type Sizes, type TaskDefinition, type TaskSequences, whole } from './task.ts';

/**
 * `… A B … A B …`: pairs of tokens at random places of a random sequence, each standing twice. Nothing repeats but the
 * pairs, and the copies of different pairs lie at different distances and in any order, so that only content finds them.
 */
export interface ScatteredTask extends HeldOutTokens {
  readonly kind: 'scattered';
  /** Pairs of a sequence. */
  readonly pairs: number;
  /** The first tokens of the pairs differ, and stand nowhere else: the earlier copy is then the only match. */
  readonly distinct: boolean;
}

/** Positions of the first tokens: of the pair itself, and of its copy further on. */
export interface ScatteredPlace {
  readonly pairs: readonly (readonly [first: number, copy: number])[];
}

const SEGMENTS: readonly Segment[] = [
  { name: 'repeat', title: 'repeat', predictable: true },
  { name: 'rest', title: 'rest' },
];

/** Slots of two tokens, in random order: two for each pair, the earlier one its first copy. */
function drawPlace(pairs: number, length: number, random: RandomStream): ScatteredPlace {
  const slots = new Int32Array(2 * pairs);
  // So many tokens lie between the slots, in gaps of any length: a choice of slots among slots and single tokens.
  drawDistinct(slots, length - 2 * pairs, random);
  const order = Array.from(slots, (_, i) => i).sort((a, b) => slots[a]! - slots[b]!);
  const starts = new Int32Array(2 * pairs);
  order.forEach((slot, before) => {
    starts[slot] = slots[slot]! + before; // each slot before it takes one token more than it was counted
  });
  return {
    pairs: Array.from({ length: pairs }, (_, i) => {
      const [a, b] = [starts[2 * i]!, starts[2 * i + 1]!];
      return a < b ? ([a, b] as const) : ([b, a] as const);
    }),
  };
}

function sequences(task: ScatteredTask, { dVocab, length }: Sizes): TaskSequences<ScatteredPlace> {
  const { pairs, distinct } = task;
  const left = drawnTokens(task, dVocab);
  const fill = (tokens: Int32Array, place: ScatteredPlace, random: RandomStream): void => {
    const matches = new Int32Array(pairs);
    if (distinct) drawDistinct(matches, left, random);
    else for (let i = 0; i < pairs; i++) matches[i] = random.below(left);
    const taken = distinct ? Array.from(matches).sort((a, b) => a - b) : [];
    const other = (): number =>
      taken.reduce((token, match) => (token >= match ? token + 1 : token), random.below(left - taken.length));
    for (let t = 0; t < length; t++) tokens[t] = other();
    place.pairs.forEach(([first, copy], i) => {
      tokens[first] = matches[i]!;
      tokens[copy] = matches[i]!;
      tokens[copy + 1] = tokens[first + 1]!;
    });
    leaveOutTokens(tokens, task, dVocab);
  };
  const copies = ({ pairs }: ScatteredPlace): number[] => pairs.map(([, copy]) => copy).sort((a, b) => a - b);
  const repeat = (place: ScatteredPlace): Queries => copies(place).map((copy) => [copy, copy + 1]);
  const rest = (place: ScatteredPlace): Queries => {
    const ends = [...copies(place), length - 1];
    return ends.map((end, i): readonly [number, number] => [i === 0 ? 0 : ends[i - 1]! + 1, end]);
  };
  return {
    place: (random) => drawPlace(pairs, length, random),
    fill,
    segments: (place) => [repeat(place), rest(place)],
    predictable: repeat,
  };
}

export const scattered: TaskDefinition<ScatteredTask, ScatteredPlace> = {
  kind: 'scattered',
  fields: {
    pairs: { value: whole(1) },
    distinct: { value: { is: 'flag' }, usual: true },
    heldOutTokens: heldOutTokensField,
  },
  segments: SEGMENTS,
  hasPredictable: true,
  moved: ({ pairs }, by) => ({ pairs: pairs.map(([first, copy]) => [first + by, copy + by] as const) }),
  complaint(task, sizes) {
    const { dVocab, length } = sizes;
    const needed = 4 * task.pairs;
    if (needed > length)
      return `task.pairs (${task.pairs}) needs a context of at least ${sizes.startToken ? needed + 1 : needed}, two tokens for each copy; model.nCtx is ${modelSize(length, sizes)}.`;
    return (
      tokensComplaint(task, dVocab) ??
      distinctComplaint({ distinct: task.distinct, needed: task.pairs + 1 }, task, sizes)
    );
  },
  sequences,
};
