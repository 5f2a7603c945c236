import { basename } from 'node:path';
import { quoted } from '@induction-lab/core/internal/printable';
import {
  drawRepeats,
  followersOf,
  type Model,
  measureFollowing,
  readPrompt,
  type TextTokenizer,
  usualPeriod,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask, Told } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { checkLength, needTokenizer } from '../files/findTokenizer.ts';
import type { ReadText } from '../report/readText.ts';
import { analyseLanguage, inFront, type LanguageOptions, vocabularyOf } from './languageTask.ts';
import { promptText } from './promptText.ts';

export interface PromptCommandOptions extends LanguageOptions {
  text: string;
  /** Heads that are switched off together. */
  top: number;
  /** Likely tokens of each position. */
  likely: number;
  /** Whether a text in which nothing comes twice is read, too. */
  anyText?: boolean;
  /** The page to write. */
  html?: string;
}

/** `induction-lab prompt`: one text, read closely. */
export const promptCommand = (task: MeasuringTask<PromptCommandOptions>, host: Host): Promise<void> => {
  const { target, options } = task;
  const { text, html } = options;
  return analyseLanguage(task, host, {
    prepare: (tokenizer) => tokensOf(text, tokenizer, target),
    analysis: (tokenizer, tokens) => ({
      accept: (config) => {
        checkLength(inFront(config, tokens), config, 'The text');
        if (!options.anyText) checkRepeat(tokens);
      },
      measure: (model, onProgress) => readText(model, tokens, { options, tokenizer, onProgress }),
      text: (read, _, columns) => promptText(read, columns),
      json: readingJson,
      figures: async (read) => (await import('../figures/languageFigures.ts')).readingFigures(read),
      ...(html === undefined
        ? {}
        : {
            page: async (read: ReadText) => ({
              path: html,
              html: (await import('../report/promptPage.ts')).promptPage(read, basename(target)),
            }),
          }),
    }),
  });
};

/** The text's tokens; without a tokenizer a text of numbers is taken for tokens. */
function tokensOf(text: string, tokenizer: TextTokenizer | null, target: string): number[] {
  const parts = text.trim().split(/[\s,]+/);
  if (!tokenizer && parts.every((part) => /^\d+$/.test(part))) return parts.map(Number);
  const tokens = needTokenizer(target, tokenizer, 'Text').encode(text);
  if (tokens.length === 0) throw badInput(`The text ${quoted(text)} has no tokens; write a sentence.`);
  return tokens;
}

/** Throws a CommandError where nothing comes twice. */
function checkRepeat(tokens: readonly number[]): void {
  if (new Set(tokens).size === tokens.length)
    throw badInput(
      'No token of this text comes twice, so there is nothing to copy; repeat a name or a phrase in it, or read it all the same with --any-text.',
    );
}

/** Sequences on which induction heads are found. */
const FINDING = 8;
/** Heads that are shown where they look. */
const SHOWN = 4;

function readText(
  model: Model,
  given: readonly number[],
  {
    options,
    tokenizer,
    onProgress,
  }: { options: PromptCommandOptions; tokenizer: TextTokenizer | null; onProgress: Told },
): ReadText {
  const { config } = model;
  const tokens = inFront(config, given);
  const vocabulary = vocabularyOf(model, tokenizer, options).tokens;
  const period = usualPeriod(config, vocabulary, 2);
  const { seed, top, likely } = options;
  const pairs = drawRepeats({ config, tokens: vocabulary, count: FINDING, seed, period });
  const { heads } = measureFollowing(model, pairs);
  const following = followersOf(heads);
  const strongest = [...heads].sort((a, b) => b.excess.value - a.excess.value);
  const named = (following.length > 0 ? following : strongest).slice(0, Math.max(top, SHOWN));
  const reading = readPrompt(model, tokens, { heads: named, top, likely, seed, onProgress });
  const all = [
    ...tokens,
    ...reading.positions.flatMap(({ next }) => next.map(({ token }) => token)),
    ...reading.copies.map(({ copied }) => copied),
  ];
  return {
    ...reading,
    text: options.text,
    labels: new Map(all.map((token) => [token, tokenizer?.label(token) ?? String(token)])),
    found: { period, sequences: FINDING, heads: named, follow: following.length > 0 },
  };
}

/** The record as --json prints it: every token with its label. */
function readingJson({ labels, positions, copies, attribution, found, ...rest }: ReadText): object {
  const label = (token: number): string => labels.get(token)!;
  return {
    ...rest,
    positions: positions.map(({ next, ...position }) => ({
      ...position,
      label: label(position.token),
      next: next.map((one) => ({ ...one, label: label(one.token) })),
    })),
    copies: copies.map((copy) => ({ ...copy, label: label(copy.copied) })),
    attribution: {
      ...attribution,
      logits: attribution.logits.map((logit) => ({ ...logit, label: label(logit.token) })),
    },
    inductionHeads: found,
  };
}
