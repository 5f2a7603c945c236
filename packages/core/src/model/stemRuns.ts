// Runs that are taken up where nothing has acted yet (stems.ts).
import type { ModelConfig } from './config.ts';
import type { Execution, Watch } from './execution.ts';
import type { Intervention } from './interventions/interventions.ts';
import { lastStemBefore, type Stems } from './stems.ts';

/** A run that is taken up at the last stem before what acts and what is kept; or one that keeps its stems. */
export function fromStem(
  run: Execution & { names: readonly string[]; watch: Watch },
  {
    config,
    stems,
    version,
    interventions,
  }: {
    config: ModelConfig;
    stems: Stems;
    /** Of the weights. */
    version: number;
    interventions: readonly Intervention[];
  },
): Execution {
  if (stems.areOf(version, config)) {
    const layer = lastStemBefore(config, { interventions, names: run.names });
    return layer < 0 ? run : { ...run, from: { layer, stem: stems.at(layer) } };
  }
  if (interventions.length > 0) return run;
  const watch: Watch = (transformer, slice) => {
    const [watcher, keep] = [run.watch(transformer, slice), stems.keeping(transformer)];
    return {
      ...watcher,
      forward: (activation) => {
        watcher?.forward?.(activation);
        keep(activation);
      },
    };
  };
  return { ...run, watch };
}
