// What an induction head looks like: on two copies of a block, a stripe one behind the earlier copy.
import { examplePatterns, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
import { patternGrid } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 24 });
const { tokens, heads, period } = examplePatterns(model, { period: 12 });
const marks = { L0H0: 'previous-token head', L1H0: 'induction head' };

draw('stripe', (options) =>
  patternGrid(
    {
      title: 'Two heads that make an induction circuit',
      heads: heads.flatMap((head) => (marks[head.label] ? [{ ...head, mark: marks[head.label] }] : [])),
      size: tokens.length,
      tokens,
      stripe: { offset: period - 1, fromQuery: period, toQuery: 2 * period - 2 },
    },
    options,
  ),
);
const query = 17;
const looked = heads.find(({ label }) => label === 'L1H0').pattern.subarray(query * 24, query * 24 + 24);
console.log(`query ${query} looks at position ${looked.indexOf(Math.max(...looked))}`);
