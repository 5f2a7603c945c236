// The same model with keys and values written out once for every head that reads them: what sharing must not change.
import { type Model as AnyModel, Model, type NamedWeights } from '../../src/node.ts';

/** A model that computes the same, whose heads share nothing. */
export function ungrouped(model: AnyModel): AnyModel {
  const { nKeyValueHeads = model.config.nHeads, ...config } = model.config;
  const copies = config.nHeads / nKeyValueHeads;
  const alone = new Model(model.engine, config);
  alone.setWeights(
    Object.fromEntries(
      Object.entries(model.getWeights()).map(([name, weight]) =>
        /\._[Wb]_[KV]$/.test(name) ? [name.replace('._', '.'), spread(weight, copies)] : [name, weight],
      ),
    ),
  );
  return alone;
}

/** Each head so many times in a row. */
function spread({ shape, data }: NamedWeights[string], copies: number): NamedWeights[string] {
  const [heads, ...rest] = shape as [number, ...number[]];
  const size = data.length / heads;
  const out = new Float64Array(data.length * copies);
  for (let i = 0; i < out.length; i++) out[i] = data[Math.floor(i / size / copies) * size + (i % size)] as number;
  return { shape: [heads * copies, ...rest], data: out };
}
