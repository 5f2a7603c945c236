// What each head, and each layer as a whole, is good for: what is measured without it, the loss on repeats unless told.

import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, checkHead, type HeadIndex, headLabel } from '../../model/heads.ts';
import { headOutput, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { checkConfig, headSchema } from '../checks.ts';
import { type Measured, measuredBy } from '../data/measuredBy.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { byLength, PromptsError } from '../data/prompts.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { difference, type Effect, effectsWithControls } from './effects.ts';
import { checkOnSet, type OnSetOptions, onSet } from './onSet.ts';

/**
 * `zero` and `mean` set the heads' z; `resample` gives each sequence another sequence's; `pattern-preserving` sets z to
 * zero with all attention patterns frozen to the clean run, so that only what the heads write is missed, not where
 * later heads look because of it.
 */
export const ABLATION_KINDS = ['zero', 'mean', 'resample', 'pattern-preserving'] as const;
/** One of ABLATION_KINDS. */
export type AblationKind = (typeof ABLATION_KINDS)[number];

const kindSchema = z.enum(ABLATION_KINDS);

/** What its ablation does to the measure, lossRepeat unless told. */
export interface AblationEffect extends Effect {
  /** The head, or the layer when all of its heads were ablated together. */
  readonly label: string;
  /** Its layer, from 0. */
  readonly layer: number;
}

export interface AblationRecord extends Measured {
  readonly kind: AblationKind;
  /** Periods of the repeats, two copies of a block each: those that the model solves, or of all if it solves none. */
  readonly periods: readonly number[];
  /** The measure with nothing ablated. */
  readonly cleanLoss: Estimate;
  readonly heads: readonly AblationEffect[];
  /** Whole layers: redundant heads can be harmless one by one and not together. */
  readonly layers: readonly AblationEffect[];
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Of the repeats; null where prompts were given. */
  readonly seed: number | null;
}

/**
 * The interventions that ablate some heads together. Throws an ArgumentError for a kind that there is not, an Error for a
 * head that the model does not have.
 */
export function ablate(config: ModelConfig, heads: readonly HeadIndex[], kind: AblationKind): Intervention[] {
  checkConfig('ablate', config);
  checkArgument('ablate', 'kind', kindSchema, kind);
  checkArgument('ablate', 'heads', z.array(headSchema), heads);
  for (const head of heads) checkHead(config, head, 'ablate');
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

/**
 * The effect of every head and of every layer: on the prompts, or on repeats at the periods that the model solves. `mean`
 * is the mean over all of them, every sequence weighted the same. Throws an ArgumentError for options that it does not
 * have, an Error for prompts that cannot be meant, or of which one has no other of its length to resample from; a
 * TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs are not finite.
 * @example
 * ```ts
 * import { ablationEffects, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const { heads } = ablationEffects(model, { sequences: 8, kind: 'mean' });
 * for (const { label, increase, control } of heads) console.log(label, increase.value, control?.value);
 * ```
 */
export function ablationEffects(
  model: Model,
  options: OnSetOptions & { readonly kind?: AblationKind } = {},
): AblationRecord {
  checkOnSet('ablationEffects', { model, options, fields: { kind: z.optional(kindSchema) } });
  const { kind = 'zero' } = options;
  const { nLayers, nHeads } = model.config;
  const caller = 'ablationEffects';
  return onSet(
    caller,
    { model, options },
    {
      runs: nLayers * (nHeads + 1),
      measure: (set) => {
        if (kind === 'resample') checkResampling(caller, set);
        return effectsOn(set, kind);
      },
    },
  );
}

/** Throws an Error for a sequence that has no other of its length, whose activation it could be given. */
function checkResampling(caller: string, { prompts }: PromptSet): void {
  const alone = byLength(prompts).find((group) => group.length === 1)?.[0];
  if (alone !== undefined)
    throw new PromptsError(
      `${caller}: sequence ${alone} is the only one of ${prompts[alone]!.tokens.length} tokens, and resampling takes another one's activation; give two of each length, or ablate by the mean.`,
    );
}

function effectsOn(set: PromptSet, kind: AblationKind): AblationRecord {
  const { config } = set.model;
  const without = (heads: readonly HeadIndex[]): Intervention[] =>
    kind === 'mean' ? heads.map((name) => set.meanAblate(name)) : ablate(config, heads, kind);
  const increase = (heads: readonly HeadIndex[]): Float64Array => difference(set.measured(without(heads)), set.clean);
  const heads = allHeads(config);
  const effects = effectsWithControls(
    heads,
    heads.map((name) => increase([name])),
  );
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  return {
    kind,
    periods: set.periods,
    cleanLoss: estimate(set.clean),
    heads: heads.map(({ layer, head }, i) => ({ label: headLabel(layer, head), layer, ...effects[i]! })),
    layers: layers.map((layer) => ({
      label: `L${layer}`,
      layer,
      increase: estimate(increase(heads.filter((h) => h.layer === layer))),
      control: null,
    })),
    sequences: set.sequences,
    seed: set.seed,
    ...measuredBy(set),
  };
}
