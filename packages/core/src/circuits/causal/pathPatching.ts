// Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023), an edge at a time: what one head reads of another one in a
// run on corrupted tokens is made what it is in the clean run, and everything else stays as it is.
import * as z from 'zod/mini';
import { aFunction } from '../../errors/arguments.ts';
import { allHeads, labelOf, sameHead } from '../../model/heads.ts';
import { headResult, INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model, RunResult, Tokens } from '../../model/model.ts';
import { checkModel, checkOptions } from '../checks.ts';
import type { PromptPair } from '../data/corruption.ts';
import { checkPair } from '../data/promptPairs.ts';
import { checkLosses } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, mean } from '../statistics/estimate.ts';
import { nothingToRestore } from './activationPatching.ts';
import { allEdges, type Edge, edgesInto, patchEdges } from './edges.ts';
import { difference } from './effects.ts';
import { promptSlices } from './promptSlices.ts';
import { targetLosses } from './targetLoss.ts';

/** One edge that was patched, and how much it restored. */
export interface PatchedEdge {
  readonly source: string;
  readonly target: string;
  readonly input: Input;
  /** (patched − corrupted) / (clean − corrupted), of the loss: 0 restores nothing, 1 everything. NaN without a difference. */
  readonly effect: Estimate;
  /** The mean effect of the same patch from the other heads of the source's layer; null where there is none. */
  readonly control: number | null;
}

/** All edges from earlier heads into one input of one head, patched together. */
export type PatchedInput = Omit<PatchedEdge, 'source' | 'control'>;

export interface PathPatchingRecord {
  readonly cleanLoss: Estimate;
  readonly corruptedLoss: Estimate;
  readonly edges: readonly PatchedEdge[];
  /** For every later head and input, all of its sources at once. */
  readonly joint: readonly PatchedInput[];
  /** Why effects are NaN or there are no edges; null otherwise. */
  readonly doesNotApply: string | null;
  readonly queries: readonly [from: number, to: number];
  readonly sequences: number;
  readonly length: number;
}

export interface PathPatchingOptions {
  readonly onProgress?: OnProgress;
}

const optionsSchema = z.strictObject({ onProgress: z.optional(aFunction) });

/**
 * Patches every edge between two heads from the clean run into the corrupted one, and for every later head and input all
 * edges into it together. A model of one layer has no edges, and the record says so. Throws an ArgumentError for options that
 * it does not have; an Error when the prompts are not as many, or not of equal length; a NotFiniteError when a loss is not
 * finite.
 */
export function pathPatching(model: Model, pair: PromptPair, options: PathPatchingOptions = {}): PathPatchingRecord {
  checkModel('pathPatching', model);
  checkOptions('pathPatching', optionsSchema, options);
  checkPair('pathPatching', pair);
  const { config } = model;
  const edges = allEdges(config);
  const inputs = INPUTS.flatMap((input) =>
    allHeads(config).flatMap((target) => (target.layer > 0 ? [{ target, input }] : [])),
  );
  const sites = [
    ...edges.map((edge) => [edge]),
    ...inputs.map(({ target, input }) => edgesInto([target], { input, sources: allHeads(config) })),
  ];
  const { clean, corrupted, patched } = losses(model, pair, { sites, onProgress: options.onProgress });
  const gap = difference(corrupted, clean);
  const doesNotApply =
    edges.length === 0 ? 'A model of one layer has no edges between heads.' : nothingToRestore(estimate(gap));
  const effects = patched.map((loss) =>
    doesNotApply === null ? estimateRatio(difference(corrupted, loss), gap) : notMeasured(gap.length),
  );
  return {
    cleanLoss: estimate(clean),
    corruptedLoss: estimate(corrupted),
    edges: edges.map(({ source, target, input }, i) => {
      const others = edges.flatMap((other, j) =>
        j !== i && other.input === input && sameHead(other.target, target) && other.source.layer === source.layer
          ? [effects[j]!.value]
          : [],
      );
      return {
        ...{ source: labelOf(source), target: labelOf(target), input, effect: effects[i]! },
        control: others.length === 0 ? null : mean(others),
      };
    }),
    joint: inputs.map(({ target, input }, i) => ({
      ...{ target: labelOf(target), input, effect: effects[edges.length + i]! },
    })),
    doesNotApply,
    queries: pair.queries,
    sequences: gap.length,
    length: pair.clean[0]!.length,
  };
}

const notMeasured = (n: number): Estimate => ({ value: Number.NaN, interval: [Number.NaN, Number.NaN], n });

/** Losses of both runs, and of the corrupted one with each site's edges patched, by sequence; `patched` is [site][sequence]. */
interface Losses {
  readonly clean: Float64Array;
  readonly corrupted: Float64Array;
  readonly patched: readonly Float64Array[];
}

function losses(
  model: Model,
  pair: PromptPair,
  { sites, onProgress }: { sites: readonly (readonly Edge[])[]; onProgress: OnProgress | undefined },
): Losses {
  const { config } = model;
  const hooks = [...new Set(sites.flat().map(({ source }) => headResult(source.layer)))];
  const progress = new Progress(onProgress, (2 + sites.length) * pair.clean.length * pair.clean[0]!.length);
  const parts = promptSlices(pair, { config, hooks }).map((slice) => {
    const lossOf = (tokens: Tokens, run: RunResult, interventions: readonly Intervention[] = []): Float64Array => {
      checkLosses(model, run, { tokens, interventions });
      progress.add(tokens.length * run.length);
      return targetLosses(run.logits, slice, config);
    };
    const { clean, corrupted } = slice;
    const cleanRun = model.runWithInterventions(clean, [], { names: hooks });
    const parts = [lossOf(clean, cleanRun), lossOf(corrupted, model.run(corrupted))];
    for (const edges of sites) {
      const patches = patchEdges(edges);
      parts.push(lossOf(corrupted, model.runWithInterventions(corrupted, patches, { clean: cleanRun.cache }), patches));
    }
    return parts;
  });
  progress.finish();
  const joined = (i: number): Float64Array => Float64Array.from(parts.flatMap((part) => [...part[i]!]));
  return { clean: joined(0), corrupted: joined(1), patched: sites.map((_, i) => joined(2 + i)) };
}
