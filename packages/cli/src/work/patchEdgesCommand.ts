import { type PathPatchingRecord, pathPatching } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { patchedEdgeColumns } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { estimateCells, explainedTable, NONE, signedNumber, wrapped } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type Origin, type PatchedOn, type PatchedOnOptions, patchedHead } from './patchedOn.ts';

type Patched = Origin & PathPatchingRecord;

/** `induction-lab patch --edges`: path patching, what one head reads of another put from a clean run into a corrupted one. */
export const patchEdgesCommand = (
  task: MeasuringTask<AnalysisOptions & PatchedOnOptions>,
  host: Host,
  on: PatchedOn,
): Promise<void> => {
  const { measure } = task.options;
  return analyse(task, host, {
    measure: (model, onProgress): Patched => {
      const { pair, origin } = on.of(model);
      return { ...origin, ...pathPatching(model, pair, { ...(measure === undefined ? {} : { measure }), onProgress }) };
    },
    source: on.source,
    text: (record, _, columns) => edgesText(record, columns),
    figures: async (record) =>
      (await import('../figures/patchingFigures.ts')).edgePatchingFigures('model: what each edge restores', record),
  });
};

/** Edges that are printed: those that restore most; the figure has them all. */
const MOST_EDGES = 60;

function edgesText(record: Patched, columns: number): string[] {
  const head = patchedHead(record);
  if (record.doesNotApply) return [...head, ...wrapped(record.doesNotApply, columns)];
  const { edges, joint } = record;
  const size = ({ effect }: { effect: { value: number } }): number => Math.abs(effect.value);
  const told = new Set([...edges].sort((a, b) => size(b) - size(a)).slice(0, MOST_EDGES));
  const left = edges.length - told.size;
  const rows = joint.flatMap(({ target, input, effect }) => {
    const into = input === 'mlp' ? target : `${target} ${input.toUpperCase()}`;
    return [
      ...edges
        .filter((edge) => edge.target === target && edge.input === input && told.has(edge))
        .map((edge) => [`${edge.source} → ${into}`, ...estimateCells(edge.effect), signedNumber(edge.control)]),
      [`all → ${into}`, ...estimateCells(effect), NONE],
    ];
  });
  const { name } = measureWords(record, { repeats: false });
  return [
    ...head,
    ...explainedTable(patchedEdgeColumns(name), rows, { columns }),
    ...(left > 0
      ? wrapped(
          `Shown are the ${told.size} edges that restore most; ${left.toLocaleString('en')} more are in --json.`,
          columns,
        )
      : []),
  ];
}
