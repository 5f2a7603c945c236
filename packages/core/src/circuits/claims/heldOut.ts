// What a model makes of what its training never showed: periods, starts and tokens that a task held out. Nobody can tell from
// weights what that was, so whoever audits has to say it.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { checkPeriods } from '../checks.ts';
import { scannedPeriods } from '../data/periods.ts';
import { drawBlock, type ProbeOptions, repeatedProbe } from '../data/probes.ts';
import { repeatQueries, twoCopies } from '../data/twoCopies.ts';
import { asAnalysed } from '../lengths.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';

/** What training never drew. */
export interface HeldOut {
  /** Periods that training never showed, in tokens. */
  readonly periods?: readonly number[];
  /** Positions at which blocks never began. */
  readonly starts?: readonly number[];
  /** Tokens that training never showed. */
  readonly tokens?: readonly number[];
}

/** Losses on what was held out, nats: two copies of a block, estimates over sequences. */
export interface HeldOutRecord {
  /** lossRepeat of each held-out period. */
  readonly periods: readonly { readonly period: number; readonly lossRepeat: Estimate }[];
  /** lossRepeat of a block of `period` tokens that begins at each held-out start. */
  readonly starts: readonly { readonly start: number; readonly period: number; readonly lossRepeat: Estimate }[];
  /** With a held-out token in a block: the loss where it is the token to find the earlier copy of, and where it is to be copied. */
  readonly tokens: {
    readonly period: number;
    readonly tokens: readonly number[];
    readonly lossAtMatch: Estimate;
    readonly lossAtCopy: Estimate;
  } | null;
  /** How many sequences were measured. */
  readonly sequences: number;
}

const whole = z.array(z.int().check(z.minimum(0)));
const HeldOutSchema = z.strictObject({
  periods: z.optional(whole),
  starts: z.optional(whole),
  tokens: z.optional(whole),
});

/** Throws an ArgumentError unless this model can be shown what was held out. */
export function checkHeldOut(caller: string, heldOut: HeldOut, model: Model): void {
  checkArgument(caller, 'options.heldOut', HeldOutSchema, heldOut);
  const { periods = [], starts = [], tokens = [] } = heldOut;
  const config = asAnalysed(model.config);
  if (periods.length + starts.length + tokens.length === 0)
    throw new ArgumentError(
      `${caller}: options.heldOut names nothing; give periods, starts or tokens, or leave it out.`,
    );
  for (const [field, values] of Object.entries({ starts, tokens })) {
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice !== undefined)
      throw new ArgumentError(`${caller}: options.heldOut.${field} has ${twice} twice; name each once.`);
  }
  if (periods.length > 0) checkPeriods(caller, periods, { config });
  const [shortest] = scannedPeriods(config, caller) as [number];
  const drawn = config.nCtx - firstDrawn(config);
  const late = starts.find((start) => start + 2 * shortest > drawn);
  if (late !== undefined)
    throw new ArgumentError(
      `${caller}: options.heldOut.starts names ${late}, after which a context of ${drawn} has no room for two copies of a block of ${shortest}; leave it out.`,
    );
  const unknown = tokens.find((token) => token >= config.dVocab);
  if (unknown !== undefined)
    throw new ArgumentError(
      `${caller}: options.heldOut.tokens names ${unknown}; this model has tokens 0 to ${config.dVocab - 1}.`,
    );
  if (config.bos !== undefined && tokens.includes(config.bos))
    throw new ArgumentError(
      `${caller}: options.heldOut.tokens names ${config.bos}, the start token, which stands in front of every block and in none; leave it out.`,
    );
}

/** Measures a model on what was held out. `period` is what blocks have where it is not theirs to vary. */
export function measureHeldOut(
  model: Model,
  { periods = [], starts = [], tokens = [] }: HeldOut,
  how: { sequences: number; seed: number; period: number },
): HeldOutRecord {
  const config = asAnalysed(model.config);
  const probe: ProbeOptions = { config, count: how.sequences, seed: how.seed };
  return {
    periods: periods.map((period) => ({
      period,
      lossRepeat: lossOver(model, repeatedProbe(probe, period), repeatQueries(twoCopies(config, period))),
    })),
    starts: starts.map((start) => {
      const period = Math.min(how.period, longestAfter(config, start));
      const sequences = blocksAt(probe, { start, period });
      const first = firstDrawn(config) + start;
      return { start, period, lossRepeat: lossOver(model, sequences, [first + period, first + 2 * period - 1]) };
    }),
    tokens: tokens.length === 0 ? null : tokenLosses(model, probe, { tokens, period: Math.max(3, how.period) }),
    sequences: how.sequences,
  };
}

/** The longest scanned period of which two copies fit behind a start. */
const longestAfter = (config: ModelConfig, start: number): number =>
  Math.max(...scannedPeriods(config).filter((period) => firstDrawn(config) + start + 2 * period <= config.nCtx));

/** Mean loss over queries [from, to), by sequence. */
function lossOver(model: Model, tokens: readonly Int32Array[], [from, to]: readonly [number, number]): Estimate {
  const { lossPerPosition, length } = model.run(tokens);
  return estimate(
    tokens.map((_, s) => mean([...lossPerPosition.subarray(s * (length - 1) + from, s * (length - 1) + to)])),
  );
}

/** Two copies of a block behind random tokens. */
function blocksAt({ config, count, seed }: ProbeOptions, place: { start: number; period: number }): Int32Array[] {
  const { start, period } = place;
  return Array.from({ length: count }, (_, s) => {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.heldOutStarts, start, s);
    return drawBlock(start + 2 * period, place, config, random);
  });
}

/** Blocks into which held-out tokens are put in turn, at a place of each sequence's own: neither the first nor the last. */
function tokenLosses(
  model: Model,
  probe: ProbeOptions,
  { tokens, period }: { tokens: readonly number[]; period: number },
): HeldOutRecord['tokens'] {
  const places: number[] = [];
  const start = firstDrawn(probe.config);
  const sequences = repeatedProbe(probe, period).map((sequence, s) => {
    const token = tokens[s % tokens.length]!;
    const random = new RandomStream(probe.seed, STREAMS.analysis, ANALYSIS_STREAMS.heldOutTokens, s);
    const at = 1 + random.below(period - 2);
    const before = sequence.subarray(start, start + period).indexOf(token);
    for (const copy of [start, start + period]) {
      if (before >= 0) sequence[copy + before] = sequence[copy + at]!;
      sequence[copy + at] = token;
    }
    places.push(at);
    return sequence;
  });
  const { lossPerPosition, length } = model.run(sequences);
  const lossAt = (offset: number): Estimate =>
    estimate(places.map((at, s) => lossPerPosition[s * (length - 1) + start + period + at + offset]!));
  return { period, tokens, lossAtMatch: lossAt(0), lossAtCopy: lossAt(-1) };
}
