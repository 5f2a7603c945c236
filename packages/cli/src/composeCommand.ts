import { compositionScores, headCircuits, loadEngine, WeightCircuits } from '@induction-lab/core/node';
import { loadCheckpoint } from './loadCheckpoint.ts';
import { SCHEMA_VERSION } from './runFolder.ts';
import { signedNumber, textTable } from './textTable.ts';

export interface ComposeCommandOptions {
  json?: boolean;
  modelConfig?: string;
  seed: number;
}

/** `induction-lab compose`: what the weights alone say of the heads, and of pairs of them. */
export async function composeCommand(checkpoint: string, options: ComposeCommandOptions): Promise<void> {
  const engine = await loadEngine({ exact: true, shared: false });
  const model = loadCheckpoint(engine, checkpoint, options.modelConfig);
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const heads = headCircuits(circuits);
  const composition = compositionScores(circuits, { seed: options.seed });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, heads, composition }, null, 1)}\n`);
    return;
  }
  const { mean, deviation, draws } = composition.baseline;
  const number = (x: number | null): string => (x === null ? '–' : x.toFixed(2));
  const pairs = [...new Set(composition.scores.map((s) => `${s.earlier} → ${s.later}`))];
  const pairRows = pairs.map((pair) => [
    pair,
    ...(['q', 'k', 'v'] as const).map((kind) => {
      const found = composition.scores.find((s) => `${s.earlier} → ${s.later}` === pair && s.kind === kind)!;
      return `${found.raw.toFixed(3)} (${signedNumber(found.corrected, 3)})`;
    }),
  ]);
  const folded = model.config.normalization === null ? '' : ' LayerNorm’s centring and gain are folded in.';
  process.stdout.write(
    `${[
      `${checkpoint}: circuits read off the weights.${folded}`,
      '',
      ...textTable([
        ['head', 'OV copying', 'copies top-1', 'prefers the position before'],
        ...heads.map((h) => [h.label, number(h.copying), number(h.copiesTop1), number(h.previousPosition)]),
      ]),
      '',
      ...(pairs.length === 0
        ? ['One layer: no head can compose with an earlier one.']
        : [
            `Composition scores, and above random matrices of the same shapes (${mean.toFixed(3)} ± ${deviation.toFixed(3)}, ${draws} draws):`,
            ...textTable([['pair', 'Q', 'K', 'V'], ...pairRows]),
            'Weights alone prove nothing: a high score says that a path could carry something, not that it does.',
          ]),
    ].join('\n')}\n`,
  );
}
