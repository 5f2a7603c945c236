// At which period a model's repeats are corrupted for activation patching.
import type { Model } from '../../model/model.ts';
import { drawnVocabulary } from '../../model/startToken.ts';
import { type Corruption, checkCorruption } from '../data/corruption.ts';
import { scannedPeriods } from '../data/periods.ts';
import { TooSmallError } from '../lengths.ts';
import type { OnProgress } from '../progress.ts';
import { periodsToMeasure } from './effectPeriods.ts';

/**
 * A period to corrupt a model's repeats at: the middle one of those that it solves, as `periodsToMeasure` finds them, and
 * for `change-match` one that leaves a token outside the block.
 * @param options.seed Seed of the sequences that are drawn.
 * @returns Tokens.
 * @throws a TooSmallError where no period fits.
 */
export function periodToCorrupt(
  model: Model,
  corruption: Corruption,
  options: { seed: number; onProgress?: OnProgress },
): number {
  checkCorruption('periodToCorrupt', corruption);
  const found = periodsToMeasure(model, options);
  if (corruption !== 'change-match') return found[Math.floor(found.length / 2)] as number;
  const dVocab = drawnVocabulary(model.config);
  const fitting = found.filter((period) => period < dVocab);
  if (fitting.length > 0) return fitting[Math.floor(fitting.length / 2)] as number;
  const shorter = scannedPeriods(model.config, 'periodToCorrupt').filter((period) => period < dVocab);
  if (shorter.length > 0) return shorter.at(-1) as number;
  throw new TooSmallError(
    `periodToCorrupt: a vocabulary of ${dVocab} leaves no token outside a block to change a match to; use break-repeat or shift-block.`,
  );
}
