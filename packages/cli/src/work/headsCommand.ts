import { markShares } from '@induction-lab/core/internal';
import {
  type HeadMapRecord,
  headMap,
  MARKS,
  type MappedHead,
  type MapScore,
  type Model,
  type TextTokenizer,
  type Vocabulary,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { blameDetectors, readDetectors } from '../files/readDetectors.ts';
import { detectorColumns, HEAD_MAP, MAP_COLUMNS } from '../terminal/headings.ts';
import { explainedTable, intervalText, NONE, plainNumber, wrapped } from '../terminal/textTable.ts';
import { analyseLanguage, type LanguageOptions, vocabularyOf, vocabularyText } from './languageTask.ts';

export interface HeadsCommandOptions extends LanguageOptions {
  period?: number;
  sequences: number;
  top: number;
  /** A module with detectors of the user's. */
  detectors?: string;
}

type Mapped = HeadMapRecord & { readonly vocabulary: Vocabulary };

/** `induction-lab heads`: every head by every detector. */
export const headsCommand = async (task: MeasuringTask<HeadsCommandOptions>, host: Host): Promise<void> => {
  const { options } = task;
  const { detectors: file } = options;
  const own = file === undefined ? {} : { detectors: await readDetectors(file) };
  const { period, sequences, seed, top } = options;
  return analyseLanguage(task, host, {
    prepare: () => null,
    analysis: (tokenizer) => ({
      measure: (model, onProgress): Mapped => {
        const vocabulary = vocabularyOf(model, tokenizer, options);
        const asked = { tokens: vocabulary.tokens, sequences, seed, ...(period === undefined ? {} : { period }) };
        return blameDetectors(file, () => ({ ...headMap(model, { ...asked, ...own, onProgress }), vocabulary }));
      },
      text: (record, model, columns) => headsText(record, { model, tokenizer, columns, top }),
      json: ({ vocabulary: { tokens, leftOut }, ...record }) => ({
        ...record,
        vocabulary: { drawnFrom: tokens.length, ...leftOut },
      }),
      figures: async (record, model) =>
        (await import('../figures/languageFigures.ts')).headMapFigures(record, model.config),
    }),
  });
};

/** The scores of the table; content and first-token scores stand in JSON. */
const COLUMNS: readonly MapScore[] = [
  'inductionExcess',
  'inductionStripe',
  'prefixMatching',
  'previousToken',
  'duplicateToken',
];

function headsText(
  record: Mapped,
  { model, tokenizer, columns, top }: { model: Model; tokenizer: TextTokenizer | null; columns: number; top: number },
): string[] {
  const { losses, marked, period, sequences, chance, detectors: own = [] } = record;
  const nats = ({ value }: { value: number }): string => plainNumber(value);
  const { bos } = model.config;
  const start =
    bos === undefined
      ? tokenizer
        ? 'No start token in front, as the tokenizer has none.'
        : 'No start token in front: no tokenizer tells of one; --bos names it.'
      : `In front stands the start token ${bos}${tokenizer ? ` (${tokenizer.label(bos)})` : ''}.`;
  const rows = [
    [
      'chance',
      '',
      ...COLUMNS.flatMap((name) => [plainNumber(chance[name]), NONE]),
      ...own.flatMap((one) => [plainNumber(one.chance), plainNumber(one.chance)]),
    ],
    ...shownHeads(record, top).map((head) => [
      head.label,
      MARKS.filter((mark) => marked[mark].includes(head.label)).join(', ') || NONE,
      ...COLUMNS.flatMap((name) => [plainNumber(head[name].value), intervalText(head[name], (x) => plainNumber(x))]),
      ...own.flatMap(({ name }) => {
        const { score, control } = head.detectors![name]!;
        return [plainNumber(score.value), control ? plainNumber(control.value) : NONE];
      }),
    ]),
  ];
  return [
    ...wrapped(`${vocabularyText(record.vocabulary)} ${start}`, columns),
    ...wrapped(
      `${sequences} sequences: a block of ${period} random tokens twice, its control with another first block, and a block four times. Loss ${nats(losses.first)} nats on the first copy, ${nats(losses.repeat)} on the second; the same tokens behind another block ${nats(losses.control)}.`,
      columns,
    ),
    '',
    ...MARKS.flatMap((mark) => wrapped(`${headsNamed(mark)}: ${namesOf(record, mark)}.`, columns)),
    '',
    ...explainedTable([...HEAD_MAP(COLUMNS.map((name) => MAP_COLUMNS[name])), ...own.flatMap(detectorColumns)], rows, {
      columns,
      names: 2,
      groups: 2,
    }),
    `The ${rows.length - 1} most marked of ${record.heads.length} heads; --json has all, --figures a map of them.`,
  ];
}

const headsNamed = (mark: (typeof MARKS)[number]): string => `${mark[0]!.toUpperCase()}${mark.slice(1)} heads`;

function namesOf({ marked, heads, chance }: HeadMapRecord, mark: (typeof MARKS)[number]): string {
  const { of, above } = markShares[mark];
  const share = (head: MappedHead): string => plainNumber(of(head, chance));
  if (marked[mark].length > 0)
    return marked[mark].map((label) => `${label} ${share(heads.find((head) => head.label === label)!)}`).join(', ');
  const best = heads.reduce((a, b) => (of(b, chance) > of(a, chance) ? b : a));
  return `none above ${above}; the most has ${best.label}, ${share(best)}`;
}

/** The heads with most of each mark, in turn, so that each kind is shown. */
function shownHeads({ heads, chance }: HeadMapRecord, top: number): MappedHead[] {
  const orders = MARKS.map((mark) =>
    [...heads].sort((a, b) => markShares[mark].of(b, chance) - markShares[mark].of(a, chance)),
  );
  const shown = new Set<MappedHead>();
  for (let i = 0; i < heads.length && shown.size < top; i++)
    for (const order of orders) if (shown.size < top) shown.add(order[i]!);
  const byInduction = orders[0]!;
  return byInduction.filter((head) => shown.has(head));
}
