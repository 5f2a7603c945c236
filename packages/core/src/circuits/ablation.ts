// What each head, and each layer as a whole, is good for: the loss on repeats without it.
import { headLabel, type ModelConfig } from '../model/config.ts';
import { allHeads, type HeadName, headOutput, type Intervention } from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { type Estimate, estimate, mean } from './estimate.ts';
import { type PatternVisit, runPatterns } from './patternRuns.ts';
import { type ProbeOptions, repeatedProbe, spread, sweepPeriods } from './probes.ts';

/**
 * `zero` and `mean` set the heads' z; `resample` gives each sequence another sequence's; `pattern-preserving` sets z to
 * zero with all attention patterns frozen to the clean run, so that only what the heads write is missed, not where
 * later heads look because of it.
 */
export const ABLATION_KINDS = ['zero', 'mean', 'resample', 'pattern-preserving'] as const;
export type AblationKind = (typeof ABLATION_KINDS)[number];

export interface AblationEffect {
  /** The head, or the layer when all of its heads were ablated together. */
  readonly label: string;
  readonly layer: number;
  /** Increase of lossRepeat, nats, by sequence against the same sequence's clean loss. */
  readonly increase: Estimate;
}

export interface AblationRecord {
  readonly kind: AblationKind;
  /** Periods of the probes, two copies of a block each; every sequence's loss is the mean over them. */
  readonly periods: readonly number[];
  readonly cleanLoss: Estimate;
  readonly heads: readonly AblationEffect[];
  /** Whole layers: redundant heads can be harmless one by one and not together. */
  readonly layers: readonly AblationEffect[];
  readonly sequences: number;
  readonly seed: number;
}

/** The interventions that ablate some heads together. */
export function ablate(config: ModelConfig, heads: readonly HeadName[], kind: AblationKind): Intervention[] {
  const kinds = {
    zero: 'zeroAblate',
    mean: 'meanAblate',
    resample: 'resampleAblate',
    'pattern-preserving': 'zeroAblate',
  } as const;
  const ablations = heads.map((name): Intervention => ({ kind: kinds[kind], ...headOutput(name) }));
  if (kind !== 'pattern-preserving') return ablations;
  const frozen = Array.from(
    { length: config.nLayers },
    (_, layer): Intervention => ({ kind: 'patch', hook: `blocks.${layer}.attn.hook_pattern` }),
  );
  return [...ablations, ...frozen];
}

/** How many periods of the sweep the effects are measured at, evenly spread. */
const PERIODS = 5;

/** The effect of every head and of every layer. All heads of a layer stand beside each other: each is the others' control. */
export function ablationEffects(
  model: Model,
  options: { kind?: AblationKind; sequences?: number; seed?: number } = {},
): AblationRecord {
  const { kind = 'zero', sequences = 64, seed = 0 } = options;
  const { config } = model;
  const probe: ProbeOptions = { config, count: sequences, seed };
  const periods = spread(sweepPeriods(config), PERIODS);
  const clean = repeatLosses(model, probe, periods);
  const effect = (heads: readonly HeadName[]): Estimate => {
    const losses = repeatLosses(model, probe, periods, { interventions: ablate(config, heads, kind) });
    return estimate(losses.map((loss, s) => loss - clean[s]!));
  };
  const heads = allHeads(config);
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  return {
    kind,
    periods,
    cleanLoss: estimate(clean),
    heads: heads.map((name) => ({
      label: headLabel(name.layer, name.head),
      layer: name.layer,
      increase: effect([name]),
    })),
    layers: layers.map((layer) => ({
      label: `L${layer}`,
      layer,
      increase: effect(heads.filter((h) => h.layer === layer)),
    })),
    sequences,
    seed,
  };
}

/**
 * lossRepeat of every sequence, `probe.count` at each of the periods in turn: exactly two copies of a block. `visit` is
 * shown every pattern with its period.
 */
export function repeatLosses(
  model: Model,
  probe: ProbeOptions,
  periods: readonly number[],
  options: { interventions?: readonly Intervention[]; visit?: (period: number, visit: PatternVisit) => void } = {},
): Float64Array {
  const { interventions = [], visit } = options;
  return Float64Array.from(
    periods.flatMap((period) => {
      const show = visit ? { visit: (pattern: PatternVisit): void => visit(period, pattern) } : {};
      const losses = runPatterns(model, repeatedProbe(probe, period), { interventions, ...show });
      return losses.map((loss) => mean(loss.subarray(period, 2 * period - 1)));
    }),
  );
}
