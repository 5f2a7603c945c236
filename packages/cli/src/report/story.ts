// The story that `run` tells in five trainings: how long each of them is, what it teaches, and what is expected of it before
// anybody looks. The summary on the terminal and the report are told from here.
import type { StoryName } from '../files/presetNames.ts';

export interface Act {
  /** Steps where the story trains shorter than the preset, and those of --quick. */
  readonly steps: { readonly full?: number; readonly quick: number };
  /** What this training teaches, in one line. */
  readonly lesson: string;
  /** What the document's reader expects, or what we predict. */
  readonly expected: string;
  /** The verdict that docs/results.md leads us to expect. */
  readonly verdict: string;
  /** What has to be said wherever the model is shown. */
  readonly disclosure?: string;
}

export const ACTS: Readonly<Record<StoryName, Act>> = {
  literal: {
    steps: { quick: 500 },
    lesson: 'It seems to work: the repeat is predicted, and a head has the stripe of an induction head.',
    expected:
      'The document expects: the loss of the first half stays at ln 64 = 4.16, that of the second falls to near zero, because a previous-token head in layer 0 and an induction head in layer 1 form a circuit. Our measurements predict the same curves, but from a positional shortcut: the distance back never changes.',
    verdict: 'positional shortcut',
  },
  'literal-1-layer': {
    steps: { quick: 500 },
    lesson: 'It cannot be induction: one layer, which has no room for the circuit, does as well.',
    expected:
      'The control. A circuit of two heads in sequence cannot exist in one layer, so if the document’s explanation were right, this model would have to fail. If the shortcut explains the curves, it learns just as well.',
    verdict: 'positional shortcut',
  },
  varied: {
    steps: { full: 1000, quick: 800 },
    lesson: 'Forced: with a period that varies no distance helps, and the real circuit forms. Several heads share it.',
    expected:
      'The period is drawn anew for every sequence, so no fixed distance helps. Expected: a sudden drop at about step 200, attention that follows the period in layer 1, and the need for keys that layer 0 has built.',
    verdict: 'induction',
  },
  picture: {
    steps: { quick: 600 },
    lesson: 'The two heads of the textbook, and what they took: a start token, distinct tokens, six heads deleted.',
    expected:
      'The picture that the document promises, all of it: the first occurrence stays at ln 64, the repeat falls to near zero, one previous-token head, one induction head, six quiet heads.',
    verdict: 'induction',
    disclosure:
      'Six heads are deleted by a pressure: the heads of a layer compete for the first 350 steps, and from then on this is a model of two heads. The pressure also decides which circuit forms; the next run is the same without it. And this is not the document’s task: periods 10 to 25, distinct tokens, 65 tokens and 51 positions with the start token, rotary positions.',
  },
  hub: {
    steps: { quick: 600 },
    lesson: 'The same data without the pressure: solved as well, and no induction head. A low loss does not say how.',
    expected:
      'In most seeds another circuit, the pair hub: layer 0 writes a token together with its successor into one position, layer 1 finds that position by its keys and reads the successor through its values. No head attends to the previous token, none to the token after the earlier copy.',
    verdict: 'other circuit',
  },
};

/** What a training teaches, or that this seed did not show it. */
export const taught = (name: StoryName, verdict: string): string =>
  verdict === ACTS[name].verdict
    ? ACTS[name].lesson
    : `Expected: ${ACTS[name].verdict}. This seed came out differently; docs/results.md has the counts over seeds.`;
