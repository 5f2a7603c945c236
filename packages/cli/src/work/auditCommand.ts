import { dirname, resolve } from 'node:path';
import { heldOutOf } from '@induction-lab/core/internal';
import { listed } from '@induction-lab/core/internal/names';
import { printable } from '@induction-lab/core/internal/printable';
import {
  type AuditRecord,
  audit,
  type Estimate,
  type HeadScores,
  type HeldOut,
  type HeldOutRecord,
  type MeasureName,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { auditJson } from '../files/auditJson.ts';
import { findTokenizer } from '../files/findTokenizer.ts';
import { blameDetectors, readDetectors } from '../files/readDetectors.ts';
import { RunFolder } from '../runs/runFolder.ts';
import { AUDIT, AUDIT_NOTE, detectorColumns, SCORE_COLUMNS, type ScoreColumn } from '../terminal/headings.ts';
import { explainedTable, intervalText, NONE, plainNumber, signedNumber } from '../terminal/textTable.ts';
import { weightsTable } from '../terminal/weightsTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { scoresOnPrompts } from './scoresOnPrompts.ts';

/** "run", or values of one kind. */
export type HeldOutOption =
  | 'run'
  | { readonly kind: 'periods' | 'starts' | 'tokens'; readonly values: readonly number[] };

export interface AuditCommandOptions extends AnalysisOptions {
  csv?: boolean;
  sequences?: number;
  seed: number;
  prompts?: string;
  measure?: MeasureName;
  heldOut?: readonly HeldOutOption[];
  detectors?: string;
  tokenizer?: string;
  /** A file of natural text. */
  text?: string;
}

/** `induction-lab audit`: scores and verdict of a checkpoint. */
export const auditCommand = async (task: MeasuringTask<AuditCommandOptions>, host: Host): Promise<void> => {
  const { sequences, seed, csv = false, heldOut: given, detectors: file, prompts, measure } = task.options;
  if (prompts !== undefined) return scoresOnPrompts(task, host);
  if (task.options.text !== undefined || (await findTokenizer(task.target, task.options)) !== null) {
    refuseOfLanguage(task.options);
    return (await import('./languageAuditCommand.ts')).languageAuditCommand(task, host);
  }
  if (measure !== undefined)
    throw badInput('--measure has no effect without --prompts: the verdict rests on the loss; leave it out.');
  const detectors = file === undefined ? undefined : await readDetectors(file);
  return analyse(task, host, {
    measure: (model, onProgress) => {
      const heldOut = given === undefined ? undefined : heldOutFrom(given, task.target);
      const many = sequences === undefined ? {} : { sequences };
      const options = { ...many, seed, onProgress, ...(detectors ? { detectors } : {}) };
      return blameDetectors(file, () => audit(model, { ...options, ...(heldOut ? { heldOut } : {}) }));
    },
    text: (record, model, columns) => auditText(record, { columns, nCtx: model.config.nCtx }),
    json: auditJson,
    ...(csv ? { plain: scoresCsv } : {}),
    figures: async (record, model) => (await import('../figures/modelFigures.ts')).auditFigures(model, record),
  });
};

/** Throws a CommandError for options that say nothing of a language model, which has no map of places. */
function refuseOfLanguage({ csv, heldOut, prefix, excludeTokens, detectors, measure }: AuditCommandOptions): void {
  const given = { csv, 'held-out': heldOut, prefix, 'exclude-tokens': excludeTokens, detectors, measure };
  const named = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (named !== undefined)
    throw badInput(
      `--${named} has no effect on a model with a tokenizer, which is audited as a language model; leave it out.`,
    );
}

/** What the options name, and besides what the run of a checkpoint held out where they say so. */
function heldOutFrom(given: readonly HeldOutOption[], checkpoint: string): HeldOut {
  const all: Partial<Record<'periods' | 'starts' | 'tokens', readonly number[]>> = {};
  for (const one of given) if (one !== 'run') all[one.kind] = [...(all[one.kind] ?? []), ...one.values];
  if (!given.includes('run')) return all;
  for (const [kind, values] of Object.entries(heldOutByRun(checkpoint)) as [keyof HeldOut, number[]][])
    all[kind] = [...(all[kind] ?? []), ...values.filter((value) => !all[kind]?.includes(value))];
  return all;
}

function heldOutByRun(checkpoint: string): HeldOut {
  const folder = new RunFolder(dirname(dirname(resolve(checkpoint))));
  const heldOut = heldOutOf(folder.readInfo().experiment.task);
  if (Object.keys(heldOut).length === 0)
    throw badInput(`${folder.path}: the task of this run holds nothing out; leave out --held-out run.`);
  return heldOut;
}

const columnNames = Object.keys(SCORE_COLUMNS) as ScoreColumn[];

const csvText = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A row per head; cells of numbers that there are none of are empty. */
export function scoresCsv({ scores }: AuditRecord): string {
  const { detectors: own = [] } = scores;
  const number = (x: number): string => (Number.isFinite(x) ? String(x) : '');
  const cells = ({ value, interval, n }: Estimate): string[] =>
    [value, ...(n > 1 ? interval : [Number.NaN, Number.NaN])].map(number);
  const header = [
    'head',
    ...columnNames.flatMap((c) => [c, `${c}_low`, `${c}_high`]),
    'offset',
    'offsetAboveChance',
    'positionality',
    ...own.flatMap(({ name }) => ['', '_low', '_high', '_control'].map((end) => csvText(`${name}${end}`))),
  ];
  const row = (h: HeadScores): string =>
    [
      h.label,
      ...columnNames.flatMap((c) => cells(h[c])),
      number(h.positionalOffset.offset),
      number(h.positionalOffset.aboveChance),
      number(h.positionality),
      ...own.flatMap(({ name }) => {
        const { score, control } = h.detectors![name]!;
        return [...cells(score), control ? number(control.value) : ''];
      }),
    ].join(',');
  return `${[header.join(','), ...scores.heads.map(row)].join('\n')}\n`;
}

/** Losses on what training never showed. */
function heldOutText(heldOut: HeldOutRecord | undefined, interval: (e: Estimate) => string): string[] {
  if (heldOut === undefined) return [];
  const { periods, starts, tokens, sequences } = heldOut;
  return [
    '',
    `Held out of training, nats with 95 % interval (${sequences} sequences each):`,
    ...periods.map((p) => `  period ${p.period}: ${interval(p.lossRepeat)} on the repeat`),
    ...starts.map((s) => `  start ${s.start}: ${interval(s.lossRepeat)} on the repeat of a block of ${s.period}`),
    ...(tokens === null
      ? []
      : [
          `  tokens ${listed(tokens.tokens.map(String), 8)}, in blocks of ${tokens.period}: ${interval(tokens.lossAtMatch)} where one is to be found again, ${interval(tokens.lossAtCopy)} where one is to be copied`,
        ]),
  ];
}

/** What the weights say, of a context that is too short for all that is measured otherwise. */
function weightsText({ weights = [] }: AuditRecord, columns: number): string[] {
  if (weights.length === 0) return [];
  return ['', 'What the weights say of each head, whatever the context:', '', ...weightsTable(weights, columns)];
}

/** What a terminal shows of an audit. */
export function auditText(record: AuditRecord, { columns, nCtx }: { columns: number; nCtx: number }): string[] {
  const { scores, evidence } = record;
  const { detectors: own = [] } = scores;
  const rows = [
    [
      ...['chance', ...columnNames.map((c) => plainNumber(scores.chance[c])), '', '0.00', ''],
      ...own.flatMap(({ chance }) => [plainNumber(chance), plainNumber(chance)]),
    ],
    ...scores.heads.map((h) => [
      h.label,
      ...columnNames.map((c) => plainNumber(h[c].value)),
      Number.isNaN(h.positionalOffset.offset) ? NONE : String(h.positionalOffset.offset),
      plainNumber(h.positionalOffset.aboveChance),
      plainNumber(h.positionality),
      ...own.flatMap(({ name }) => {
        const { score, control } = h.detectors![name]!;
        return [plainNumber(score.value), control ? plainNumber(control.value) : NONE];
      }),
    ]),
  ];
  const interval = (e: Estimate): string => `${plainNumber(e.value, 3)} ${intervalText(e, (x) => plainNumber(x, 3))}`;
  const periods = evidence.periods.map(
    (p) =>
      `  ${String(p.period).padStart(4)}  ${interval(p.lossRepeat).padEnd(24)} boundary ${plainNumber(p.lossBoundary)}${p.solved ? '  solved' : ''}`,
  );
  return [
    ...explainedTable([...AUDIT, ...own.flatMap(detectorColumns)], rows, { columns }),
    AUDIT_NOTE,
    ...(scores.length < nCtx
      ? [`The context of ${nCtx} is too long for its patterns: sequences of at most ${scores.length} tokens were run.`]
      : []),
    ...(periods.length === 0
      ? []
      : [
          '',
          `Loss on the repeat by period, nats with 95 % interval (${evidence.sequences} sequences each; solved below ${plainNumber(evidence.solvedBelow)}; boundary: the loss where only a model that knows the period can tell):`,
          ...periods,
          `  mean over the periods unrelated to the best one: ${plainNumber(evidence.otherPeriodLoss)}`,
        ]),
    ...(evidence.paths.length > 0
      ? ['', `Paths from earlier layers ablated at periods ${evidence.pathPeriods.join(', ')}:`]
      : []),
    ...evidence.paths.map(
      (p) =>
        `  ${p.path.toUpperCase()}  ${signedNumber(p.increase.value)} nats ${intervalText(p.increase, (x) => signedNumber(x))}${p.excess === null ? '' : `, attention that follows the period ${plainNumber(p.excess)}`}`,
    ),
    ...(evidence.keySources.length > 0
      ? [
          `  keys built by ${evidence.keySources.map((s) => `${s.label} ${signedNumber(s.increase.value)}`).join(', ')} nats`,
        ]
      : []),
    ...weightsText(record, columns),
    ...heldOutText(record.heldOut, interval),
    '',
    `Not tested: ${printable(record.untested.join('; '))}.`,
    '',
    `Verdict: ${record.verdict}${evidence.close ? ' (a close call)' : ''}`,
    printable(record.sentence),
  ];
}
