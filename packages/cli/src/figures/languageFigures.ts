// The figures of language models: the map of heads, and a text that was read.
import type {
  HeadMapRecord,
  LanguageAudit,
  ModelConfig,
  PatchEffect,
  PromptReading,
  ScreeningRecord,
} from '@induction-lab/core/node';
import { type HeadMapChartRecord, headMapChart } from '@induction-lab/figures/node';
import { drawEffects, drawHeatmaps, measured } from './charts.ts';
import { type Draw, figureOptions } from './drawing.ts';

/** A map of layers by heads for each score. */
export function headMapFigures(
  { heads, chance, marked, period, sequences }: HeadMapRecord,
  { nLayers, nHeads }: Pick<ModelConfig, 'nLayers' | 'nHeads'>,
): Readonly<Record<string, Draw>> {
  const indices = (labels: readonly string[]): number[] =>
    labels.map((label) => heads.findIndex((head) => head.label === label));
  const panel = (
    title: string,
    {
      hue,
      score,
      mark,
    }: {
      hue: HeadMapChartRecord['panels'][number]['hue'];
      score: keyof HeadMapRecord['chance'];
      mark?: keyof typeof marked;
    },
  ): HeadMapChartRecord['panels'][number] => ({
    ...{ title, hue, chance: chance[score] },
    values: heads.map((head) => head[score].value),
    ...(mark ? { marked: indices(marked[mark]) } : {}),
  });
  const record: HeadMapChartRecord = {
    title: `Share of attention by head: random tokens, period ${period}, ${sequences} sequences`,
    layers: nLayers,
    heads: nHeads,
    panels: [
      panel('induction (excess)', {
        hue: 'blue',
        score: 'inductionExcess',
        mark: 'induction',
      }),
      panel('previous token', { hue: 'orange', score: 'previousToken', mark: 'previous-token' }),
      panel('duplicate token', { hue: 'green', score: 'duplicateToken', mark: 'duplicate-token' }),
      panel('first token', { hue: 'purple', score: 'firstToken' }),
    ],
  };
  return { 'head-map': (theme, width) => headMapChart(record, figureOptions(theme, width)) };
}

/** What is drawn of a reading. */
type Read = PromptReading & { readonly labels: ReadonlyMap<number, string> };

/** Writers and tokens that are drawn. */
const WRITERS = 20;
const TOKENS = 120;

/** What each token costs, with the heads and without; and who writes the copied tokens' logits. */
export function readingFigures({ positions, labels, attribution, without }: Read): Readonly<Record<string, Draw>> {
  const costs = positions.filter(({ loss }) => loss !== null);
  const some = costs.length > TOKENS ? ` (the first ${TOKENS} of ${costs.length})` : '';
  const tokens = drawEffects({
    title: `What each token costs${without ? `, and with ${without.heads.join(', ')} off` : ''}${some}`,
    unit: 'loss of the token (nats)',
    ...(without ? { pointsLabel: `with ${without.heads.join(', ')} off` } : {}),
    groups: [
      {
        rows: costs.slice(0, TOKENS).map(({ position, token, loss, lossWithout }) => ({
          label: `${position} ${labels.get(token)}`,
          value: loss,
          kind: 'as the model is',
          ...(without && lossWithout !== null ? { points: [lossWithout] } : {}),
        })),
      },
    ],
  });
  const { parts, logits } = attribution;
  const written = parts
    .map(({ part, layer }, w) => ({
      label: part,
      value: logits.reduce((sum, one) => sum + one.written[w]! / logits.length, 0),
      kind: layer === null ? 'not a head' : 'a head',
      each: logits.map((one) => one.written[w]!),
    }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, WRITERS);
  const writers = drawEffects({
    title: 'What the predictions owe to whom',
    unit: 'logit above the mean over the vocabulary, written directly',
    ...(logits.length > 1 ? { pointsLabel: 'each predicted token' } : {}),
    groups: [{ rows: written.map(({ each, ...row }) => ({ ...row, ...(logits.length > 1 ? { points: each } : {}) })) }],
  });
  return { tokens, attribution: writers };
}

/** What patching one text into another restores: by layer and position, and by head. */
export function textPatchingFigures(
  {
    tokens,
    answers,
    layers,
    heads,
  }: {
    readonly tokens: readonly { readonly clean: string }[];
    readonly answers: { readonly right: string; readonly wrong: string };
    readonly layers: readonly PatchEffect[];
    readonly heads: readonly PatchEffect[];
  },
  { nLayers, nHeads }: Pick<ModelConfig, 'nLayers' | 'nHeads'>,
): Readonly<Record<string, Draw>> {
  const unit = `share of the logit difference ${answers.right} above ${answers.wrong} that is restored`;
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
  const values = (effects: readonly PatchEffect[]): number[] => effects.map(({ effect }) => effect.value);
  return {
    'patching-by-layer': drawHeatmaps({
      ...{ title: 'Patching the residual stream, position by position', unit, scale: 'diverging' },
      ...{ rowAxis: 'before layer', columnAxis: 'position' },
      panels: [
        {
          title: 'residual stream',
          rows: numbers(nLayers),
          columns: tokens.map(({ clean }, i) => `${i} ${clean}`),
          values: values(layers),
        },
      ],
    }),
    'patching-by-head': drawHeatmaps({
      ...{ title: 'Patching heads, all positions at once', unit, scale: 'diverging' },
      ...{ rowAxis: 'layer', columnAxis: 'head' },
      panels: [{ title: 'heads (z)', rows: numbers(nLayers), columns: numbers(nHeads), values: values(heads) }],
    }),
  };
}

/** Losses where something repeats, and what is lost with the heads that follow off. */
export function languageAuditFigures({ behaviour, cause, inContext }: LanguageAudit): Readonly<Record<string, Draw>> {
  const rows = [...behaviour.repeats, ...(behaviour.text ? [{ ...behaviour.text, text: true }] : [])];
  const figures: Record<string, Draw> = {
    repeats: drawEffects({
      title: 'Does the loss fall on a repeat?',
      unit: 'loss (nats)',
      intervalLabel: '95 % interval over sequences',
      groups: rows.map((row) => ({
        title: 'text' in row ? `text, period ${row.period}` : `period ${row.period}, start ${row.start}`,
        rows: (['first', 'repeat', 'control'] as const).map((name) => ({
          label: { first: 'first copy', repeat: 'second copy', control: 'same tokens, no first copy' }[name],
          ...measured(row[name]),
          kind: name === 'repeat' ? 'repeat' : 'no repeat',
        })),
      })),
    }),
  };
  const { off } = cause;
  if (off)
    figures['heads-off'] = drawEffects({
      title: 'Is the fall lost with the heads off that follow?',
      unit: 'loss on the repeat (nats)',
      intervalLabel: '95 % interval over sequences',
      pointsLabel: 'draws of as many random heads of the same layers',
      groups: [
        {
          rows: [
            { label: 'as the model is', ...measured(off.clean), kind: 'loss' },
            { label: `without ${off.heads.length} heads`, ...measured(off.without), kind: 'loss' },
            {
              label: 'without random heads',
              value: off.randomMean.value,
              kind: 'loss',
              points: off.random.map(({ without }) => without),
            },
          ],
        },
      ],
    });
  if (inContext) {
    const at = (position: number): number => inContext.lossByPosition[position - 1] as number;
    figures['in-context'] = drawEffects({
      title: `Loss on the text by position, ${inContext.sequences} pieces`,
      unit: 'loss (nats)',
      groups: [
        {
          rows: [...new Set([1, 2, 4, 8, 16, 32, 64, 128, 256, inContext.early, inContext.late])]
            .filter((position) => position <= inContext.late)
            .sort((a, b) => a - b)
            .map((position) => ({ label: `token ${position}`, value: at(position), kind: 'loss' })),
        },
      ],
    });
  }
  return figures;
}

/** Heads that the copying needs: measured, and what attribution said. */
export function screeningFigures({ candidates, sequences }: ScreeningRecord): Readonly<Record<string, Draw>> {
  return {
    screening: drawEffects({
      title: 'Heads that copying needs: screened by attribution, then measured',
      unit: 'increase of the loss on the repeat (nats)',
      intervalLabel: `95 % interval over ${sequences} sequences`,
      pointsLabel: 'by first order',
      groups: [
        {
          rows: candidates.map(({ label, attributed, increase }) => ({
            ...{ label, kind: 'mean-ablated', points: [attributed] },
            ...measured(increase),
          })),
        },
      ],
    }),
  };
}
