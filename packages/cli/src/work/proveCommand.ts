import { type ProofRecord, printable, prove } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { CIRCUIT_HEADS, faithfulnessColumns, INPUTS_ABLATED, LAYER_SHARES, LOGITS } from '../terminal/headings.ts';
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

export interface ProveCommandOptions extends AnalysisOptions {
  sequences: number;
}

/** `induction-lab prove`: which circuit does the work, and how much of it. */
export const proveCommand = (task: MeasuringTask<ProveCommandOptions>, host: Host): Promise<void> => {
  const { sequences, seed } = task.options;
  return analyse(task, host, {
    measure: (model, onProgress) => prove(model, { sequences, seed, onProgress }),
    text: (proof, _, columns) => proofText(proof, columns),
    figures: async (proof) => (await import('../figures/circuitFigures.ts')).proofFigures('model', proof),
  });
};

export function proofText(proof: ProofRecord, columns: number): string[] {
  const { measured, selected, logits } = proof;
  return [
    printable(proof.sentence),
    '',
    ...wrapped(
      `Loss on the repeat ${plainNumber(proof.loss.value, 3)} nats; with every head mean-ablated ${plainNumber(proof.lossWithoutHeads.value, 3)}. Periods ${proof.periods.join(', ')}.`,
      columns,
    ),
    `Chosen on ${selected.sequences} sequences, measured on ${measured.sequences} others.`,
    ...headLines(proof, columns),
    ...faithfulnessLines(proof, columns),
    '',
    'Who writes the right token’s logit:',
    '',
    ...explainedTable(
      LOGITS,
      [
        ...logits.parts.map(({ part, logit, loss }) => [part, ...estimateCells(logit), ...estimateCells(loss)]),
        ['sum', ...estimateCells(logits.total), '', ''],
      ],
      { columns },
    ),
    '',
    ...layerShares(proof, columns),
  ];
}

function layerShares({ logits }: ProofRecord, columns: number): string[] {
  if (logits.layerShares === null)
    return wrapped('The interval of the sum holds 0: of such a sum the layers have no shares.', columns);
  return explainedTable(
    LAYER_SHARES,
    logits.layerShares.map((share, layer) => [`layer ${layer}`, percent(share)]),
    { columns },
  );
}

function headLines({ heads, edges, inputs }: ProofRecord, columns: number): string[] {
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
    ...explainedTable(CIRCUIT_HEADS, rows, { left: [1], columns }),
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
      : ['', ...explainedTable(INPUTS_ABLATED, inputRows, { left: [3], columns })]),
  ];
}

function faithfulnessLines({ faithfulness, random, minimal }: ProofRecord, columns: number): string[] {
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
    ...explainedTable(faithfulnessColumns(random.length), rows, { columns }),
    ...(minimal ? wrapped(`The fewest heads: ${minimal.heads.join(', ')}.`, columns) : []),
  ];
}
