// The figures of causal analysis: records of core turned into records of figures.
import {
  type AblationEffect,
  type AblationRecord,
  allHeads,
  type CircuitEvaluation,
  type CompositionRecord,
  type FactoredMatrix,
  headLabel,
  type PathTableRecord,
  type WeightCircuits,
} from '@induction-lab/core/node';
import { type EffectRow, type HeatmapPanel, type HeatmapsRecord, MOST_KINDS } from '@induction-lab/figures/node';
import { changeOf, measureWords } from '../terminal/measureWords.ts';
import { drawEffects, drawHeatmaps, edgeAxes, edgePanels, measured } from './charts.ts';
import type { Draw } from './drawing.ts';

/** Every head's and layer's ablation, the heads with their control beside them. */
export function ablationFigure(name: string, record: AblationRecord): Draw {
  const row = ({ label, increase, control }: AblationEffect): EffectRow => ({
    label,
    ...measured(increase),
    kind: 'ablated',
    ...(control && Number.isFinite(control.value) ? { points: [control.value] } : {}),
  });
  return drawEffects({
    title: `${name}: ${record.kind} ablation`,
    unit: changeOf(record),
    pointsLabel: 'control: mean of the other heads of the layer',
    intervalLabel: `95 % interval over ${record.sequences} sequences`,
    groups: [
      { title: 'one head', rows: record.heads.map(row) },
      { title: 'a whole layer', rows: record.layers.map(row) },
    ],
  });
}

/** Measured path effects, what attribution says of them, and composition scores: figures with the same cells. */
export function pathFigures(
  name: string,
  table: PathTableRecord,
  composition: CompositionRecord,
): Readonly<Record<string, Draw>> {
  if (table.cells.length === 0) return {};
  const intoHeads = table.cells.filter(({ input }) => input !== 'mlp'); // MLPs attend to nothing, and their weights do not compose
  const axes = { ...edgeAxes(table.cells), scale: 'diverging' as const };
  const carried: HeatmapsRecord = {
    ...axes,
    title: `${name}: what each path carries`,
    unit: changeOf(table, 'without it'),
    panels: edgePanels(table.cells, (cell) => cell.increase.value),
  };
  const attributed: HeatmapsRecord = {
    ...axes,
    title: `${name}: what gradients say of each path (attribution)`,
    unit: `first-order ${changeOf(table)}`,
    panels: edgePanels(table.cells, (cell) => cell.attributed?.value ?? Number.NaN),
  };
  const integrated: HeatmapsRecord = {
    ...axes,
    title: `${name}: what integrated gradients say of each path`,
    unit: `integrated ${changeOf(table)}`,
    panels: edgePanels(table.cells, (cell) => cell.integrated?.value ?? Number.NaN),
  };
  const stripe: HeatmapsRecord = {
    ...axes,
    title: `${name}: where the later head looks without each path`,
    unit: 'change of its attention to the token after the earlier copy',
    panels: edgePanels(intoHeads, (cell) => cell.stripeChange.value),
  };
  const { mean, deviation } = composition.baseline;
  const score = new Map(
    composition.scores.map(({ earlier, later, kind, corrected }) => [`${earlier} ${later} ${kind}`, corrected]),
  );
  const scores: HeatmapsRecord = {
    ...axes,
    title: `${name}: composition scores, from the weights alone`,
    unit: `above random matrices of the same shapes (${mean.toFixed(3)} ± ${deviation.toFixed(3)})`,
    panels: edgePanels(intoHeads, () => Number.NaN).map((panel) => ({
      ...panel,
      values: panel.rows.flatMap((earlier) =>
        panel.columns.map((later) => score.get(`${earlier} ${later} ${panel.title.toLowerCase()}`) ?? Number.NaN),
      ),
    })),
  };
  return {
    'path-effects': drawHeatmaps(carried),
    ...(table.cells.some((cell) => cell.attributed) ? { 'path-attribution': drawHeatmaps(attributed) } : {}),
    ...(table.integrationSteps === undefined ? {} : { 'path-integrated-gradients': drawHeatmaps(integrated) }),
    // Where no prompt has an earlier copy, there is no such place to look at.
    ...(table.cells.some(({ stripeChange }) => Number.isFinite(stripeChange.value))
      ? { 'path-stripes': drawHeatmaps(stripe) }
      : {}),
    composition: drawHeatmaps(scores),
  };
}

/** Vocabularies and contexts up to this are drawn whole: one cell for each pair of tokens, or of positions. */
const LARGEST_DRAWN = 1024;
/** Panels of a figure, and cells in all of them together, beyond which it takes megabytes and nobody looks. */
const MOST_PANELS = 16;
const MOST_CELLS = 8e6;

/** Full OV and QK circuits of all heads, and the positional QK circuit where positions are vectors. */
export function weightFigures(name: string, circuits: WeightCircuits): Readonly<Record<string, Draw>> {
  const { config } = circuits;
  const heads = allHeads(config);
  const panels = (circuit: (head: (typeof heads)[number]) => FactoredMatrix | null, size: number): HeatmapPanel[] => {
    const found = heads.flatMap((head) => {
      const factored = circuit(head);
      return factored ? [{ head, factored, norm: factored.norm() }] : [];
    });
    const most = Math.max(1, Math.min(MOST_PANELS, Math.floor(MOST_CELLS / (size * size))));
    const largest = new Set([...found].sort((a, b) => b.norm - a.norm).slice(0, most));
    const number = (_: unknown, i: number): string => String(i);
    return found
      .filter((one) => largest.has(one))
      .map(({ head, factored }) => {
        const matrix = factored.dense();
        return {
          title: headLabel(head.layer, head.head),
          rows: Array.from({ length: matrix.rows }, number),
          columns: Array.from({ length: matrix.columns }, number),
          values: matrix.to1DArray(),
        };
      });
  };
  const named = (title: string, shown: readonly HeatmapPanel[]): string =>
    `${name}: ${title}${shown.length < heads.length ? ` (the ${shown.length} of ${heads.length} heads with the largest ones)` : ''}`;
  const tokens = { scale: 'diverging' as const };
  const figures: Record<string, Draw> = {};
  if (config.dVocab <= LARGEST_DRAWN) {
    const ov = panels((head) => circuits.fullOV(head), config.dVocab);
    const qk = panels((head) => circuits.fullQK(head), config.dVocab);
    figures['full-ov'] = drawHeatmaps({
      ...tokens,
      title: named('full OV circuits, W_E W_V W_O W_U', ov),
      rowAxis: 'token attended to',
      columnAxis: 'token whose logit changes',
      unit: 'change of the logit',
      panels: ov,
    });
    figures['full-qk'] = drawHeatmaps({
      ...tokens,
      title: named('full QK circuits, W_E W_Q (W_E W_K)ᵀ', qk),
      rowAxis: 'query token',
      columnAxis: 'key token',
      unit: 'attention score before scaling',
      panels: qk,
    });
  }
  const positional = config.nCtx > LARGEST_DRAWN ? [] : panels((head) => circuits.positionalQK(head), config.nCtx);
  if (positional.length > 0)
    figures['positional-qk'] = drawHeatmaps({
      ...tokens,
      title: named('positional QK circuits, W_pos W_Q (W_pos W_K)ᵀ', positional),
      rowAxis: 'query position',
      columnAxis: 'key position',
      unit: 'attention score before scaling',
      panels: positional,
    });
  return figures;
}

/** Faithfulness against random circuits, and who writes the right token's logit. */
export function proofFigures(name: string, proof: CircuitEvaluation): Readonly<Record<string, Draw>> {
  const { parts } = proof.logits;
  const few = new Set(parts.map(({ layer }) => layer)).size <= MOST_KINDS;
  const kindOfPart = (layer: number | null): string =>
    layer === null ? 'not a head' : few ? `layer ${layer}` : 'a head';
  const figures: Record<string, Draw> = {
    logits: drawEffects({
      title: `${name}: who writes the right token’s logit`,
      unit: `logit of the right token above the ${proof.measure?.name === 'logit-diff' ? 'wrong one' : 'mean'}, written directly`,
      intervalLabel: `95 % interval over ${proof.logits.sequences} sequences`,
      groups: [
        {
          rows: parts.map(({ part, layer, logit }) => ({
            label: part,
            ...measured(logit),
            kind: kindOfPart(layer),
          })),
        },
      ],
    }),
  };
  const { faithfulness, random } = proof;
  if (!faithfulness) return figures;
  const row = (label: string, key: 'kept' | 'lost' | 'lostEdges', note: string): EffectRow[] => {
    const estimate = faithfulness[key];
    if (!estimate) return [];
    const points = random.map((r) => r[key]).filter((x): x is number => x !== null && Number.isFinite(x));
    return [{ label, note, ...measured(estimate), kind: 'the circuit', points }];
  };
  figures.faithfulness = drawEffects({
    title: `${name}: is the circuit all there is?`,
    unit: `share of the ${measureWords(proof, { repeats: proof.periods.length > 0 }).drop} that heads make`,
    intervalLabel: `95 % interval over ${proof.measured.sequences} sequences`,
    pointsLabel: `${random.length} random circuits of the same shape`,
    reference: [{ value: 1, label: 'all of it' }],
    groups: [
      {
        rows: [
          ...row('kept by the circuit', 'kept', 'all other heads and paths mean-ablated'),
          ...row('lost without its heads', 'lost', 'only they are mean-ablated'),
          ...row('lost without its edges', 'lostEdges', 'all heads stay'),
        ],
      },
    ],
  });
  return figures;
}
