// Whether a run has the picture that textbooks draw: the five properties, and the numbers that they are judged by.

import { PICTURE_PROPERTIES, pictureNumbers } from '@induction-lab/core/internal';
import type { AuditRecord, Model, SegmentLosses } from '@induction-lab/core/node';
import type { RunRow } from './cells.ts';

/** Empty for a model that has not two layers, or that was trained on something without a repeat. */
export function measurePicture(model: Model, { audit, losses }: { audit: AuditRecord; losses: SegmentLosses }): RunRow {
  const { first, repeat } = losses;
  if (model.config.nLayers !== 2 || typeof first !== 'number' || typeof repeat !== 'number') return {};
  const numbers = pictureNumbers(model, { audit, losses: { first, repeat } });
  const { previousToken, excess, withoutOthers } = numbers;
  const properties = Object.entries(PICTURE_PROPERTIES).map(([name, holds]) => [name, holds(numbers)] as const);
  return {
    ...Object.fromEntries(properties),
    whole: properties.every(([, holds]) => holds),
    previousToken: previousToken[0] ?? null,
    secondPreviousToken: previousToken[1] ?? null,
    excess: excess[0] ?? null,
    secondExcess: excess[1] ?? null,
    withoutOthers,
  };
}
