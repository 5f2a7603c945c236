// What the lesson says each of the four runs should show, before anybody looks.
import type { PresetName } from '../files/presets.ts';

export interface Expectation {
  /** What the document's reader expects, or what we predict. */
  readonly expected: string;
  /** The verdict that docs/results.md leads us to expect. */
  readonly verdict: string;
}

export const EXPECTATIONS: Record<PresetName, Expectation> = {
  literal: {
    expected:
      'The document expects: the loss of the first half stays at ln 64 = 4.16, that of the second falls to near zero, because a previous-token head in layer 0 and an induction head in layer 1 form a circuit. Our measurements predict the same curves, but from a positional shortcut: the distance back never changes.',
    verdict: 'positional shortcut',
  },
  'literal-1-layer': {
    expected:
      'The control. A circuit of two heads in sequence cannot exist in one layer, so if the document’s explanation were right, this model would have to fail. If the shortcut explains the curves, it learns just as well.',
    verdict: 'positional shortcut',
  },
  varied: {
    expected:
      'The period is drawn anew for every sequence, so no fixed distance helps. Expected: a sudden drop at about step 200, attention that follows the period in layer 1, and the need for keys that layer 0 has built.',
    verdict: 'induction',
  },
  'two-heads': {
    expected:
      'The picture that the document promises, one previous-token head and one induction head, made on purpose by letting the heads of a layer compete. This is a pressure that we put on the model; without it several heads share the work.',
    verdict: 'induction',
  },
};
