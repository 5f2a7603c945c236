import { printable, quoted } from '@induction-lab/core/internal/printable';
import {
  activationPatching,
  type Model,
  type PatchEffect,
  type PatchingRecord,
  type TextTokenizer,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask, Told } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { checkLength, needTokenizer } from '../files/findTokenizer.ts';
import { TEXT_PATCH_HEADS, TEXT_PATCH_LAYERS } from '../terminal/headings.ts';
import { explainedTable, NONE, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';
import { analyseLanguage, inFront, type LanguageOptions } from './languageTask.ts';

export interface PatchTextOptions extends LanguageOptions {
  clean?: string;
  corrupted?: string;
  /** The right answer and the wrong one, with | between them. */
  answers: string;
}

/** Two texts as tokens, and the two answers. */
interface Twins {
  readonly clean: readonly number[];
  readonly corrupted: readonly number[];
  readonly right: number;
  readonly wrong: number;
}

/** What patching restored of the logit difference: the residual stream before each layer, position by position, and heads. */
export interface TextPatching {
  readonly tokens: readonly { readonly clean: string; readonly corrupted: string }[];
  readonly answers: { readonly right: string; readonly wrong: string };
  /** Logit of the right answer minus that of the wrong one after the last token. */
  readonly cleanLogitDiff: number;
  readonly corruptedLogitDiff: number;
  readonly layers: readonly PatchEffect[];
  readonly heads: readonly PatchEffect[];
  readonly doesNotApply: string | null;
}

/** `patch` on two texts: activation patching by layer and position, and by head, measured by the logit difference. */
export const patchTextCommand = (task: MeasuringTask<PatchTextOptions>, host: Host): Promise<void> => {
  const { target, options } = task;
  return analyseLanguage(task, host, {
    prepare: (tokenizer) => twinsOf(options, needTokenizer(target, tokenizer, '--answers')),
    analysis: (tokenizer, twins) => ({
      accept: (config) => checkLength(inFront(config, twins.clean), config, '--clean'),
      measure: (model, onProgress) => patchTexts(model, twins, { tokenizer: tokenizer as TextTokenizer, onProgress }),
      text: (record, _, columns) => patchedText(record, columns),
      figures: async (record, model) =>
        record.doesNotApply
          ? {}
          : (await import('../figures/languageFigures.ts')).textPatchingFigures(record, model.config),
    }),
  });
};

/** The texts and answers as tokens. Throws a CommandError for what cannot be compared. */
function twinsOf({ clean, corrupted, answers }: PatchTextOptions, tokenizer: TextTokenizer): Twins {
  if (clean === undefined || corrupted === undefined)
    throw badInput('--answers compares two texts; give them with --clean TEXT and --corrupted TEXT.');
  const named = answers.split('|');
  if (named.length !== 2 || named.includes(''))
    throw badInput(
      `--answers must be the right answer and the wrong one with | between them, as in " Mary| John", got ${quoted(answers)}.`,
    );
  for (const [option, text] of [
    ['--clean', clean],
    ['--corrupted', corrupted],
  ] as const)
    if (text.trim() === '') throw badInput(`${option} is empty; write a text in quotation marks.`);
  const [right, wrong] = named.map((answer) => answerOf(answer, clean, tokenizer)) as [number, number];
  if (right === wrong)
    throw badInput(`--answers names the token ${quoted(tokenizer.label(right))} twice; name a right and a wrong one.`);
  const twins = { clean: tokenizer.encode(clean), corrupted: tokenizer.encode(corrupted), right, wrong };
  refuseUnequal(twins, tokenizer);
  return twins;
}

/** An answer's token. */
function answerOf(answer: string, text: string, tokenizer: TextTokenizer): number {
  const tokens = tokenizer.continuation(text, answer);
  if (tokens.length === 1) return tokens[0] as number;
  const labels = tokens.map((token) => tokenizer.label(token)).join(' ');
  const spaced = /^\s/.test(answer) ? [] : tokenizer.continuation(text, ` ${answer}`);
  const remedy = spaced.length === 1 ? `write ${quoted(` ${answer}`)}` : 'choose one that is a single token';
  throw badInput(
    `The answer ${quoted(answer)} is ${tokens.length} tokens after the text (${printable(labels)}), and one is compared; ${remedy}.`,
  );
}

function refuseUnequal({ clean, corrupted }: Twins, tokenizer: TextTokenizer): void {
  const differs = Array.from({ length: Math.max(clean.length, corrupted.length) }, (_, i) => i).find(
    (i) => clean[i] !== corrupted[i],
  );
  if (differs === undefined)
    throw badInput('--clean and --corrupted are the same tokens; change what the answer hangs on.');
  if (clean.length === corrupted.length) return;
  const part = (tokens: readonly number[]): string =>
    tokens
      .slice(differs, differs + 5)
      .map((token) => tokenizer.label(token))
      .join(' ') || 'the end';
  throw badInput(
    `--clean has ${clean.length} tokens and --corrupted ${corrupted.length}, and patching needs as many; they differ from token ${differs} on: ${printable(part(clean))} against ${printable(part(corrupted))}.`,
  );
}

function patchTexts(
  model: Model,
  { clean, corrupted, right, wrong }: Twins,
  { tokenizer, onProgress }: { tokenizer: TextTokenizer; onProgress: Told },
): TextPatching {
  const [tokens, twin] = [inFront(model.config, clean), inFront(model.config, corrupted)];
  const prompts = [{ tokens, corrupted: twin, queries: [tokens.length - 1], answers: [right], wrong: [wrong] }];
  const patch = (hooks: string, byPosition: boolean, part: number): PatchingRecord =>
    activationPatching(model, prompts, {
      ...{ hooks, byPosition, measure: 'logit-diff' },
      onProgress: (done, total) => onProgress(part + done / total, 2),
    });
  const layers = patch('blocks.*.hook_resid_pre', true, 0);
  const heads = patch('blocks.*.attn.hook_z', false, 1);
  return {
    tokens: tokens.map((token, i) => ({
      clean: tokenizer.label(token),
      corrupted: tokenizer.label(twin[i] as number),
    })),
    answers: { right: tokenizer.label(right), wrong: tokenizer.label(wrong) },
    cleanLogitDiff: layers.cleanLoss.value,
    corruptedLogitDiff: layers.corruptedLoss.value,
    layers: layers.effects.filter(({ position }) => position !== null),
    heads: heads.effects,
    doesNotApply: layers.doesNotApply,
  };
}

/** Rows of a table. */
const SHOWN = 12;

function patchedText(record: TextPatching, columns: number): string[] {
  const { tokens, answers, cleanLogitDiff, corruptedLogitDiff, layers, heads, doesNotApply } = record;
  const changed = tokens.flatMap(({ clean, corrupted }, i) =>
    clean === corrupted ? [] : [`${i} ${clean} → ${corrupted}`],
  );
  const head = [
    ...wrapped(`Clean to corrupted: ${changed.join(', ')}.`, columns),
    ...wrapped(
      `Logit of ${answers.right} above ${answers.wrong} after the last token: clean ${signedNumber(cleanLogitDiff)}, corrupted ${signedNumber(corruptedLogitDiff)}.`,
      columns,
    ),
  ];
  if (cleanLogitDiff <= 0)
    head.push(
      ...wrapped(
        `On the clean text the model prefers ${answers.wrong}: what follows says how it moves, not how it gets it right.`,
        columns,
      ),
    );
  if (doesNotApply) return [...head, '', ...wrapped(doesNotApply, columns)];
  const strongest = <T extends PatchEffect>(effects: readonly T[]): T[] =>
    [...effects].sort((a, b) => Math.abs(b.effect.value) - Math.abs(a.effect.value)).slice(0, SHOWN);
  const rowsOf = (effects: readonly PatchEffect[]): string[][] =>
    strongest(effects).map(({ label, position, effect, control, attributed }) => [
      label,
      ...(position === null ? [] : [`${position} ${tokens[position]!.clean}`]),
      plainNumber(effect.value),
      ...(position === null ? [control === null ? NONE : plainNumber(control)] : []),
      attributed === null ? NONE : plainNumber(attributed),
    ]);
  return [
    ...head,
    '',
    'Residual stream before each layer, one position at a time:',
    ...explainedTable(TEXT_PATCH_LAYERS, rowsOf(layers), { columns, left: [1] }),
    '',
    'Heads, all positions at once:',
    ...explainedTable(TEXT_PATCH_HEADS, rowsOf(heads), { columns }),
    ...wrapped(
      `The ${SHOWN} largest of each; --json has all, --figures maps of them. One pair of texts has no interval.`,
      columns,
    ),
  ];
}
