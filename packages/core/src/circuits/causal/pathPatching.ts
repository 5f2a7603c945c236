// Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023), an edge at a time: what one head or MLP reads of another one
// in a run on corrupted tokens is made what it is in the clean run, and everything else stays as it is.
import * as z from 'zod/mini';
import { aFunction } from '../../errors/arguments.ts';
import { INPUTS, type Intervention } from '../../model/interventions/interventions.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { CachedRun, Model } from '../../model/model.ts';
import { earlierParts, outputHook, partLabel, samePart } from '../../model/partIndex.ts';
import { checkModel, checkOptions, instanceSchema } from '../checks.ts';
import type { PromptPair } from '../data/corruption.ts';
import { describeMeasure, type Measured } from '../data/measuredBy.ts';
import { commonQueries, type Prompts } from '../data/prompts.ts';
import { checkLosses } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, mean } from '../statistics/estimate.ts';
import { allEdges, type Edge, edgesInto, laterInputs, patchEdges } from './edges.ts';
import { areSiblings } from './effects.ts';
import { Gap } from './gap.ts';
import { promptSlices } from './promptSlices.ts';
import { measuredOf, type TwinPrompts, twinPrompts } from './twinPrompts.ts';

/** One edge that was patched, and how much it restored. */
export interface PatchedEdge {
  /** Label of the earlier part. */
  readonly source: string;
  /** Label of the later part. */
  readonly target: string;
  readonly input: Edge['input'];
  /** (patched − corrupted) / (clean − corrupted), of the measure: 0 restores nothing, 1 everything. NaN without a difference. */
  readonly effect: Estimate;
  /** The mean effect of the same patch from the other heads of the source's layer; null where there is none. */
  readonly control: number | null;
}

/** All edges from earlier heads and MLPs into one input of one part, patched together. */
export type PatchedInput = Omit<PatchedEdge, 'source' | 'control'>;

export interface PathPatchingRecord extends Measured {
  /** The measure of the clean and of the corrupted prompts: the loss, in nats, unless told. */
  readonly cleanLoss: Estimate;
  readonly corruptedLoss: Estimate;
  readonly edges: readonly PatchedEdge[];
  /** For every later part and input, all of its sources at once. */
  readonly joint: readonly PatchedInput[];
  /** Why effects are NaN or there are no edges; null otherwise. */
  readonly doesNotApply: string | null;
  /** Null where the prompts have queries of their own. */
  readonly queries: readonly [from: number, to: number] | null;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Tokens of a prompt, of the longest where they differ. */
  readonly length: number;
}

/** Which paths are patched, and what is measured. */
export interface PathPatchingOptions {
  /** What is measured of the clean prompt's answers: the loss by default. */
  readonly measure?: MeasureName | Measure;
  readonly onProgress?: OnProgress;
}

const optionsSchema = z.strictObject({ measure: z.optional(instanceSchema), onProgress: z.optional(aFunction) });

/**
 * Patches every edge between two parts, heads and MLPs, from the clean run into the corrupted one, and for every later part and input all
 * edges into it together. A model of one layer has no edges, and the record says so. Throws an ArgumentError for options that
 * it does not have; an Error that names sequence and query when a prompt has no twin of its length or cannot be meant; a
 * NotFiniteError when a loss is not finite.
 */
export function pathPatching(
  model: Model,
  given: PromptPair | Prompts,
  options: PathPatchingOptions = {},
): PathPatchingRecord {
  checkModel('pathPatching', model);
  checkOptions('pathPatching', optionsSchema, options);
  const { measure = 'loss', onProgress } = options;
  const twins = twinPrompts('pathPatching', model, { given, measure });
  const { prompts } = twins;
  const { config } = model;
  const edges = allEdges(config);
  const inputs = ([...INPUTS, 'mlp'] as const).flatMap((of) => laterInputs(config).filter(({ input }) => input === of));
  const sites = [
    ...edges.map((edge) => [edge]),
    ...inputs.map(({ target, input }) => edgesInto([target], { input, sources: earlierParts(config, target) })),
  ];
  const { clean, corrupted, patched } = measureSites(model, twins, { sites, onProgress });
  const gap = new Gap(twins.measure, { clean, corrupted });
  const doesNotApply = edges.length === 0 ? 'A model of one layer has no edges between heads.' : gap.doesNotApply;
  const effects = patched.map((measured) =>
    doesNotApply === null ? estimateRatio(gap.costs(measured), gap.all) : notMeasured(prompts.length),
  );
  return {
    cleanLoss: estimate(clean),
    corruptedLoss: estimate(corrupted),
    edges: edges.map(({ source, target, input }, i) => {
      const others = edges.flatMap((other, j) =>
        j !== i && other.input === input && samePart(other.target, target) && areSiblings(other.source, source)
          ? [effects[j]!.value]
          : [],
      );
      return {
        ...{ source: partLabel(source), target: partLabel(target), input, effect: effects[i]! },
        control: others.length === 0 ? null : mean(others),
      };
    }),
    joint: inputs.map(({ target, input }, i) => ({
      ...{ target: partLabel(target), input, effect: effects[edges.length + i]! },
    })),
    doesNotApply,
    queries: commonQueries(prompts),
    sequences: prompts.length,
    length: Math.max(...prompts.map(({ tokens }) => tokens.length)),
    ...(twins.usual ? {} : { measure: describeMeasure(twins.measure) }),
  };
}

const notMeasured = (n: number): Estimate => ({ value: Number.NaN, interval: [Number.NaN, Number.NaN], n });

/** The measure of both runs, and of the corrupted one with each site's edges patched, by sequence; `patched` is [site][sequence]. */
interface MeasuredSites {
  readonly clean: Float64Array;
  readonly corrupted: Float64Array;
  readonly patched: readonly Float64Array[];
}

function measureSites(
  model: Model,
  twins: TwinPrompts,
  { sites, onProgress }: { sites: readonly (readonly Edge[])[]; onProgress: OnProgress | undefined },
): MeasuredSites {
  const { config } = model;
  const { prompts } = twins;
  const hooks = [...new Set(sites.flat().map(({ source }) => outputHook(source)))];
  const tokens = prompts.reduce((sum, prompt) => sum + prompt.tokens.length, 0);
  const progress = new Progress(onProgress, (2 + sites.length) * tokens);
  const blank = (): Float64Array => new Float64Array(prompts.length);
  const found = { clean: blank(), corrupted: blank(), patched: sites.map(blank) };
  for (const { sequences, clean, corrupted } of promptSlices(prompts, { config, hooks })) {
    const cleanRun = model.runWithInterventions(clean, [], { names: hooks });
    const measure = (into: Float64Array, run: CachedRun, interventions: readonly Intervention[] = []): void => {
      checkLosses(model, run, { tokens: run === cleanRun ? clean : corrupted, interventions });
      progress.add(sequences.length * run.length);
      measuredOf(twins, run, sequences).forEach((x, i) => {
        into[sequences[i]!] = x;
      });
    };
    measure(found.clean, cleanRun);
    measure(found.corrupted, model.runWithInterventions(corrupted, []));
    sites.forEach((edges, i) => {
      const patches = patchEdges(edges);
      const run = model.runWithInterventions(corrupted, patches, { clean: cleanRun.cache });
      measure(found.patched[i]!, run, patches);
    });
  }
  progress.finish();
  return found;
}
