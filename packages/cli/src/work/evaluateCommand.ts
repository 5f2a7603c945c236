import { printable } from '@induction-lab/core/internal/printable';
import { type CircuitEvaluation, evaluateCircuit } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { findTokenizer } from '../files/findTokenizer.ts';
import {
  circuitHeadColumns,
  faithfulnessColumns,
  inputsAblatedColumns,
  LAYER_SHARES,
  logitColumns,
} from '../terminal/headings.ts';
import { type MeasureWords, measureWords } from '../terminal/measureWords.ts';
import {
  estimateCells,
  explainedTable,
  NONE,
  percent,
  percentInterval,
  percentRange,
  plainNumber,
  signedNumber,
  wrapped,
} from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

export interface EvaluateCommandOptions extends AnalysisOptions, MeasuredOnOptions {
  seed: number;
  tokenizer?: string;
  candidates?: number;
}

/** `induction-lab evaluate`, or `prove`: which circuit does the work, and how much of it. */
export const evaluateCommand = async (task: MeasuringTask<EvaluateCommandOptions>, host: Host): Promise<void> => {
  const { seed, prompts, candidates, measure } = task.options;
  if (prompts === undefined && (await findTokenizer(task.target, task.options)) !== null) {
    if (measure !== undefined)
      throw badInput(
        '--measure has no effect on a language model without --prompts: the loss on repeats is measured; leave it out.',
      );
    return (await import('./screeningCommand.ts')).screeningCommand(task, host);
  }
  if (candidates !== undefined)
    throw badInput(
      `--candidates is for language models, and there is no tokenizer.json beside ${printable(task.target)}; name one with --tokenizer FILE, or leave it out.`,
    );
  const on = measuredOn(task.options);
  return analyse(task, host, {
    measure: (model, onProgress) => evaluateCircuit(model, { ...on.of(model), seed, onProgress }),
    source: on.source,
    text: (evaluation, _, columns) => evaluationText(evaluation, columns),
    figures: async (evaluation) => (await import('../figures/circuitFigures.ts')).proofFigures('model', evaluation),
  });
};

export function evaluationText(evaluation: CircuitEvaluation, columns: number): string[] {
  const { measured, selected, logits, periods, loss, lossWithoutHeads } = evaluation;
  const words = measureWords(evaluation, { repeats: periods.length > 0 });
  const short = evaluation.measure?.name ?? 'loss';
  const on = periods.length > 0 ? ` Periods ${periods.join(', ')}.` : '';
  return [
    printable(evaluation.sentence),
    '',
    ...wrapped(
      `${words.name[0]!.toUpperCase()}${words.name.slice(1)} ${plainNumber(loss.value, 3)} ${words.unit}; with every head mean-ablated ${plainNumber(lossWithoutHeads.value, 3)}.${on}`,
      columns,
    ),
    `Chosen on ${selected.sequences} sequences, measured on ${measured.sequences} others.`,
    ...headLines(evaluation, { columns, words }),
    ...faithfulnessLines(evaluation, { columns, words }),
    '',
    'Who writes the right token’s logit:',
    '',
    ...explainedTable(
      logitColumns(short, words),
      [
        ...logits.parts.map(({ part, logit, loss }) => [part, ...estimateCells(logit), ...estimateCells(loss)]),
        ['sum', ...estimateCells(logits.total), '', ''],
      ],
      { columns },
    ),
    '',
    ...layerShares(evaluation, columns),
  ];
}

function layerShares({ logits }: CircuitEvaluation, columns: number): string[] {
  if (logits.layerShares === null)
    return wrapped('The interval of the sum holds 0: of such a sum the layers have no shares.', columns);
  return explainedTable(
    LAYER_SHARES,
    logits.layerShares.map((share, layer) => [`layer ${layer}`, percent(share)]),
    { columns },
  );
}

/** Where it is printed, and what was measured. */
interface Told {
  readonly columns: number;
  readonly words: MeasureWords;
}

function headLines({ heads, edges, inputs }: CircuitEvaluation, { columns, words }: Told): string[] {
  if (heads.length === 0) return [];
  const rows = heads.map((h) => [
    h.label,
    h.role,
    plainNumber(h.previousToken),
    plainNumber(h.inductionExcess),
    ...estimateCells(h.ablation),
    signedNumber(h.control?.value),
  ]);
  const inputRows = inputs.map(({ input, increase, claimed }) => [
    input.toUpperCase(),
    ...estimateCells(increase),
    claimed ? 'part of the circuit' : 'not part of it',
  ]);
  return [
    '',
    ...explainedTable(circuitHeadColumns(words), rows, { left: [1], columns }),
    ...(edges.length === 0
      ? []
      : [
          '',
          ...wrapped(
            `Edges: ${edges.map((e) => `${e.source} → ${e.target} ${e.input.toUpperCase()}`).join(', ')}`,
            columns,
          ),
        ]),
    ...(inputs.length === 0
      ? ['', 'One layer: no paths between heads.']
      : ['', ...explainedTable(inputsAblatedColumns(words), inputRows, { left: [3], columns })]),
  ];
}

function faithfulnessLines({ faithfulness, random, minimal }: CircuitEvaluation, { columns, words }: Told): string[] {
  const rows: string[][] = [];
  const range = (key: 'kept' | 'lost' | 'lostEdges'): string => percentRange(random.map((r) => r[key]));
  if (faithfulness) {
    const { keptByHeads, kept, lost, lostEdges } = faithfulness;
    rows.push(['kept by its heads, all paths', percent(keptByHeads.value), percentInterval(keptByHeads), NONE]);
    rows.push(['kept by its heads and edges', percent(kept.value), percentInterval(kept), range('kept')]);
    rows.push(['lost without its heads', percent(lost.value), percentInterval(lost), range('lost')]);
    if (lostEdges)
      rows.push(['lost without its edges', percent(lostEdges.value), percentInterval(lostEdges), range('lostEdges')]);
  }
  if (minimal)
    rows.push(['kept by the fewest heads', percent(minimal.kept.value), percentInterval(minimal.kept), NONE]);
  if (rows.length === 0) return [];
  return [
    '',
    ...explainedTable(faithfulnessColumns(random.length, words), rows, { columns }),
    ...(minimal ? wrapped(`The fewest heads: ${minimal.heads.join(', ')}.`, columns) : []),
    ...wrapped('What the circuit keeps is its faithfulness, what is lost without it its completeness.', columns),
  ];
}
