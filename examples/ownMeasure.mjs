// Prompts and a measure of your own: what does each head contribute to the answer's lead over a wrong one?
import { ablationEffects, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
import { effectChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 12 });
const prompts = [
  { tokens: [1, 3, 5, 8, 3], queries: [4], answers: [5], wrong: [8] }, // 3 was followed by 5
  { tokens: [4, 2, 7, 6, 0, 2], queries: [5], answers: [7], wrong: [6] },
  { tokens: [9, 8, 1, 9], queries: [3], answers: [8], wrong: [1] },
];
/** The lead of the answer, as a share of the largest possible one. */
const lead = {
  name: 'lead',
  unit: 'share',
  better: 'higher',
  needs: ['answers', 'wrong'],
  value: ({ logits, dVocab, queries, answers, wrong }) => {
    const logit = (i, token) => logits[queries[i] * dVocab + token]; // logits are [pos, dVocab]
    const leads = queries.map((_, i) => logit(i, answers[i]) - logit(i, wrong[i]));
    return leads.reduce((sum, lead) => sum + lead / 20, 0) / leads.length;
  },
};
const { heads, cleanLoss } = ablationEffects(model, { prompts, measure: lead });
const rows = heads.map(({ label, increase: { value, interval } }) => ({ label: `without ${label}`, value, interval }));
console.log(
  `lead ${cleanLoss.value.toFixed(2)}; ${rows.map(({ label, value }) => `${label} ${value.toFixed(2)}`).join(', ')}`,
);

const title = 'A measure of your own: the answer’s lead over the wrong one';
const unit = 'change of the lead (share of the largest possible one)';
draw('ownMeasure', (options) => effectChart({ title, unit, groups: [{ rows }] }, options));
