// What the commands that know about text have in common: the tokenizer is read first, and says which token starts a sequence.
import { existsSync } from 'node:fs';
import {
  drawnTokens,
  type Model,
  type ModelConfig,
  type TextTokenizer,
  type Vocabulary,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { checkTokenizer, findTokenizer } from '../files/findTokenizer.ts';
import { tokensFrom } from '../files/tokensFrom.ts';
import { inputSource } from '../files/wholeFiles.ts';
import { type Analysis, type AnalysisOptions, analyse } from './analysis.ts';

export interface LanguageOptions extends AnalysisOptions {
  tokenizer?: string;
  /** A number, a range or a file of tokens. */
  tokensFrom?: string | undefined;
}

/** Analyses a model with its tokenizer, which is null where there is none; `prepare` is done before the model is read. */
export async function analyseLanguage<Measured extends object, Prepared>(
  task: MeasuringTask<LanguageOptions>,
  host: Host,
  {
    prepare,
    analysis,
  }: {
    prepare: (tokenizer: TextTokenizer | null) => Prepared;
    analysis: (tokenizer: TextTokenizer | null, prepared: Prepared) => Analysis<Measured>;
  },
): Promise<void> {
  const { target, options } = task;
  if (!existsSync(target)) inputSource(target, 'checkpoint'); // says so
  const tokenizer = await findTokenizer(target, options);
  const prepared = prepare(tokenizer);
  const bos = options.bos ?? tokenizer?.bos ?? undefined;
  const { accept, ...rest } = analysis(tokenizer, prepared);
  return analyse({ target, options: { ...options, ...(bos === undefined ? {} : { bos }) } }, host, {
    ...rest,
    source: { ...rest.source, ...(tokenizer ? { tokenizer: tokenizer.name } : {}) },
    accept: (config) => {
      checkTokenizer(tokenizer, config);
      accept?.(config);
    },
  });
}

/** A text's tokens behind the start token, where there is one. */
export const inFront = ({ bos }: ModelConfig, tokens: readonly number[]): number[] => [
  ...(bos === undefined ? [] : [bos]),
  ...tokens,
];

/** What random sequences are drawn from, as the options say. */
export const vocabularyOf = (
  model: Model,
  tokenizer: TextTokenizer | null,
  { tokensFrom: given }: Pick<LanguageOptions, 'tokensFrom'>,
): Vocabulary =>
  drawnTokens(model, {
    kinds: tokenizer,
    ...(given === undefined ? {} : { asked: tokensFrom(given, model.config) }),
  });

/** In words: which tokens were drawn. */
export function vocabularyText({ tokens, leftOut }: Vocabulary): string {
  const reasons = [
    [leftOut.notText, 'that are no text (special ones, fallback bytes, numbers without a spelling)'],
    [leftOut.untrained, 'whose embeddings look untrained'],
    [leftOut.notAsked, 'that --tokens-from does not name'],
  ] as const;
  const said = reasons.filter(([count]) => count > 0).map(([count, why]) => `${count.toLocaleString('en')} ${why}`);
  return `Random tokens are drawn from ${tokens.length.toLocaleString('en')}${said.length === 0 ? '' : `; left out: ${said.join(', ')}`}.`;
}
