// The pair hub: what copies like an induction circuit and is none.
import type { Engine } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { checkSizes, type HandBuiltSizes, writtenModel } from './writtenModel.ts';

/**
 * The pair hub: a circuit that copies with no previous-token and no induction head. L0H0 gathers the token two back into
 * the part "first", L0H1 the token one back into "second": position j holds the pair of tokens j − 2 and j − 1. L1H0 finds
 * the position whose first token is the query's (K-composition) and copies its second (V-composition). It attends to
 * q − P + 2, one further than an induction head. Positions 0 and 1, which hold no pair, are kept from matching. L1H1 is 0.
 * @throws an ArgumentError for sizes that cannot be meant.
 */
export function handBuiltHub(engine: Engine, sizes: HandBuiltSizes): Model {
  checkSizes('handBuiltHub', sizes);
  return writtenModel(engine, sizes, {
    copied: ['first', 'second'],
    layers: [
      [
        { look: { back: 2 }, copy: { from: 'token', to: 'first' } },
        { look: { back: 1, first: 2 }, copy: { from: 'token', to: 'second' } },
      ],
      [{ look: { match: 'first', except: [0, 1] }, copy: { from: 'second', to: 'output' } }, null],
    ],
  });
}
