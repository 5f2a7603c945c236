// What sequences begin with and which tokens they are drawn from, as options say it beside a checkpoint.

import { printable } from '@induction-lab/core/internal/printable';
import type { ModelConfig } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { tokensFrom } from './tokensFrom.ts';

/** What the user says of the sequences that a model saw. */
export interface DrawnOptions {
  /** The start token that stood in front of every sequence. */
  readonly bos?: number | undefined;
  /** Tokens that sequences are to begin with, behind the start token. */
  readonly prefix?: readonly number[] | undefined;
  /** Tokens that training never showed. */
  readonly excludeTokens?: readonly number[] | undefined;
  /** Training showed those from this number on, or those that stand in a file of tokens. */
  readonly tokensFrom?: string | undefined;
}

/** A checkpoint's config with what the options say of its sequences. `path` is the checkpoint's. */
export function withDrawn(config: ModelConfig, options: DrawnOptions, path: string): ModelConfig {
  const { bos, prefix = [], excludeTokens } = options;
  const known = `${printable(path)}, which has 0 to ${config.dVocab - 1}`;
  if (bos !== undefined && bos >= config.dVocab)
    throw badInput(`--bos ${bos} is no token of ${known}; name one of them.`);
  for (const [option, tokens] of [
    ['--prefix', prefix],
    ['--exclude-tokens', excludeTokens ?? []],
  ] as const) {
    const unknown = tokens.find((token) => token >= config.dVocab);
    if (unknown !== undefined)
      throw badInput(`${option} names ${unknown}, which is no token of ${known}; leave it out.`);
  }
  const start = bos ?? config.bos;
  const opening = prefix.length === 0 ? {} : { opening: [...(start === undefined ? [] : [start]), ...prefix] };
  if ((opening.opening?.length ?? 0) >= config.nCtx)
    throw badInput(
      `--prefix has ${prefix.length} tokens, and the context of ${printable(path)} is ${config.nCtx}; name fewer.`,
    );
  const untrained = options.tokensFrom === undefined ? excludeTokens : notIn(options.tokensFrom, config);
  return {
    ...config,
    ...(start === undefined ? {} : { bos: start }),
    ...opening,
    ...(untrained === undefined ? {} : { untrained }),
  };
}

/** The tokens that --tokens-from does not name. */
function notIn(given: string, config: ModelConfig): number[] {
  const named = new Set(tokensFrom(given, config));
  return Array.from({ length: config.dVocab }, (_, token) => token).filter((token) => !named.has(token));
}
