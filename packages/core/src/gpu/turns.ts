import { rotaryTurns } from '../model/components/positions/rotary.ts';
import type { ModelConfig } from '../model/config.ts';
import { exactCosSin } from '../random/exactMath.ts';

/** Rotary positions as the kernels read them: [position, pair] of (cos, sin); empty where nothing turns. */
export function turnsOf(config: ModelConfig): Float32Array<ArrayBuffer> {
  if (config.positions !== 'rotary') return new Float32Array(0);
  const half = config.rotaryDim / 2;
  const turns = new Float32Array(2 * half * config.nCtx);
  for (let position = 0; position < config.nCtx; position++)
    for (let pair = 0; pair < half; pair++) {
      const { cos, sin } = exactCosSin(rotaryTurns(config, position, pair));
      turns.set([cos, sin], 2 * (position * half + pair));
    }
  return turns;
}
