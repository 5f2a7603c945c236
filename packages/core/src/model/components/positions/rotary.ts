// Rotary positions (Su et al. 2021): q and k turned by position, in pairs (i, i + rotaryDim / 2), or in neighbours (2i, 2i + 1).
// Slow pairs may be slowed further, for contexts longer than those of the training (Llama 3).
import type { RotaryTables } from '../../../engine/modelOps.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { exactCosSin } from '../../../random/exactMath.ts';
import type { ModelConfig } from '../../config.ts';
import { HEADS } from '../hookPoint.ts';
import type { Plan } from '../plan.ts';
import type { Compared, PositionScheme, Steps } from './schemes.ts';
import { turns } from './turns.ts';

export const rotary: PositionScheme = {
  table: null,
  turn: {
    hooks: (block, keyValue) => [
      { name: `${block}.attn.hook_rot_q`, axes: HEADS },
      { name: `${block}.attn.hook_rot_k`, axes: keyValue },
    ],
    plan: planTurn,
  },
};

function planTurn(plan: Plan, block: string, { q, k, dQ, dK }: Compared): Compared & Steps {
  const { ops, positions } = plan;
  const tables = rotaryTables(plan);
  const names = [`${block}.attn.hook_rot_q`, `${block}.attn.hook_rot_k`] as const;
  const like = (x: Tensor, name: string): [string, string, () => Tensor] => [
    name,
    `${name.slice(-5)} of ${x.width}`,
    () => plan.copyOf(x, name),
  ];
  const [turnedQ, turnedK] = [plan.activation(...like(q, names[0])), plan.activation(...like(k, names[1]))];
  const [dTurnedQ, dTurnedK] = [plan.gradient(...like(q, names[0])), plan.gradient(...like(k, names[1]))];
  return {
    ...{ q: turnedQ, k: turnedK, dQ: dTurnedQ, dK: dTurnedK },
    forward: () => {
      ops.rotary(q, turnedQ, positions, tables, 1);
      ops.rotary(k, turnedK, positions, tables, 1);
      plan.see(turnedQ);
      plan.see(turnedK);
    },
    backward: () => {
      plan.seeGradient(dTurnedQ!);
      plan.seeGradient(dTurnedK!);
      ops.rotary(dTurnedQ!, dQ!, positions, tables, -1);
      ops.rotary(dTurnedK!, dK!, positions, tables, -1);
    },
  };
}

/** Cosines and sines of every position of the sequences and every pair: [pos, rotaryDim], one table for all layers. */
function rotaryTables(plan: Plan): RotaryTables {
  const { rotaryDim, rotaryAdjacentPairs = false } = plan.config;
  const half = rotaryDim / 2;
  let isNew = false;
  const table = plan.shared('rotary angles', 'rotary angles', (shapes, name) => {
    isNew = true;
    return shapes.angles(name);
  });
  for (let position = 0; isNew && position < plan.extent.length && !plan.isMeasuring; position++)
    for (let i = 0; i < half; i++) {
      const { cos, sin } = exactCosSin(rotaryTurns(plan.config, position, i));
      table.data[position * rotaryDim + i] = cos;
      table.data[position * rotaryDim + half + i] = sin;
    }
  return { half, table, adjacent: rotaryAdjacentPairs };
}

/** The angle of a pair at a position, in turns. */
export function rotaryTurns(
  { rotaryDim, rotaryBase, rotaryScaling }: ModelConfig,
  position: number,
  pair: number,
): number {
  if (!rotaryScaling) return turns(position, pair, rotaryDim, rotaryBase);
  return scaled(position, turns(1, pair, rotaryDim, rotaryBase), rotaryScaling);
}

/**
 * A position's turns at a speed in turns per position: pairs that turn less than `lowFreqFactor` times in `originalCtx`
 * positions are slowed by `factor`, those above `highFreqFactor` stay, and between them the two are mixed.
 */
function scaled(position: number, speed: number, scaling: NonNullable<ModelConfig['rotaryScaling']>): number {
  const { factor, lowFreqFactor, highFreqFactor, originalCtx } = scaling;
  const mixed = (speed * originalCtx - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  const kept = Math.min(1, Math.max(0, mixed));
  return position * speed * (kept + (1 - kept) / factor);
}
