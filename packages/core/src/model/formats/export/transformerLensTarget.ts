// All that the state_dict of TransformerLens's HookedTransformer holds, so that load_state_dict takes it as it is: biases also where
// there are none, attention masks, and the tables of rotary positions.
import { exactCosSin } from '../../../random/exactMath.ts';
import { rotaryTurns } from '../../components/positions/rotary.ts';
import { type ModelConfig, modelConfig } from '../../config.ts';
import { weightsOf } from '../../parameters.ts';
import { own, turned } from '../heldTensor.ts';
import { writeFloats } from '../numberFormats.ts';
import { ownFields, toTransformerLensConfig } from '../transformerLensConfig.ts';
import type { FixedTensor, Target } from './target.ts';

export function transformerLensTarget(config: ModelConfig): Target {
  const ours = [...weightsOf(config)].map(({ name }) => name);
  const known = new Set(ours);
  const all = [...weightsOf(modelConfig({ ...config, biases: true, tied: false }))];
  const zeros = all
    .filter(({ name }) => !known.has(name) && name !== 'unembed.W_U')
    .map(({ name, layout }) => fixed(name, layout.shape, () => {}));
  const said = toTransformerLensConfig(config);
  return {
    called: 'TransformerLens',
    config: said,
    metadata: { format: 'pt', config: JSON.stringify(said), induction_lab: ownFields({ ...config, biases: true }) },
    tensors: [
      ...ours.map(own),
      ...(config.tied ? [turned('unembed.W_U', 'embed.W_E')] : []),
      ...zeros,
      ...Array.from({ length: config.nLayers }, (_, layer) => buffers(config, `blocks.${layer}.attn`)).flat(),
      // It lays out a table of positions also where it adds none.
      ...(config.positions === 'alibi' ? [fixed('pos_embed.W_pos', [config.nCtx, config.dModel], () => {})] : []),
    ],
  };
}

const fixed = (
  name: string,
  shape: readonly number[],
  fill: FixedTensor['fill'],
  type: FixedTensor['type'] = 'F32',
): FixedTensor => ({
  ...{ name, shape, type, fill },
});

const floats =
  (values: ArrayLike<number>): FixedTensor['fill'] =>
  (bytes) =>
    writeFloats(values, bytes);

/** Up to this context masks are written out. Beyond it they are empty, as TransformerLens 3 has them: it makes them for each run. */
const LONGEST_MASKED = 2048;

function buffers(config: ModelConfig, attention: string): FixedTensor[] {
  const { nCtx, rotaryDim } = config;
  const side = nCtx <= LONGEST_MASKED ? nCtx : 0;
  return [
    fixed(
      `${attention}.mask`,
      [side, side],
      (bytes) => {
        for (let query = 0; query < side; query++) bytes.fill(1, query * side, query * side + query + 1);
      },
      'BOOL',
    ),
    fixed(`${attention}.IGNORE`, [], floats([Number.NEGATIVE_INFINITY])),
    ...(config.positions === 'rotary'
      ? (['sin', 'cos'] as const).map((part) =>
          fixed(`${attention}.rotary_${part}`, [nCtx, rotaryDim], (bytes) => writeFloats(angles(config, part), bytes)),
        )
      : []),
  ];
}

/** Sines or cosines of every position and turned dimension, [nCtx, rotaryDim]. */
function angles(config: ModelConfig, part: 'sin' | 'cos'): Float32Array {
  const { nCtx, rotaryDim, rotaryAdjacentPairs = false } = config;
  const half = rotaryDim / 2;
  const out = new Float32Array(nCtx * rotaryDim);
  for (let position = 0; position < nCtx; position++)
    for (let i = 0; i < half; i++) {
      const value = exactCosSin(rotaryTurns(config, position, i))[part];
      const [a, b] = rotaryAdjacentPairs ? [2 * i, 2 * i + 1] : [i, half + i];
      out[position * rotaryDim + a] = value;
      out[position * rotaryDim + b] = value;
    }
  return out;
}
