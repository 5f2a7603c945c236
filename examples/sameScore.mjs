// The same induction score, another mechanism: only a control where nothing repeats tells a circuit from a shortcut.
import { handBuiltInduction, handBuiltPositionalCopier, headScores, loadEngine } from '@induction-lab/core/node';
import { headScoreChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const engine = await loadEngine({ exact: true });
const sizes = { dVocab: 31, nCtx: 24 };
const [circuit, shortcut] = [
  handBuiltInduction(engine, sizes),
  handBuiltPositionalCopier(engine, { ...sizes, period: 12 }),
].map((model) => headScores(model, { sequences: 16 }));

const bars = ({ heads }, at, label) => {
  const { previousToken, inductionStripe, inductionStripeControl } = heads[at];
  const scores = { induction: inductionStripe.value, inductionControl: inductionStripeControl.value };
  return { label, previousToken: previousToken.value, ...scores };
};
const heads = [bars(shortcut, 0, 'L0H0'), bars(circuit, 2, 'L1H0')];
draw('sameScore', (options) =>
  headScoreChart(
    {
      title: 'A positional copier (L0H0, one model) and an induction head (L1H0, another)',
      heads,
      chance: { previousToken: circuit.chance.previousToken, induction: circuit.chance.inductionStripe },
    },
    options,
  ),
);
for (const { label, induction, inductionControl } of heads)
  console.log(`${label}: stripe ${induction.toFixed(2)}, without a repeat ${inductionControl.toFixed(2)}`);
