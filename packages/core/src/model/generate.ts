// Continuing sequences token by token: each new token follows from a run on all before it.
import * as z from 'zod/mini';
import type { Floats } from '../engine/floats.ts';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { NotFiniteError } from '../errors/notFinite.ts';
import { quoted } from '../errors/printable.ts';
import { exactExp } from '../random/exactMath.ts';
import { RandomStream } from '../random/randomStream.ts';
import { STREAMS } from '../random/streams.ts';
import type { ModelConfig } from './config.ts';
import type { RunResult } from './execution.ts';
import { checkTokens, type Tokens } from './tokens.ts';

/** How a model continues sequences: how far, and whether the likeliest token follows or one that is drawn. */
export interface GenerateOptions {
  /** How many tokens are added. */
  readonly tokens: number;
  /** Tokens are drawn from softmax(logits / temperature). Without one, or with 0, the likeliest token follows. */
  readonly temperature?: number;
  /** Of the draws (0): the stream of sequence i is (seed, generation, i), and each token takes one number of it. */
  readonly seed?: number;
  /** Draws among so many of the likeliest tokens only; of equal ones the lower numbers. */
  readonly topK?: number;
}

const Options = z.strictObject({
  tokens: z.int().check(z.gte(1)),
  temperature: z.optional(z.number().check(z.gte(0))),
  seed: z.optional(z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER))),
  topK: z.optional(z.int().check(z.gte(1))),
});

/** What is continued with: a model, or whatever gives logits for tokens. */
export interface Continued {
  readonly config: ModelConfig;
  readonly run: (tokens: Tokens) => Pick<RunResult, 'logits' | 'length'>;
}

/** One sequence, as against a batch of them. */
export type Prompt = ArrayLike<number>;

/** The sequences of a prompt, each with the tokens that follow it; Model.generate says what of. */
export function generate({ config, run }: Continued, prompt: Prompt | Tokens, options: GenerateOptions): number[][] {
  checkArgument('generate', 'options', Options, options);
  const sequences = sequencesOf(prompt);
  checkFits(config, checkTokens(config, sequences, 'generate'), options);
  const out = sequences.map((sequence) => Array.from(sequence));
  const choose = chooser(options);
  const seed = options.seed ?? 0;
  const streams = out.map((_, s) => new RandomStream(seed, STREAMS.generation, s));
  for (let added = 0; added < options.tokens; added++) {
    const { logits, length } = run(out);
    out.forEach((sequence, s) => {
      const end = (s + 1) * length * config.dVocab;
      const next = logits.subarray(end - config.dVocab, end);
      checkLogits(next, { s, length });
      sequence.push(choose(next, streams[s] as RandomStream));
    });
  }
  return out;
}

/** Whether it is one sequence, not a batch: its first entry is a number. */
export const isOneSequence = (prompt: Prompt | Tokens): prompt is Prompt =>
  typeof (prompt as ArrayLike<unknown> | null | undefined)?.[0] === 'number';

const sequencesOf = (prompt: Prompt | Tokens): Tokens => (isOneSequence(prompt) ? [prompt] : (prompt as Tokens));

function checkFits({ nCtx, dVocab }: ModelConfig, length: number, options: GenerateOptions): void {
  const { tokens, temperature = 0, topK, seed } = options;
  if (length + tokens > nCtx) {
    const room = nCtx - length;
    const remedy = room > 0 ? `ask for at most ${room}` : 'shorten the prompt';
    throw new Error(
      `generate: ${length} tokens and ${tokens} more do not fit this model's context of ${nCtx}; ${remedy}.`,
    );
  }
  if (topK !== undefined && topK > dVocab)
    throw new ArgumentError(`generate: options.topK must be at most dVocab (${dVocab}), got ${topK}.`);
  const idle = temperature > 0 ? undefined : topK !== undefined ? 'topK' : seed !== undefined ? 'seed' : undefined;
  if (idle)
    throw new ArgumentError(
      `generate: options.${idle} has no effect without a temperature above 0; give temperature: 1, or leave ${idle} out.`,
    );
}

function checkLogits(logits: Floats, { s, length }: { s: number; length: number }): void {
  const wrong = logits.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0)
    throw new NotFiniteError(
      `generate: the logit of token ${wrong} after ${length} tokens of sequence ${s} is ${quoted(logits[wrong])}, so nothing can follow; use weights of ordinary size.`,
    );
}

/** The rule by which a token follows from its logits, [dVocab]. */
function chooser({ temperature = 0, topK }: GenerateOptions): (logits: Floats, random: RandomStream) => number {
  if (temperature === 0) return likeliest;
  return (logits, random) => {
    const candidates = topK === undefined ? Array.from(logits.keys()) : ranked(logits).slice(0, topK);
    return drawn(logits, { candidates, temperature, at: random.uniform() });
  };
}

/** The token with the largest logit, the lowest of equal ones. */
function likeliest(logits: Floats): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token;
  return best;
}

/** All tokens, the likeliest first, of equal ones the lower number. */
const ranked = (logits: Floats): number[] => Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);

/** Weights below e^LEAST of the largest are 0; exactExp goes about so far. */
const LEAST = -700;

/** The candidate at that share, in (0, 1), of their probabilities laid end to end, in arithmetic that is the same everywhere. */
function drawn(
  logits: Floats,
  { candidates, temperature, at }: { candidates: readonly number[]; temperature: number; at: number },
): number {
  const largest = logits[likeliest(logits)] as number;
  const weights = candidates.map((token) => {
    const below = (logits[token]! - largest) / temperature;
    return below < LEAST ? 0 : exactExp(below);
  });
  let rest = at * weights.reduce((sum, weight) => sum + weight, 0);
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue; // rounding must not let what cannot follow be drawn
    last = i;
    rest -= weights[i]!;
    if (rest < 0) break;
  }
  return candidates[last] as number;
}
