// Where things of a layer lie, as texts of WGSL, and what both ways through it have in common.
import type { Layout } from '../layout.ts';
import { each, SYNC, tile } from './pieces.ts';
import type { Matrix } from './products.ts';

/** Where things of layer l lie; of queries, keys and values for n = 0, 1, 2. */
export interface Places {
  /** A weight of layer l, from that of the first. */
  readonly ofLayer: (at: number) => string;
  /** The stream before the layer and behind it, and the moments of its rows. */
  readonly stream: string;
  readonly next: string;
  readonly moments: string;
  readonly Q: string;
  readonly Z: string;
  readonly QKV: string;
  readonly dQKV: string;
  readonly W_QKV: Matrix;
  readonly W_O: Matrix;
  readonly b_QKV: string | null;
  readonly b_O: string | null;
}

export function placesOf({ sizes, weights, scratch }: Layout): Places {
  const ofLayer = (at: number): string => `(${at}u + l * ${weights.stride}u)`;
  const { rows, model4, heads4 } = sizes;
  return {
    ofLayer,
    stream: `(${scratch.stream}u + l * ${rows * model4}u)`,
    next: `(${scratch.stream}u + (l + 1u) * ${rows * model4}u)`,
    moments: `(${scratch.moments}u + l * ${rows}u)`,
    Z: `(${scratch.Z}u + l * ${scratch.stride}u)`,
    Q: `(${scratch.Q}u + l * ${scratch.stride}u)`,
    QKV: `(${scratch.Q}u + l * ${scratch.stride}u + n * ${rows * heads4}u)`,
    dQKV: `(${scratch.dQ}u + n * ${rows * heads4}u)`,
    W_QKV: {
      at: `(${weights.W_Q}u + l * ${weights.stride}u + n * ${weights.nextInput}u)`,
      rows: sizes.model,
      width: heads4,
    },
    W_O: { at: ofLayer(weights.W_O), rows: 4 * heads4, width: model4 },
    b_QKV: weights.b_Q === null ? null : `(${weights.b_Q}u + l * ${weights.stride}u + n * ${weights.nextBias}u)`,
    b_O: weights.b_O === null ? null : ofLayer(weights.b_O),
  };
}

export const unembeddingOf = ({ sizes, weights }: Layout): { W: Matrix; tied: boolean } =>
  weights.W_U === null
    ? { W: { at: `${weights.W_E}u`, rows: sizes.vocab, width: sizes.model4 }, tied: true }
    : { W: { at: `${weights.W_U}u`, rows: sizes.model, width: sizes.vocab4 }, tied: false };

export const plusBias = (bias: string | null, column = 'c'): string =>
  bias === null ? '' : ` + params[P0 + ${bias} + ${column}]`;

/** What is read of the stream of layer l, or at the end, into the tile. */
export const read = (layout: Layout, how: 'normalize' | 'readNormalized', place: 'layer' | 'end'): string => {
  const { weights, sizes, scratch } = layout;
  const { ofLayer, stream, moments } = placesOf(layout);
  const end = sizes.layers;
  const x = place === 'layer' ? stream : `${scratch.stream + end * sizes.rows * sizes.model4}u`;
  if (layout.config.normalization === null) return `readNormalized(${x});`;
  const [gain, shift] =
    place === 'layer'
      ? [ofLayer(weights.gain!), ofLayer(weights.shift!)]
      : [`${weights.finalGain}u`, `${weights.finalShift}u`];
  return `${how}(${x}, ${place === 'layer' ? moments : `${scratch.moments + end * sizes.rows}u`}, ${gain}, ${shift});`;
};

/** Values first: queries and keys may read positions besides, which are then added to the tile. */
export const eachInput = (
  { config, sizes, weights }: Layout,
  body: string,
): string => `for (var turn = 0u; turn < 3u; turn++) {
    let n = (turn + 2u) % 3u;
    ${
      config.positions === 'shortformer'
        ? `if (turn == 1u) { ${SYNC} ${each(sizes.positions * sizes.model4, `${tile('i')} += params[P0 + ${weights.W_pos}u + i];`)} ${SYNC} }`
        : ''
    }
    ${body}
  }`;
