// The figures of patching: activations, and edges between heads.
import type { PatchingRecord, PathPatchingRecord } from '@induction-lab/core/node';
import { drawEffects, drawHeatmaps, edgeAxes, edgePanels, measured } from './charts.ts';
import type { Draw } from './drawing.ts';

/** What patching restores: a bar for each head or layer, and a heatmap by position where positions were patched alone. */
export function patchingFigures(title: string, record: PatchingRecord): Readonly<Record<string, Draw>> {
  const hooks = [...new Set(record.effects.map(({ hook }) => hook))];
  const whole = record.effects.filter(({ position }) => position === null);
  const figures: Record<string, Draw> = {
    patching: drawEffects({
      title,
      unit: 'share of the corruption undone',
      intervalLabel: `95 % interval over ${record.sequences} sequences`,
      pointsLabel: 'control: mean of the other heads of the layer',
      reference: [{ value: 1, label: 'as clean' }],
      groups: hooks.map((hook) => ({
        title: hook,
        rows: whole
          .filter((effect) => effect.hook === hook)
          .map(({ label, effect, control }) => ({
            label,
            ...measured(effect),
            kind: 'patched',
            ...(control === null || !Number.isFinite(control) ? {} : { points: [control] }),
          })),
      })),
    }),
  };
  const alone = record.effects.filter(({ position }) => position !== null);
  if (alone.length === 0) return figures;
  const positions = [...new Set(alone.map(({ position }) => position as number))];
  const rows = [...new Map(alone.map(({ hook, label }) => [`${hook} ${label}`, { hook, label }])).values()];
  figures['patching-by-position'] = drawHeatmaps({
    title: `${title}, position by position`,
    rowAxis: 'patched',
    columnAxis: 'position',
    unit: 'share of the corruption undone',
    scale: 'diverging',
    panels: kindsOf(hooks).map((kind) => {
      const chosen = rows.filter(({ hook }) => kindOf(hook) === kind);
      return {
        title: kind,
        rows: chosen.map(({ label }) => label),
        columns: positions.map(String),
        values: chosen.flatMap(({ hook, label }) =>
          positions.map(
            (p) => alone.find((e) => e.hook === hook && e.label === label && e.position === p)!.effect.value,
          ),
        ),
      };
    }),
  });
  return figures;
}

/** The hook's name without its layer. */
const kindOf = (hook: string): string => hook.replace(/^blocks\.\d+\./, '');
const kindsOf = (hooks: readonly string[]): string[] => [...new Set(hooks.map(kindOf))];

/** What each edge restores, K, Q and V beside each other. */
export function edgePatchingFigures(title: string, record: PathPatchingRecord): Readonly<Record<string, Draw>> {
  if (record.doesNotApply) return {};
  return {
    'path-patching': drawHeatmaps({
      title,
      ...edgeAxes(record.edges),
      unit: 'share of the corruption undone',
      scale: 'diverging',
      panels: edgePanels(record.edges, ({ effect }) => effect.value),
    }),
  };
}
