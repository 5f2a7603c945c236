// What interventions mean on the way back. What they write is a constant: the gradient of an activation is shown as of what
// stands there after the intervention, and where it was overwritten nothing goes on to what had computed it.
import type { Floats, Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import { copiesIn, hookPoint } from '../hookPoints.ts';
import { isMlp, outputHook } from '../partIndex.ts';
import { type Intervention, inputHook, type RemoveFromInput, sourcesOf, type TensorHooks } from './interventions.ts';
import { type PlacedIntervention, rowsAt } from './places.ts';

export interface GradientCuts {
  /** Completes the gradient of an activation, before anybody sees it. */
  complete(gradient: Tensor): void;
  /** Takes out of it what does not go on. */
  cut(gradient: Tensor): void;
}

/** For one backward pass, of a batch or a slice of it. */
export function gradientCuts(config: ModelConfig, interventions: readonly Intervention[]): GradientCuts {
  const owed = new Map<string, Floats>();
  const cuts: TensorHooks = new Map();
  // The last to act comes first on the way back.
  for (const intervention of [...interventions].reverse()) {
    const removal = intervention.kind === 'removeFromInput';
    const name = removal ? inputHook(intervention) : intervention.hook;
    const action = removal
      ? (gradient: Tensor): void => owe(gradient, intervention, { config, owed })
      : (gradient: Tensor): void => zero(gradient, intervention, config);
    cuts.set(name, [...(cuts.get(name) ?? []), action]);
  }
  return {
    complete: ({ name, data }) => {
      const debt = owed.get(name);
      if (debt) for (let i = 0; i < data.length; i++) data[i]! += debt[i]!;
    },
    cut: (gradient) => {
      for (const action of cuts.get(gradient.name) ?? []) action(gradient);
    },
  };
}

function zero(gradient: Tensor, place: PlacedIntervention, config: ModelConfig): void {
  const data = gradient.toArray();
  const { shape } = gradient;
  const point = hookPoint(config, place.hook);
  for (const { offset, size } of rowsAt(place, { point, shape, copies: copiesIn(config, point, shape) }))
    data.fill(0, offset, offset + size);
  gradient.set(data);
}

/** What is taken out of an input has the input's gradient with its sign changed; what is left there instead is a constant. */
function owe(
  { data, width, shape }: Tensor,
  removal: RemoveFromInput,
  { config, owed }: { config: ModelConfig; owed: Map<string, Floats> },
): void {
  const { head = 0, share = 1 } = removal;
  const [heads, rows] = [shape.length === 4 ? (shape[2] as number) : 1, (shape[0] as number) * (shape[1] as number)];
  for (const source of sourcesOf(config, removal)) {
    const name = outputHook(source);
    const [count, index] = isMlp(source) ? [1, 0] : [config.nHeads, source.head];
    const debt = owed.get(name) ?? new Float64Array(rows * count * width);
    owed.set(name, debt);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++)
        debt[(row * count + index) * width + i]! -= share * data[(row * heads + head) * width + i]!;
  }
}
