// The induction circuit in its purest form.
import type { Engine } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { checkSizes, type HandBuiltSizes, writtenModel } from './writtenModel.ts';

/**
 * The circuit of the lesson. The residual stream has four parts: token, position, previous token, output.
 * L0H0 (previous-token head): the query at position p looks for position p − 1 and writes its token into the part
 * "previous token". L1H0 (induction head): the query's token looks for keys whose previous token it is (K-composition)
 * and copies their token to the output. Position 0, which attends to itself, is kept from matching. L0H1 and L1H1 are 0.
 * @throws an ArgumentError for sizes that cannot be meant.
 */
export function handBuiltInduction(engine: Engine, sizes: HandBuiltSizes): Model {
  checkSizes('handBuiltInduction', sizes);
  return writtenModel(engine, sizes, {
    copied: ['previous'],
    layers: [
      [{ look: { back: 1 }, copy: { from: 'token', to: 'previous' } }, null],
      [{ look: { match: 'previous', except: [0] }, copy: { from: 'token', to: 'output' } }, null],
    ],
  });
}
