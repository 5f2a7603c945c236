// One text, read closely: what every token costs and what was expected in its place, where the induction heads look, what the
// predictions owe to whom, and what is left of the copying when those heads are off.
import * as z from 'zod/mini';
import { aFunction } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { checkHead, type HeadIndex, headLabel } from '../../model/heads.ts';
import { checkTokens, type Model } from '../../model/model.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { ablate } from '../causal/ablation.ts';
import { type DirectLogits, hooksOfSplit, splitLogits } from '../causal/directLogits.ts';
import { checkModel, checkOptions, headSchema, seedSchema } from '../checks.ts';
import { type PatternVisit, patternOf, seePatterns } from '../data/patternRuns.ts';
import { PromptSet } from '../data/promptSet.ts';
import { checkLosses } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type CopyQuery, copiesThatCount, copyQueries } from './copies.ts';
import { HEADS_OFF_RUNS, type HeadsOff, headsOff } from './headsOff.ts';

/** A token that may come next, and how likely it is. */
export interface Likely {
  readonly token: number;
  readonly probability: number;
}

/** A token of the text, what it cost, and what was expected after it. */
export interface PromptPosition {
  readonly position: number;
  readonly token: number;
  /** Nats that this token cost, given those before it; null of the first, and of a start token. */
  readonly loss: number | null;
  /** The same with the induction heads off; null where there are none. */
  readonly lossWithout: number | null;
  /** The most likely tokens after this one, the likeliest first. */
  readonly next: readonly Likely[];
}

/** Where a head looks most from a query, a start token left out; and how much of its attention goes to the places after earlier copies. */
export interface HeadLooks {
  readonly query: number;
  readonly key: number;
  readonly weight: number;
  readonly afterCopies: number;
}

/** A head, and where it looks. */
export interface ReadingHead extends HeadIndex {
  readonly label: string;
  /** At the queries whose token came before. */
  readonly looks: readonly HeadLooks[];
}

/** What was read of a text. */
export interface PromptReading {
  readonly positions: readonly PromptPosition[];
  readonly copies: readonly CopyQuery[];
  /** The induction heads that were named, with where they look. */
  readonly heads: readonly ReadingHead[];
  /** The logit of what copying gives at each copy that counts; without one, of the likeliest token at the last position. */
  readonly attribution: DirectLogits;
  /** The mean loss of what copying gives, with the first `top` of the heads off; null where nothing repeats or no head was named. */
  readonly without: HeadsOff | null;
}

/** Which heads are looked at, and how much is read. */
export interface ReadingOptions {
  /** The induction heads, the strongest first: `measureFollowing` or `headMap` finds them. */
  readonly heads: readonly HeadIndex[];
  /** So many of them are switched off together; 4 unless told. */
  readonly top?: number;
  /** Likely tokens of each position, 5 unless told. */
  readonly likely?: number;
  readonly seed?: number;
  readonly onProgress?: OnProgress;
}

const schema = z.strictObject({
  heads: z.array(headSchema),
  top: z.optional(z.int().check(z.gte(1))),
  likely: z.optional(z.int().check(z.gte(1), z.lte(100))),
  seed: z.optional(seedSchema),
  onProgress: z.optional(aFunction),
});

/**
 * Reads one sequence of at least two tokens. Throws an ArgumentError for options that it does not have, an Error for tokens that
 * the model cannot run, a NotFiniteError where a loss is not finite.
 */
export function readPrompt(model: Model, tokens: ArrayLike<number>, options: ReadingOptions): PromptReading {
  const caller = 'readPrompt';
  checkModel(caller, model);
  checkOptions(caller, schema, options);
  checkTokens(model.config, [tokens], caller);
  const { heads, top = 4, likely = 5, seed = 0, onProgress } = options;
  for (const head of heads) checkHead(model.config, head, caller);
  const copies = copyQueries(tokens, firstDrawn(model.config));
  const counting = copiesThatCount(copies);
  const off = heads.slice(0, top);
  const measuresOff = counting.length > 0 && off.length > 0;
  const runs = 1 + (off.length > 0 ? 1 : 0) + (measuresOff ? HEADS_OFF_RUNS + 1 : 0);
  const progress = new Progress(onProgress, runs * tokens.length);
  const layers = copies.length > 0 ? [...new Set(heads.map(({ layer }) => layer))] : [];
  const rerun = model.repeatedly([tokens], { logits: false });
  const run = rerun([], { names: [...hooksOfSplit(model.config), ...layers.map(patternOf)] });
  checkLosses(model, run, { tokens: [tokens] });
  const without = off.length === 0 ? null : rerun(ablate(model.config, off, 'zero'));
  progress.add((without ? 2 : 1) * tokens.length);
  const { logits, lossPerPosition } = run;
  const { dVocab } = model.config;
  const next = Array.from({ length: tokens.length }, (_, p) =>
    likeliest(logits.subarray(p * dVocab, (p + 1) * dVocab), likely),
  );
  const looks = new Map<number, HeadLooks[]>();
  seePatterns(model, run, {
    layers,
    visit: (visit) => void looks.set(visit.head, looksOf(visit, copies, model.config)),
  });
  const asked = counting.length > 0 ? counting.map(({ query, copied }) => ({ query, token: copied })) : [lastOf(next)];
  const attribution = splitLogits(model, run, asked);
  const reading: PromptReading = {
    positions: Array.from(tokens, (token, position) => ({
      ...{ position, token },
      loss: position < 1 ? null : (lossPerPosition[position - 1] as number),
      lossWithout: position < 1 || without === null ? null : (without.lossPerPosition[position - 1] as number),
      next: next[position]!,
    })),
    copies,
    heads: heads.map(({ layer, head }) => ({
      ...{ label: headLabel(layer, head), layer, head },
      looks: looks.get(layer * model.config.nHeads + head) ?? [],
    })),
    attribution,
    without: measuresOff ? copyingWithout(model, tokens, { counting, off, seed, progress }) : null,
  };
  progress.finish();
  return reading;
}

const lastOf = (next: readonly (readonly Likely[])[]): { query: number; token: number } => ({
  query: next.length - 1,
  token: next.at(-1)![0]!.token,
});

/** Where a head looks, at the queries whose token came before. */
function looksOf({ attention }: PatternVisit, copies: readonly CopyQuery[], config: ModelConfig): HeadLooks[] {
  const start = firstDrawn(config);
  return copies.map(({ query, after }) => {
    let key = start;
    for (let k = start; k <= query; k++) if (attention(query, k) > attention(query, key)) key = k;
    const afterCopies = after.reduce((sum, k) => sum + attention(query, k), 0);
    return { query, key, weight: attention(query, key), afterCopies };
  });
}

/** The mean loss of what copying gives, at the copies that count, with heads off. */
function copyingWithout(
  model: Model,
  tokens: ArrayLike<number>,
  {
    counting,
    off,
    seed,
    progress,
  }: { counting: readonly CopyQuery[]; off: readonly HeadIndex[]; seed: number; progress: Progress },
): HeadsOff {
  const prompts = [
    { tokens, queries: counting.map(({ query }) => query), answers: counting.map(({ copied }) => copied) },
  ];
  const set = new PromptSet(model, { prompts }, 'readPrompt');
  return set.reporting(progress, () => headsOff(set, { heads: off, seed }));
}

/** The most likely tokens of a row of logits, with their probabilities. */
export function likeliest(logits: ArrayLike<number>, count: number): Likely[] {
  let highest = Number.NEGATIVE_INFINITY;
  for (let t = 0; t < logits.length; t++) highest = Math.max(highest, logits[t] as number);
  let sum = 0;
  for (let t = 0; t < logits.length; t++) sum += Math.exp((logits[t] as number) - highest);
  const best: number[] = [];
  for (let t = 0; t < logits.length; t++) {
    const x = logits[t] as number;
    if (best.length === count && x <= (logits[best.at(-1) as number] as number)) continue;
    const at = best.findIndex((other) => x > (logits[other] as number));
    best.splice(at < 0 ? best.length : at, 0, t);
    if (best.length > count) best.pop();
  }
  return best.map((token) => ({ token, probability: Math.exp((logits[token] as number) - highest) / sum }));
}
