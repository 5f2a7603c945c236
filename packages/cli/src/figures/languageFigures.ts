// The figures of language models: the map of heads, and a text that was read.
import type { HeadMapRecord, ModelConfig, PromptReading } from '@induction-lab/core/node';
import { type HeadMapChartRecord, headMapChart } from '@induction-lab/figures/node';
import { drawEffects } from './charts.ts';
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

/** Writers that are drawn. */
const WRITERS = 20;

/** What each token costs, with the heads and without; and who writes the copied tokens' logits. */
export function readingFigures({ positions, labels, attribution, without }: Read): Readonly<Record<string, Draw>> {
  const tokens = drawEffects({
    title: without ? `What each token costs, and with ${without.heads.join(', ')} off` : 'What each token costs',
    unit: 'loss of the token (nats)',
    ...(without ? { pointsLabel: `with ${without.heads.join(', ')} off` } : {}),
    groups: [
      {
        rows: positions
          .filter(({ loss }) => loss !== null)
          .map(({ position, token, loss, lossWithout }) => ({
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
