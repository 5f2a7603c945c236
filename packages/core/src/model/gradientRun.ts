// A backward pass over a batch: gradients of the mean loss, or of a measure, also of a run with interventions.
import * as z from 'zod/mini';
import { checkArgument, must } from '../errors/arguments.ts';
import { ActivationCache } from './activationCache.ts';
import type { PlanOptions } from './components/plan.ts';
import type { ModelConfig } from './config.ts';
import type { Executor, RunResult, Watch } from './execution.ts';
import { type Acting, fillOutputMeans, namesRole, planRun, watchedNorms, watchRun } from './forwardRun.ts';
import { GradientSum } from './gradientSum.ts';
import { hookPoint, isSquare } from './hookPoints.ts';
import { type HookSelection, selectHookPoints } from './hookSelection.ts';
import { gradientCuts } from './interventions/gradientCuts.ts';
import { checkInterventions } from './interventions/interventionChecks.ts';
import { cleanRunNeeds } from './interventions/interventions.ts';
import { isRange, type Queries } from './measures/askedQueries.ts';
import { type MeasureOptions, MeasureOptionsSchema } from './measures/measureOptions.ts';
import { gradientFunction, type Measuring, measureOf, measuring } from './measures/measuring.ts';
import type { NamedWeights } from './parameters.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import type { Transformer } from './transformer.ts';
import type { BatchSlice } from './workspace.ts';

/** What a run gave, with the gradients. */
export interface GradientRun extends RunResult {
  /** Gradients of the mean loss, or of the mean of the measure, with respect to each weight. */
  readonly gradients: NamedWeights;
  /** The same with respect to the requested activations, as they stand after interventions. Future keys have gradient 0. */
  readonly activationGradients: ActivationCache;
  /** What was measured of each sequence, where a measure, answers or lists of queries were given. */
  readonly measured?: Float64Array;
}

/** Of what gradients are taken, and with respect to which activations. */
export interface GradientOptions extends Partial<MeasureOptions> {
  /** The hook points to take gradients at; none by default. */
  readonly names?: HookSelection;
}

const Options = z.strictObject({
  ...MeasureOptionsSchema,
  names: z.optional(z.unknown()),
  queries: z.optional(
    must(
      'be a pair of query positions [from, to], or a list of queries for each sequence',
      (q) =>
        Array.isArray(q) && ((q.length === 2 && q.every(Number.isInteger)) || (q.length > 0 && q.every(Array.isArray))),
    ),
  ),
});

const caller = 'runWithGradients';

/** What a model's method runs with; `clean` gives what interventions need of the clean run. */
export interface GradientContext {
  readonly config: ModelConfig;
  readonly executor: Executor;
  readonly clean: (needs: readonly string[]) => ActivationCache;
}

export function runForGradients(
  { config, executor, clean }: GradientContext,
  tokens: Tokens,
  options: GradientOptions,
): GradientRun {
  checkArgument(caller, 'options', Options, options);
  executor.refuseWhileRunning(caller);
  const length = checkTokens(config, tokens, caller);
  const { queries, interventions = [] } = options;
  const extent = { sequences: tokens.length, length };
  const measured = measuredBy(options, { config, tokens });
  if (!measured) checkRange(length, queries);
  const names = selectHookPoints(config, options.names ?? [], caller);
  checkInterventions(config, interventions, { caller, extent });
  planRun(config, { interventions, names, caller }); // refuses what cannot act together
  const acting = {
    ...{ config, interventions, clean: clean(cleanRunNeeds(config, interventions)), batch: tokens.length },
    ...{ means: new Map(), outputMeans: new Map<string, Float64Array>() },
  };
  const backward = gradientPasses({ config, executor }, { tokens, measured, acting, queries });
  const needed = planRun(config, { interventions, names: [], caller });
  const results = needed.results.length > 0;
  // Heads have inputs of their own where an intervention changes them; else only for gradients at them.
  const changesInputs = needed.splitInputs.length > 0;
  const isSplit = (name: string): boolean => changesInputs || hookPoint(config, name).role === 'headInput';
  const split = names.filter(isSplit);
  if (split.length > 0 && !changesInputs) backward.run(split, { split: true, results });
  const rest = changesInputs ? names : names.filter((name) => !isSplit(name));
  const run = backward.run(rest, { split: changesInputs, results });
  const { gradients, activationGradients } = backward;
  return {
    ...{ ...run, gradients: gradients.named(), activationGradients },
    ...(measured ? { measured: measured.values } : {}),
  };
}

interface Measured {
  readonly measuring: Measuring;
  readonly values: Float64Array;
}

/** Null where the loss of a range of queries is meant, which the kernels have. */
function measuredBy(
  options: GradientOptions,
  { config, tokens }: { config: ModelConfig; tokens: Tokens },
): Measured | null {
  const { measure = 'loss', queries, answers, wrong } = options;
  if (options.measure === undefined && !answers && !wrong && (!queries || isRange(queries))) return null;
  gradientFunction(measureOf(measure, caller), caller);
  return {
    measuring: measuring(measure, options, { config, tokens, caller }),
    values: new Float64Array(tokens.length),
  };
}

function checkRange(length: number, queries: Queries | undefined): void {
  const last = length - 1;
  if (queries && isRange(queries) && !(queries[0] >= 0 && queries[0] < queries[1] && queries[1] <= last))
    throw new Error(`${caller}: queries [${queries}] must lie within [0, ${last}), where a sequence has a next token.`);
}

type ActingOnBatch = Omit<Acting, 'names' | 'outputMeans'> & { outputMeans: Map<string, Float64Array> };

interface Passes {
  readonly gradients: GradientSum;
  readonly activationGradients: ActivationCache;
  run(wanted: readonly string[], options: { split: boolean; results: boolean }): RunResult;
}

/** Backward passes of one batch: each sums the weights' gradients anew, and keeps gradients of activations. */
function gradientPasses(
  { config, executor }: Pick<GradientContext, 'config' | 'executor'>,
  {
    tokens,
    measured,
    acting,
    queries,
  }: { tokens: Tokens; measured: Measured | null; acting: ActingOnBatch; queries: Queries | undefined },
): Passes {
  const { interventions } = acting;
  const activationGradients = new ActivationCache({ ofGradients: true, config });
  const gradients = new GradientSum();
  const all = Array.from({ length: config.nLayers }, (_, layer) => layer);
  const range = queries && !measured ? { queries: queries as readonly [number, number] } : {};
  const watchOf = (wanted: readonly string[]): Watch => {
    const keep = new Set(wanted);
    const forward = interventions.length > 0 ? watchRun({ ...acting, names: wanted }, () => {}) : null;
    return (transformer, slice) => {
      const cuts = gradientCuts(config, interventions);
      const place = { first: slice.first, batch: tokens.length };
      return {
        ...watchedNorms(config, { seen: wanted, changed: [] }),
        ...(forward ? { ...forward(transformer, slice), changesGradients: true } : {}),
        backward: (t) => {
          cuts.complete(t);
          if (keep.has(t.name))
            activationGradients.keep(t, { causal: isSquare(hookPoint(config, t.name)), slice: place });
          cuts.cut(t);
        },
      };
    };
  };
  const run: Passes['run'] = (wanted, { split, results }) => {
    const withResults = results || namesRole(config, wanted, 'headResult');
    const needed = planRun(config, { interventions, names: wanted, caller });
    const plan: PlanOptions = {
      ...{ gradients: true, results: withResults ? all : [], splitInputs: split ? all : [] },
      attentionInputs: needed.attentionInputs?.length ? all : [],
      mlpInputs: needed.mlpInputs?.length ? all : [],
    };
    fillOutputMeans(acting, { executor, tokens, plan, caller });
    gradients.clear();
    return executor.execute({
      ...{ caller, tokens, plan, watch: watchOf(wanted), names: wanted, ...range },
      after: ({ transformer, gradients: own }, slice) => {
        for (const gradient of own!.all) gradient.data.fill(0);
        if (measured) measureInto(transformer, slice, { ...measured, batch: tokens.length });
        transformer.backward(own!);
        gradients.add(own!);
      },
    });
  };
  return { gradients, activationGradients, run };
}

/** Measures a slice's sequences, and makes the logits' gradient that of the mean over the batch. */
function measureInto(
  { logits, dLogits }: Transformer,
  { first, count }: BatchSlice,
  { measuring: by, values, batch }: Measured & { batch: number },
): void {
  const dense = logits.toArray();
  const size = dense.length / count;
  const gradient = new Float64Array(dense.length);
  for (let s = 0; s < count; s++) {
    const own = dense.subarray(s * size, (s + 1) * size);
    values[first + s] = by.value(first + s, own);
    const numbers = by.gradient(first + s, own);
    for (let i = 0; i < size; i++) gradient[s * size + i] = numbers[i]! / batch;
  }
  dLogits!.set(gradient);
}
