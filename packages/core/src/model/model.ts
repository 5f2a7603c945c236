// A transformer with its memory: run it, look inside, change it on the way, take gradients. One model owns one memory
// and one plan at a time; it is planned anew when the number or length of sequences changes. Not for several threads.
import * as z from 'zod/mini';
import { checkEngine } from '../engine/checkEngine.ts';
import type { Engine } from '../engine/engine.ts';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { ActivationCache } from './activationCache.ts';
import { type ModelConfig, type ModelOptions, modelConfig } from './config.ts';
import { Executor, type RunResult, type Watch } from './execution.ts';
import { fillOutputMeans, keepIn, planFor, planRun, refuseClash, watchedNorms, watchRun } from './forwardRun.ts';
import { type GenerateOptions, generate, isOneSequence, type Prompt } from './generate.ts';
import { type GradientOptions, type GradientRun, runForGradients } from './gradientRun.ts';
import { hookPoint } from './hookPoints.ts';
import { type HookSelection, selectHookPoints } from './hookSelection.ts';
import { checkHooks, denseHook, type Hook } from './interventions/hooked.ts';
import { checkInterventions } from './interventions/interventionChecks.ts';
import { cleanRunNeeds, hooksOfMeans, type Intervention, type TensorHooks } from './interventions/interventions.ts';
import { type MeasureOptions, MeasureOptionsSchema } from './measures/measureOptions.ts';
import { measuring } from './measures/measuring.ts';
import { blankWeights, type NamedWeights, namedCopies } from './parameters.ts';
import { RETURNS, type Returns } from './returned.ts';
import { openingOf } from './startToken.ts';
import { fromStem } from './stemRuns.ts';
import { Stems } from './stems.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import { checkWeights } from './weightChecks.ts';

export type { RunResult } from './execution.ts';
export type { GradientOptions, GradientRun } from './gradientRun.ts';
export type { Hook, HookedActivation } from './interventions/hooked.ts';
export { checkTokens, type Tokens } from './tokens.ts';
export { longestRunnable, memoryNeeded } from './workspace.ts';

export interface CachedRun extends RunResult {
  readonly cache: ActivationCache;
}

// What a selection may be is said by selectHookPoints, what tokens may be by checkTokens.
const Selection = z.optional(z.unknown());
const Returning = z.optional(z.enum(RETURNS));
const CacheOptions = z.strictObject({ names: Selection, returns: Returning });
const InterventionOptions = z.strictObject({ ...CacheOptions.shape, clean: z.optional(z.unknown()) });
const Measuring = z.strictObject(MeasureOptionsSchema);

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

  /**
   * The same weights in the same memory, of which analyses make sequences that begin with `opening` (in place of the start
   * token alone) and never draw the tokens of `untrained`. This model where that is so already. Throws a RangeError for
   * what is no token of it.
   */
  withSequences({ opening, untrained }: Pick<ModelConfig, 'opening' | 'untrained'>): Model {
    const drawn = { opening: opening ?? openingOf(this.config), untrained: untrained ?? this.config.untrained ?? [] };
    const same = (a: readonly number[], b: readonly number[] = []): boolean => a.join() === b.join();
    if (same(drawn.opening, openingOf(this.config)) && same(drawn.untrained, this.config.untrained)) return this;
    const { opening: _, untrained: __, ...rest } = this.config;
    const others = drawn.untrained.length === 0 ? {} : { untrained: drawn.untrained };
    const config = Object.freeze(modelConfig({ ...rest, opening: drawn.opening, ...others }));
    return Object.assign(Object.create(Model.prototype) as Model, { ...this, config });
  }

  /** Copies of all weights by name. */
  getWeights(): NamedWeights {
    return namedCopies(this.executor.weights);
  }

  /** A copy of one weight. Throws an Error with the nearest names where the model has none of that name. */
  getWeight(name: string): NamedWeights[string] {
    const tensor = this.executor.weights.named(name, 'getWeight');
    return { shape: tensor.shape, data: tensor.toArray() };
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

  /**
   * Runs and keeps the named activations (all but those on request unless `names` says otherwise). `returns` says whether logits
   * are given back, losses alone, or `nothing` besides what is kept: then they are empty, and what only they need is not computed.
   */
  runWithCache(tokens: Tokens, options: { names?: HookSelection; returns?: Returns } = {}): CachedRun {
    checkArgument('runWithCache', 'options', CacheOptions, options);
    const { names = '*', ...rest } = options;
    if (Array.isArray(names) && names.length === 0)
      throw new ArgumentError('runWithCache: names is empty, so nothing would be kept; name hook points, or use run.');
    return this.runAndKeep('runWithCache', tokens, [], { names, ...rest });
  }

  /**
   * Runs with interventions; keeps the named activations (none unless `names` says so), as changed. The clean run, from
   * which means, resampled and patched values come, is one without interventions on `clean`: these tokens by default,
   * or what was kept of such a run before. `returns` as in `runWithCache`. Several interventions at one place act in the order given. Throws an
   * ArgumentError for an intervention with a field or value that there is none of.
   */
  runWithInterventions(
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: { names?: HookSelection; clean?: Tokens | ActivationCache; returns?: Returns } = {},
  ): CachedRun {
    checkArgument('runWithInterventions', 'options', InterventionOptions, options);
    return this.runAndKeep('runWithInterventions', tokens, interventions, options);
  }

  /**
   * The same for tokens that are run again and again: what comes before the first intervention is computed once, by the first
   * run in which nothing acts. The same bits. It takes memory: of every layer the residual stream and z of these tokens.
   * Where `logits` is false nobody asks for them, and there are none where something acts.
   */
  repeatedly(
    tokens: Tokens,
    { logits = true }: { logits?: boolean } = {},
  ): (interventions: readonly Intervention[], options?: { names?: HookSelection; returns?: Returns }) => CachedRun {
    const caller = 'repeatedly';
    checkTokens(this.config, tokens, caller);
    const [own, stems] = [tokens.map((sequence) => Int32Array.from(sequence)), new Stems()];
    return (interventions, options = {}) => {
      checkArgument(caller, 'options', CacheOptions, options);
      const returns = logits || interventions.length === 0 ? 'logits' : 'losses';
      return this.runAndKeep(caller, own, interventions, { returns, ...options, stems });
    };
  }

  private runAndKeep(
    caller: string,
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: {
      names?: HookSelection;
      clean?: Tokens | ActivationCache;
      stems?: Stems;
      returns?: Returns;
    },
  ): CachedRun {
    const { config, executor } = this;
    executor.refuseWhileRunning(caller);
    const names = selectHookPoints(config, options.names ?? [], caller);
    const extent = { sequences: tokens?.length ?? 0, length: checkTokens(config, tokens, caller) };
    checkInterventions(config, interventions, { caller, extent });
    const plan = planRun(config, { interventions, names, caller });
    const clean = this.cleanRun(caller, { tokens, ...options }, cleanRunNeeds(config, interventions));
    // biome-ignore format: what acts, and what it shares
    const acting = { config, interventions, names, clean, batch: extent.sequences, means: new Map(), outputMeans: new Map() };
    fillOutputMeans(acting, { executor, tokens, plan, caller });
    const cache = new ActivationCache({ config });
    const { returns = 'logits', stems } = options;
    const run = { caller, tokens, plan, names, returns, watch: watchRun(acting, keepIn(cache, names)) };
    const threads = hooksOfMeans(config, interventions).length > 0 ? 1 : executor.threadsFor(extent);
    if (threads > 1) return { ...executor.executeDivided({ ...run, acting, cache }, threads), cache };
    const taken =
      stems && executor.slices(run, extent).length === 1
        ? fromStem(run, { config, stems, version: executor.weights.version, interventions })
        : run;
    return { ...executor.execute(taken), cache };
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
   * What a measure says of each sequence: [batch], in the measure's unit. Of all queries with a next token, which is the
   * right answer, unless told; also of a run with interventions. Throws an Error that names sequence and query where a
   * query or an answer is none, or where the measure gives no finite number.
   */
  measure(tokens: Tokens, options: MeasureOptions): Float64Array {
    const caller = 'measure';
    checkArgument(caller, 'options', Measuring, options);
    checkTokens(this.config, tokens, caller);
    const { measure, interventions = [], clean } = options;
    const by = measuring(measure, options, { config: this.config, tokens, caller });
    const { logits, batch } = this.runAndKeep(caller, tokens, interventions, clean === undefined ? {} : { clean });
    const size = logits.length / batch;
    return Float64Array.from(tokens, (_, s) => by.value(s, logits.subarray(s * size, (s + 1) * size)));
  }

  /**
   * Gradients with respect to every weight and to the named activations (none by default): of the mean loss, over all
   * sequences and positions 0 … T − 2 or the `queries` from … to − 1 among them, or of a measure's mean over sequences. With
   * interventions an activation's gradient is that of what stands there after them, and nothing goes on where it was
   * overwritten. Throws what `measure` throws, and where `queries` are none or the measure has no gradient.
   */
  runWithGradients(tokens: Tokens, options: GradientOptions = {}): GradientRun {
    const { config, executor } = this;
    const clean = (needs: readonly string[]): ActivationCache =>
      this.cleanRun(
        'runWithGradients',
        { tokens, ...(options.clean === undefined ? {} : { clean: options.clean }) },
        needs,
      );
    return runForGradients({ config, executor, clean }, tokens, options);
  }
}
