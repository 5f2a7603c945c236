// A job of heads that nobody has named yet: a detector is a name, and the keys that a query of that job looks at.
import { handBuiltHub, headScores, loadEngine } from '@induction-lab/core/node';
import { headScoreChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

/** A pair hub looks one further than an induction head: two behind the earlier copy. */
const name = 'two behind the copy';
const keys = (tokens, query) => {
  const copy = Array.from(tokens).slice(0, query).lastIndexOf(tokens[query]);
  return copy >= 0 && copy + 2 <= query ? [copy + 2] : [];
};

const model = handBuiltHub(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 24 });
const { heads, chance, detectors } = headScores(model, { sequences: 16, detectors: [{ name, keys }] });

draw('ownDetector', (options) =>
  headScoreChart(
    {
      title: 'A pair hub has no induction head, and a detector of yours finds what it has',
      heads: heads.map(({ label, previousToken, inductionStripe, detectors }) => ({
        ...{ label, previousToken: previousToken.value, induction: inductionStripe.value },
        ...{ detected: detectors[name].score.value, detectedControl: detectors[name].control.value },
      })),
      chance: { previousToken: chance.previousToken, induction: chance.inductionStripe },
      detector: { name, chance: detectors[0].chance },
    },
    options,
  ),
);
for (const { label, detectors } of heads) console.log(`${label}: ${detectors[name].score.value.toFixed(2)}`);
