// A transformer with its memory: run it, look inside, change it on the way, take gradients. One model owns one memory
// and one plan at a time; it is planned anew when the number or length of sequences changes. Not for several threads.
import * as z from 'zod/mini';
import { checkEngine } from '../engine/checkEngine.ts';
import type { Engine } from '../engine/engine.ts';
import { ArgumentError, checkArgument, must } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { ActivationCache } from './activationCache.ts';
import { type ModelConfig, type ModelOptions, modelConfig } from './config.ts';
import { Executor, type RunResult, type Watch } from './execution.ts';
import { keeping, namesRole, planFor, planRun, refuseClash, watchedNorms, watchMeans, watchRun } from './forwardRun.ts';
import { type GenerateOptions, generate, isOneSequence, type Prompt } from './generate.ts';
import { GradientSum } from './gradientSum.ts';
import { hookPoint, isSquare } from './hookPoints.ts';
import { type HookSelection, selectHookPoints } from './hookSelection.ts';
import { checkHooks, denseHook, type Hook } from './interventions/hooked.ts';
import { checkInterventions } from './interventions/interventionChecks.ts';
import { cleanRunNeeds, type Intervention, layersOfMeans, type TensorHooks } from './interventions/interventions.ts';
import { blankWeights, type NamedWeights, namedCopies } from './parameters.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import { checkWeights } from './weightChecks.ts';

export type { RunResult } from './execution.ts';
export type { Hook, HookedActivation } from './interventions/hooked.ts';
export { checkTokens, type Tokens } from './tokens.ts';
export { longestRunnable } from './workspace.ts';

export interface CachedRun extends RunResult {
  readonly cache: ActivationCache;
}

export interface GradientRun extends RunResult {
  /** Gradients of the mean loss with respect to each weight. */
  readonly gradients: NamedWeights;
  /** Gradients of the mean loss with respect to the requested activations. Future keys have gradient 0. */
  readonly activationGradients: ActivationCache;
}

// What a selection may be is said by selectHookPoints, what tokens may be by checkTokens.
const Selection = z.optional(z.unknown());
const CacheOptions = z.strictObject({ names: Selection });
const InterventionOptions = z.strictObject({ names: Selection, clean: z.optional(z.unknown()) });
const GradientOptions = z.strictObject({
  names: Selection,
  queries: z.optional(
    must(
      'be a pair of query positions [from, to]',
      (q) => Array.isArray(q) && q.length === 2 && q.every(Number.isInteger),
    ),
  ),
});

export class Model {
  readonly config: ModelConfig;
  readonly engine: Engine;
  private readonly executor: Executor;

  /** A model with zero weights (LayerNorm gains 1). Use `setWeights`, or `initialize` in training. */
  constructor(engine: Engine, options: ModelOptions) {
    checkEngine(engine, 'Model');
    this.engine = engine;
    this.config = Object.freeze(modelConfig(options));
    this.executor = new Executor(this.config, engine);
    blankWeights(this.config, this.executor.weights);
  }

  /**
   * Sets weights by name; those not given keep their values. Throws when a name or shape is not this model's or a number is
   * not finite, and then sets none of them.
   */
  setWeights(weights: NamedWeights): void {
    const { executor } = this;
    executor.refuseWhileRunning('setWeights');
    checkWeights(executor.weights, weights, { caller: 'setWeights', floatBytes: executor.arena.floatBytes });
    for (const [name, { data }] of Object.entries(weights)) executor.weights.named(name).set(data);
    executor.weights.changed();
  }

  /** Copies of all weights by name. */
  getWeights(): NamedWeights {
    return namedCopies(this.executor.weights);
  }

  /**
   * Logits and losses. A batch of any size runs in slices whose activations take little memory. Throws a TooLargeError with
   * the number where the logits, or one sequence's attention patterns, take more than there is.
   */
  run(tokens: Tokens, ...more: readonly never[]): RunResult {
    if (more.length > 0)
      throw new ArgumentError(
        `run: takes tokens alone, got ${quoted(more[0])} besides; use runWithCache, runWithHooks or runWithInterventions.`,
      );
    const { cache: _, ...run } = this.runAndKeep('run', tokens, [], {});
    return run;
  }

  /**
   * Continues a sequence, or each of a batch, by `tokens` more: the prompt with what follows it. The likeliest token follows,
   * or with a `temperature` one that is drawn: a seed draws the same tokens from the same logits everywhere. Throws an Error
   * for a prompt that the model cannot run or that leaves too little of the context, a NotFiniteError for logits that are not.
   */
  generate(prompt: Prompt, options: GenerateOptions): number[];
  generate(prompt: Tokens, options: GenerateOptions): number[][];
  generate(prompt: Prompt | Tokens, options: GenerateOptions): number[] | number[][] {
    this.executor.refuseWhileRunning('generate');
    const { config } = this;
    const sequences = generate({ config, run: (tokens) => this.run(tokens) }, prompt, options);
    return isOneSequence(prompt) ? (sequences[0] as number[]) : sequences;
  }

  /** Runs and keeps the named activations (all but those on request unless `names` says otherwise). */
  runWithCache(tokens: Tokens, options: { names?: HookSelection } = {}): CachedRun {
    checkArgument('runWithCache', 'options', CacheOptions, options);
    const { names = '*' } = options;
    if (Array.isArray(names) && names.length === 0)
      throw new ArgumentError('runWithCache: names is empty, so nothing would be kept; name hook points, or use run.');
    return this.runAndKeep('runWithCache', tokens, [], { names });
  }

  /**
   * Runs with interventions; keeps the named activations (none unless `names` says so), as changed. The clean run, from
   * which means, resampled and patched values come, is one without interventions on `clean`: these tokens by default,
   * or what was kept of such a run before. Several interventions at one place act in the order given. Throws an
   * ArgumentError for an intervention with a field or value that there is none of.
   */
  runWithInterventions(
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: { names?: HookSelection; clean?: Tokens | ActivationCache } = {},
  ): CachedRun {
    checkArgument('runWithInterventions', 'options', InterventionOptions, options);
    return this.runAndKeep('runWithInterventions', tokens, interventions, options);
  }

  private runAndKeep(
    caller: string,
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: { names?: HookSelection; clean?: Tokens | ActivationCache },
  ): CachedRun {
    const { config, executor } = this;
    executor.refuseWhileRunning(caller);
    const names = selectHookPoints(config, options.names ?? [], caller);
    const extent = { sequences: tokens?.length ?? 0, length: checkTokens(config, tokens, caller) };
    checkInterventions(config, interventions, { caller, extent });
    const plan = planRun(config, { interventions, names, caller });
    const clean = this.cleanRun(caller, { tokens, ...options }, cleanRunNeeds(interventions));
    const resultMeans = new Map<string, Float64Array>();
    // biome-ignore format: what acts, and what it shares
    const acting = { config, interventions, names, clean, batch: extent.sequences, means: new Map(), resultMeans };
    const layers = layersOfMeans(config, interventions);
    if (layers.length > 0 && executor.slices({ caller, plan }, extent).length > 1)
      // A mean over a batch in slices is known once all of them have passed its layer, and later layers depend on it.
      for (const layer of layers) {
        const { found, see } = watchMeans(layer, { config, rows: extent.sequences * extent.length });
        executor.execute({ caller, tokens, plan, watch: watchRun(acting, see) });
        for (const [key, mean] of found) resultMeans.set(key, mean);
      }
    const { cache, see } = keeping(config, names);
    // biome-ignore format: what acts, and what it shares
    const run = { caller, tokens, plan, names, watch: watchRun(acting, see) };
    const threads = layers.length > 0 ? 1 : executor.threadsFor(extent);
    if (threads > 1) return { ...executor.executeDivided({ ...run, acting, cache }, threads), cache };
    return { ...executor.execute(run), cache };
  }

  private cleanRun(
    caller: string,
    { tokens, clean }: { tokens: Tokens; clean?: Tokens | ActivationCache },
    needs: readonly string[],
  ): ActivationCache {
    if (clean instanceof ActivationCache && clean.ofGradients)
      throw new ArgumentError(`${caller}: clean holds gradients; pass the cache of a run, as runWithCache keeps it.`);
    if (clean instanceof ActivationCache) return clean;
    if (clean !== undefined && !Array.isArray(clean))
      throw new ArgumentError(
        `${caller}: clean must be tokens or what a run kept (its \`cache\`), got ${quoted(clean)}.`,
      );
    if (clean !== undefined) checkTokens(this.config, clean, `${caller}, clean`);
    return needs.length === 0 ? new ActivationCache() : this.runWithCache(clean ?? tokens, { names: needs }).cache;
  }

  /**
   * Runs with functions called at hook points, in the order given: look at an activation, or change it before anything
   * uses it (`Hook` says how). A name may be a glob. Hooks on a layer's per-head inputs and on its LayerNorm exclude each
   * other. A hook sees all sequences at once: a batch whose activations do not fit into memory together is refused.
   */
  runWithHooks(tokens: Tokens, hooks: readonly (readonly [HookSelection, Hook])[]): RunResult {
    const caller = 'runWithHooks';
    const { config, executor } = this;
    checkHooks(hooks, caller);
    executor.refuseWhileRunning(caller);
    const actions: TensorHooks = new Map();
    for (const [selection, hook] of hooks) {
      const selected = selectHookPoints(config, selection, caller);
      if (selected.length === 0)
        throw new ArgumentError(`${caller}: a hook is given no names, so it would never be called; name hook points.`);
      for (const name of selected)
        actions.set(name, [...(actions.get(name) ?? []), denseHook(hook, hookPoint(config, name))]);
    }
    const names = [...actions.keys()];
    const plan = planFor(config, names);
    if (plan.splitInputs.length > 0) refuseClash(caller, names);
    const watch: Watch = () => ({
      ...watchedNorms(config, { seen: [], changed: names }),
      forward: (t) => {
        for (const action of actions.get(t.name) ?? []) action(t);
      },
    });
    return executor.execute({ caller, tokens, plan, watch, whole: hooks.length > 0 });
  }

  /**
   * Gradients of the mean loss, over all sequences and positions 0 … T − 2 or the `queries` from … to − 1 among them,
   * with respect to every weight and to the named activations (none by default). Throws when `queries` are none of them.
   */
  runWithGradients(
    tokens: Tokens,
    options: { names?: HookSelection; queries?: readonly [from: number, to: number] } = {},
  ): GradientRun {
    const caller = 'runWithGradients';
    const { config, executor } = this;
    checkArgument(caller, 'options', GradientOptions, options);
    executor.refuseWhileRunning(caller);
    const { queries } = options;
    checkQueries(checkTokens(config, tokens, caller), queries);
    const names = selectHookPoints(config, options.names ?? [], caller);
    const activationGradients = new ActivationCache({ ofGradients: true, config });
    const total = new GradientSum();
    const backward = (wanted: readonly string[], { split }: { split: boolean }): RunResult => {
      const keep = new Set(wanted);
      const all = Array.from({ length: config.nLayers }, (_, layer) => layer);
      const results = namesRole(config, wanted, 'headResult') ? all : [];
      const watch: Watch = (_, { first }) => ({
        ...watchedNorms(config, { seen: wanted, changed: [] }),
        backward: (t) => {
          const slice = { first, batch: tokens.length };
          if (keep.has(t.name)) activationGradients.keep(t, { causal: isSquare(hookPoint(config, t.name)), slice });
        },
      });
      total.clear();
      return executor.execute({
        ...{ caller, tokens, watch, names, ...(queries ? { queries } : {}) },
        plan: { gradients: true, results, splitInputs: split ? all : [] },
        after: ({ transformer, gradients }) => {
          for (const gradient of gradients!.all) gradient.data.fill(0);
          transformer.backward(gradients!);
          total.add(gradients!);
        },
      });
    };
    const isSplit = (name: string): boolean => hookPoint(config, name).role === 'headInput';
    const split = names.filter(isSplit);
    if (split.length > 0) backward(split, { split: true });
    const run = backward(
      names.filter((name) => !isSplit(name)),
      { split: false },
    );
    return { ...run, gradients: total.named(), activationGradients };
  }
}

function checkQueries(length: number, queries: readonly [from: number, to: number] | undefined): void {
  const last = length - 1;
  if (queries && !(queries[0] >= 0 && queries[0] < queries[1] && queries[1] <= last))
    throw new Error(
      `runWithGradients: queries [${queries}] must lie within [0, ${last}), where a sequence has a next token.`,
    );
}
