// The picture that textbooks draw, as five properties of a trained model: two heads do it all, and nothing else does anything.

import { allHeads, labelOf } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { ablate } from '../causal/ablation.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';

/** What the properties are judged by. Losses in nats, scores as shares of attention. */
export interface PictureNumbers {
  /** The losses that training ended with. */
  readonly lossFirst: number;
  readonly lossRepeat: number;
  /** Previous-token scores of the first layer and period-free excess of the second, the largest first. */
  readonly previousToken: readonly number[];
  readonly excess: readonly number[];
  /** Increase of the loss on the repeat with all heads but those two zero-ablated together. */
  readonly withoutOthers: number;
}

/** The five properties by name, and whether a training has them. */
export const PICTURE_PROPERTIES: Readonly<Record<string, (picture: PictureNumbers) => boolean>> = {
  'first occurrence at ln 64: 4.1 to 4.3': ({ lossFirst }) => lossFirst > 4.1 && lossFirst < 4.3,
  'repeat below 0.05': ({ lossRepeat }) => lossRepeat < 0.05,
  'one layer-0 previous-token score above 0.7, the others below 0.25': ({ previousToken: [a, b = 0] }) =>
    a! > 0.7 && b < 0.25,
  'one layer-1 excess above 0.8, the others below 0.2': ({ excess: [a, b = 0] }) => a! > 0.8 && b < 0.2,
  'the six others ablated together cost less than 0.01': ({ withoutOthers }) => Math.abs(withoutOthers) < 0.01,
};

const descending = (values: readonly number[]): number[] => [...values].sort((a, b) => b - a);

/** Periods of the sequences on which the other heads are ablated. */
const PERIODS = [8, 12, 16, 20, 25];

/** Measures a model of two layers that was trained on blocks of up to 25 tokens. `losses` are those it ended with. */
export function pictureNumbers(
  model: Model,
  {
    audit,
    losses,
  }: { audit: Pick<AuditRecord, 'scores'>; losses: { readonly first: number; readonly repeat: number } },
): PictureNumbers {
  const inLayer = (layer: number): AuditRecord['scores']['heads'][number][] =>
    audit.scores.heads.filter((head) => head.layer === layer);
  const top = (layer: number, score: 'previousToken' | 'inductionExcess'): string =>
    inLayer(layer).reduce((a, b) => (b[score].value > a[score].value ? b : a)).label;
  const two = [top(0, 'previousToken'), top(1, 'inductionExcess')];
  const set = new RepeatSet(model, { sequences: 48, seed: 1, periods: PERIODS });
  const others = allHeads(model.config).filter((head) => !two.includes(labelOf(head)));
  return {
    lossFirst: losses.first,
    lossRepeat: losses.repeat,
    previousToken: descending(inLayer(0).map((head) => head.previousToken.value)),
    excess: descending(inLayer(1).map((head) => head.inductionExcess.value)),
    withoutOthers: mean(set.losses(ablate(model.config, others, 'zero'))) - mean(set.clean),
  };
}
