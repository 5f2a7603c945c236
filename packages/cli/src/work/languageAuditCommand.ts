import {
  type Answer,
  type LanguageAudit,
  languageAudit,
  type RepeatRow,
  type TextTokenizer,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { needTokenizer } from '../files/findTokenizer.ts';
import { readText } from '../files/tokensFrom.ts';
import { FOLLOWING, REPEAT_LOSSES } from '../terminal/headings.ts';
import { explainedTable, intervalText, percent, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';
import { analyseLanguage, type LanguageOptions, vocabularyOf, vocabularyText } from './languageTask.ts';

export interface LanguageAuditOptions extends LanguageOptions {
  sequences?: number;
  /** A file of natural text. */
  text?: string;
}

type Audited = LanguageAudit & { readonly drawnFrom: string };

/** `audit` of a language model: behaviour, attention and cause, kept apart. */
export const languageAuditCommand = (task: MeasuringTask<LanguageAuditOptions>, host: Host): Promise<void> => {
  const { target, options } = task;
  const { text: file, seed, sequences } = options;
  return analyseLanguage(task, host, {
    prepare: (tokenizer) =>
      file === undefined ? null : needTokenizer(target, tokenizer, '--text').encode(readText(file)),
    analysis: (tokenizer, text) => ({
      measure: (model, onProgress): Audited => {
        const vocabulary = vocabularyOf(model, tokenizer, options);
        const asked = { tokens: vocabulary.tokens, seed, ...(sequences === undefined ? {} : { sequences }) };
        const record = languageAudit(model, { ...asked, ...(text ? { text } : {}), onProgress });
        return { ...record, drawnFrom: vocabularyText(vocabulary) };
      },
      text: (record, _, columns) => auditText(record, columns),
      json: (record) => withLabels(record, tokenizer),
      figures: async (record) => (await import('../figures/languageFigures.ts')).languageAuditFigures(record),
    }),
  });
};

/** The record with the text's tokens by their labels too. */
const withLabels = ({ inContext, ...record }: Audited, tokenizer: TextTokenizer | null): object => ({
  ...record,
  inContext: inContext && {
    ...inContext,
    texts: inContext.texts.map(({ tokens, losses }) => ({
      tokens,
      labels: tokens.map((token) => tokenizer?.label(token) ?? String(token)),
      losses,
    })),
  },
});

const SAID: Readonly<Record<Answer | 'not asked', string>> = {
  yes: 'yes',
  'in part': 'in part',
  no: 'no',
  'not asked': 'not asked',
};

function auditText(record: Audited, columns: number): string[] {
  const { behaviour, attention, cause, inContext, leftOut, sentence, sequences, drawnFrom } = record;
  const rows = [
    ...behaviour.repeats.map((row) => lossRow(String(row.period), row)),
    ...(behaviour.text ? [lossRow(`${behaviour.text.period}, text`, behaviour.text)] : []),
  ];
  const heads = [...attention.heads, ...attention.next].map((head) => [
    head.label,
    plainNumber(head.mean),
    ...head.excess.map(({ value }) => plainNumber(value)),
    ...(head.onText ? [plainNumber(head.onText.value)] : []),
  ]);
  const settings = behaviour.repeats.map(({ period, start }) => `P ${period}${start > 0 ? ` at ${start}` : ''}`);
  return [
    ...wrapped(`${drawnFrom} ${sequences} sequences of each kind.`, columns),
    '',
    `Behaviour: does the loss fall on a repeat? ${SAID[behaviour.answer]}`,
    ...wrapped(behaviour.says, columns),
    '',
    ...explainedTable(REPEAT_LOSSES, rows, { columns }),
    '',
    `Attention: do heads follow it? ${SAID[attention.answer]}`,
    ...wrapped(attention.says, columns),
    '',
    ...explainedTable(FOLLOWING([...settings, ...(behaviour.text ? ['text'] : [])]), heads, { columns }),
    '',
    `Cause: is the fall lost with these heads off? ${SAID[cause.answer]}`,
    ...wrapped(cause.says, columns),
    ...(inContext
      ? [
          '',
          ...wrapped(
            `In-context learning score on the text: ${signedNumber(inContext.score.value)} nats${inContext.sequences > 1 ? ` ${intervalText(inContext.score, (x) => signedNumber(x))}` : ''}, the loss at token ${inContext.late} minus that at token ${inContext.early}; ${inContext.sequences === 1 ? 'one piece' : `${inContext.sequences} pieces`} of ${inContext.length} tokens, ${plainNumber(inContext.loss.value)} nats a token.`,
            columns,
          ),
        ]
      : []),
    ...leftOut.flatMap((one) => ['', ...wrapped(`Left out: ${one}.`, columns)]),
    '',
    ...wrapped(`In short: ${sentence}`, columns),
  ];
}

const lossRow = (name: string, { start, first, repeat, control, fall }: RepeatRow): string[] => [
  name,
  String(start),
  ...[first, repeat, control].map(({ value }) => plainNumber(value)),
  percent(fall.value),
  intervalText(fall, percent),
];
