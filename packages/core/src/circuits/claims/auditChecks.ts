// What an audit may be asked, checked before anything runs.
import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import { type ScoreOptions, scoreSchemaFields } from '../attention/headScores.ts';
import { checkDetectors } from '../attention/ownDetectors.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { checkVocabulary } from '../data/periods.ts';
import { asAnalysed, TooSmallError } from '../lengths.ts';
import { countCells, mapSpace } from '../map/cells.ts';

/** What the map is measured with beside scores. */
export interface MapAuditOptions extends ScoreOptions {
  /** Tokens that all sequences begin with, in place of the model's start token: what a model waits for. */
  readonly prefix?: readonly number[];
  /** Tokens that are never drawn: those that training never showed. Unless given, those whose weights look so. */
  readonly excludeTokens?: readonly number[];
}

const tokens = z.optional(z.array(z.int().check(z.gte(0))));
/** The fields that say what is drawn. */
export const drawnFields: Readonly<Record<'prefix' | 'excludeTokens', z.ZodMiniType>> = {
  prefix: tokens,
  excludeTokens: tokens,
};
const auditSchema = z.strictObject({ ...scoreSchemaFields, ...drawnFields });

/** Fewest tokens that can be drawn: two that are copied, and another one to stand around them. */
const FEWEST_TOKENS = 3;

/**
 * Throws an ArgumentError unless it is a model and the options say what to measure on it; a TooSmallError where too few
 * tokens are left to draw, or a prefix leaves no room for a repeat.
 */
export function checkAuditing(caller: string, model: Model, options: MapAuditOptions): void {
  checkModel(caller, model);
  checkOptions(caller, auditSchema, options);
  if (options.detectors !== undefined) checkDetectors(caller, options.detectors);
  checkTokens(caller, model.config, options);
  const { prefix: opening, excludeTokens: untrained } = options;
  const config: ModelConfig = {
    ...asAnalysed(model.config),
    ...(opening === undefined ? {} : { opening }),
    ...(untrained === undefined ? {} : { untrained }),
  };
  if (untrained === undefined) checkVocabulary(caller, config);
  const space = mapSpace(config);
  if (space.tokens.length < FEWEST_TOKENS)
    throw new TooSmallError(
      `${caller}: ${space.tokens.length} of ${model.config.dVocab} tokens are left to draw; a map takes at least ${FEWEST_TOKENS}, so exclude fewer.`,
    );
  if (opening !== undefined && countCells(space) === 0 && countCells({ ...space, prefix: [] }) > 0)
    throw new TooSmallError(
      `${caller}: a prefix of ${opening.length} tokens leaves no room for a repeat in a context of ${space.length}; use a shorter one.`,
    );
}

function checkTokens(caller: string, { dVocab }: ModelConfig, options: MapAuditOptions): void {
  for (const field of ['prefix', 'excludeTokens'] as const) {
    const unknown = options[field]?.find((token) => token >= dVocab);
    if (unknown !== undefined)
      throw new ArgumentError(
        `${caller}: options.${field} names ${unknown}; this model has tokens 0 to ${dVocab - 1}.`,
      );
  }
}
