import { type ProofRecord, prove } from '@induction-lab/core/node';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { estimateCells, percent, percentInterval, signedNumber, textTable } from './textTable.ts';

export interface ProveCommandOptions extends AnalysisOptions {
  sequences: number;
}

/** `induction-lab prove`: which circuit does the work, and how much of it. */
export const proveCommand = (checkpoint: string, options: ProveCommandOptions): Promise<void> =>
  analyse(checkpoint, options, {
    measure: (model) => prove(model, options),
    text: proofText,
    figures: async (proof) => (await import('./circuitFigures.ts')).proofFigures('model', proof),
  });

export function proofText(proof: ProofRecord): string[] {
  const { measured, selected } = proof;
  return [
    proof.sentence,
    '',
    `Loss on the repeat ${proof.loss.value.toFixed(3)} nats; with every head mean-ablated ${proof.lossWithoutHeads.value.toFixed(3)}. Periods ${proof.periods.join(', ')}.`,
    `Chosen on ${selected.sequences} sequences, measured on ${measured.sequences} others.`,
    ...headLines(proof),
    ...faithfulnessLines(proof),
    '',
    'Who writes the right token’s logit, directly (above the mean over the vocabulary), and the loss without that:',
    '',
    ...textTable([
      ['', 'logit', '95 % interval', 'increase, nats', '95 % interval'],
      ...proof.logits.parts.map(({ part, logit, loss }) => [part, ...estimateCells(logit), ...estimateCells(loss)]),
      ['sum', ...estimateCells(proof.logits.total), '', ''],
      ...(proof.logits.layerShares ?? []).map((share, layer) => [
        `layer ${layer}`,
        percent(share),
        'of the sum',
        '',
        '',
      ]),
    ]),
  ];
}

function headLines({ heads, edges, inputs }: ProofRecord): string[] {
  if (heads.length === 0) return [];
  const rows = heads.map((h) => [
    h.label,
    h.role,
    h.previousToken.toFixed(2),
    h.inductionExcess.toFixed(2),
    ...estimateCells(h.ablation),
    h.control === null ? '–' : signedNumber(h.control.value),
  ]);
  const inputRows = inputs.map(({ input, increase, claimed }) => [
    input.toUpperCase(),
    ...estimateCells(increase),
    claimed ? 'part of the circuit' : 'not part of it',
  ]);
  return [
    '',
    ...textTable(
      [
        ['head', 'role', 'previous-token', 'follows the period', 'mean-ablated, nats', '95 % interval', 'control'],
        ...rows,
      ],
      { left: [1] },
    ),
    ...(edges.length === 0
      ? []
      : ['', `Edges: ${edges.map((e) => `${e.source} → ${e.target} ${e.input.toUpperCase()}`).join(', ')}`]),
    ...(inputs.length === 0
      ? ['', 'One layer: no paths between heads.']
      : [
          '',
          'All earlier layers cut out of the readers’ inputs:',
          ...textTable([['input', 'increase, nats', '95 % interval', ''], ...inputRows], { left: [3] }),
        ]),
  ];
}

function faithfulnessLines({ faithfulness, random, minimal }: ProofRecord): string[] {
  const rows: string[][] = [];
  const range = (key: 'kept' | 'lost' | 'lostEdges'): string => {
    const values = random.map((r) => r[key]).filter((x): x is number => x !== null);
    return values.length === 0 ? '–' : `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
  };
  if (faithfulness) {
    const { keptByHeads, kept, lost, lostEdges } = faithfulness;
    rows.push([
      'kept by its heads, all paths between them',
      percent(keptByHeads.value),
      percentInterval(keptByHeads),
      '–',
    ]);
    rows.push(['kept by its heads and edges alone', percent(kept.value), percentInterval(kept), range('kept')]);
    rows.push(['lost without its heads', percent(lost.value), percentInterval(lost), range('lost')]);
    if (lostEdges)
      rows.push(['lost without its edges', percent(lostEdges.value), percentInterval(lostEdges), range('lostEdges')]);
  }
  if (minimal)
    rows.push([
      `kept by the fewest heads (${minimal.heads.join(', ')})`,
      percent(minimal.kept.value),
      percentInterval(minimal.kept),
      '–',
    ]);
  if (rows.length === 0) return [];
  return [
    '',
    ...textTable([['of the loss drop', 'share', '95 % interval', `${random.length} random circuits`], ...rows]),
  ];
}
