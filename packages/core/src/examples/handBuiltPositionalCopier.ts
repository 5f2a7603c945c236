// The positional shortcut in its purest form.
import * as z from 'zod/mini';
import type { Engine } from '../engine/engine.ts';
import { ArgumentError } from '../errors/arguments.ts';
import type { Model } from '../model/model.ts';
import { checkSizes, type HandBuiltSizes, writtenModel } from './writtenModel.ts';

/**
 * The shortcut: L0H0 looks `period` − 1 positions back, whatever stands there, and copies that token to the output.
 * One layer, one head. Right on every repeat at that period and confidently wrong at every other.
 * @throws an ArgumentError for sizes that cannot be meant, or a period that the context does not hold.
 */
export function handBuiltPositionalCopier(engine: Engine, sizes: HandBuiltSizes & { readonly period: number }): Model {
  checkSizes('handBuiltPositionalCopier', sizes, { period: z.int().check(z.gte(2)) });
  const { dVocab, nCtx, period } = sizes;
  if (period > nCtx)
    throw new ArgumentError(
      `handBuiltPositionalCopier: a period of ${period} does not fit the context of ${nCtx}; use at most ${nCtx}.`,
    );
  return writtenModel(
    engine,
    { dVocab, nCtx },
    {
      copied: [],
      layers: [[{ look: { back: period - 1 }, copy: { from: 'token', to: 'output' } }]],
    },
  );
}
