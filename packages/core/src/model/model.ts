// A transformer with its memory: run it, look inside, change it on the way, take gradients. One model owns one memory
// and one program at a time; it is planned anew when the number or length of sequences changes. Not for several threads.
//
// Whatever a run throws, the model is afterwards as it was before: what has been laid out is forgotten, and all that may
// have been written is wiped before the next run. While it runs, it cannot be run or changed by a hook.
import * as z from 'zod/mini';
import { checkEngine } from '../engine/checkEngine.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_TARGET, notTrained, target } from '../engine/targets.ts';
import { type Arena, copyElements, type Floats, type Tensor } from '../engine/tensor.ts';
import { ArgumentError, checkArgument, must } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { ActivationCache } from './activationCache.ts';
import type { PlanOptions } from './activations.ts';
import { type ModelConfig, type ModelOptions, modelConfig } from './config.ts';
import { type HookSelection, isNormalized, isResult, isSplitInput, selectHookPoints } from './hookPoints.ts';
import { checkHooks, denseHook, type Hook } from './interventions/hooked.ts';
import { checkInterventions } from './interventions/interventionChecks.ts';
import {
  cleanRunNeeds,
  compileInterventions,
  type Intervention,
  layersOfMeans,
  type RemoveFromInput,
  type TensorHooks,
} from './interventions/interventions.ts';
import type { SharedMeans } from './interventions/places.ts';
import { addToMean, blankMeans } from './interventions/resultMeans.ts';
import { blankWeights, type NamedWeights, namedCopies, Parameters } from './parameters.ts';
import type { Program } from './program.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import { checkWeights } from './weightChecks.ts';
import { type BatchSlice, checkOutputs, layOut, slicesOf, type Workspace } from './workspace.ts';

export type { Hook, HookedActivation } from './interventions/hooked.ts';
export { checkTokens, type Tokens } from './tokens.ts';
export { longestRunnable } from './workspace.ts';

export interface RunResult {
  /** [batch, pos, dVocab] */
  readonly logits: Floats;
  /** Next-token loss in nats of positions 0 … T − 2: [batch, pos − 1]. */
  readonly lossPerPosition: Floats;
  readonly batch: number;
  readonly length: number;
}

export interface CachedRun extends RunResult {
  readonly cache: ActivationCache;
}

export interface GradientRun extends RunResult {
  /** Gradients of the mean loss with respect to each weight. */
  readonly gradients: NamedWeights;
  /** Gradients of the mean loss with respect to the requested activations. Future keys have gradient 0. */
  readonly activationGradients: ActivationCache;
}

const PLAIN: PlanOptions = { gradients: false, results: [], splitInputs: [] };

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

/** What watches a slice of a batch; `program` computes it. */
type Watch = (program: Program, slice: BatchSlice) => Program['watcher'];

interface Execution {
  readonly caller: string;
  readonly tokens: Tokens;
  readonly plan: PlanOptions;
  readonly watch?: Watch;
  /** Hook points that are kept. */
  readonly names?: readonly string[];
  /** All sequences must run together: somebody looks at all of them at once. */
  readonly whole?: boolean;
  /** After the losses of a slice. */
  readonly after?: (program: Program) => void;
  readonly queries?: readonly [from: number, to: number];
}

export class Model {
  readonly config: ModelConfig;
  readonly engine: Engine;
  private readonly weights: Parameters;
  private readonly arena: Arena;
  private planned: (Workspace & { key: string }) | null = null;
  /** How the last batch that was not planned yet was divided: finding out takes longer than a small run. */
  private sliced: { key: string; slices: BatchSlice[] } | null = null;
  /** Where the program's activations lie: zeroed before it is planned anew, since padding must be zero. */
  private readonly workspace: { start: number; end: number };
  /** The method under way. */
  private running: string | null = null;

  /** A model with zero weights (LayerNorm gains 1). Use `setWeights`, or `initialize` in training. */
  constructor(engine: Engine, options: ModelOptions) {
    checkEngine(engine, 'Model');
    this.engine = engine;
    this.config = Object.freeze(modelConfig(options));
    this.arena = engine.createArena();
    this.weights = new Parameters(this.config, this.arena);
    blankWeights(this.config, this.weights);
    this.workspace = { start: this.arena.used, end: this.arena.used };
  }

  /**
   * Sets weights by name; those not given keep their values. Throws when a name or shape is not this model's or a number is
   * not finite, and then sets none of them.
   */
  setWeights(weights: NamedWeights): void {
    this.refuseWhileRunning('setWeights');
    checkWeights(this.weights, weights, { caller: 'setWeights', floatBytes: this.arena.floatBytes });
    for (const [name, { data }] of Object.entries(weights)) this.weights.named(name).set(data);
    this.weights.changed();
  }

  /** Copies of all weights by name. */
  getWeights(): NamedWeights {
    return namedCopies(this.weights);
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
    return this.execute({ caller: 'run', tokens, plan: PLAIN });
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
    this.refuseWhileRunning(caller);
    const { config } = this;
    const names = selectHookPoints(config, options.names ?? [], caller);
    const extent = { sequences: tokens?.length ?? 0, length: checkTokens(config, tokens, caller) };
    checkInterventions(config, interventions, { caller, extent });
    const removals = interventions.filter((i) => i.kind === 'removeFromInput');
    const changed = interventions.flatMap((i) => (i.kind === 'removeFromInput' ? [] : [i.hook]));
    const plan: PlanOptions = {
      gradients: false,
      results: [...layersOf([...names, ...changed], isResult), ...removals.flatMap((r) => sourceLayers(r))],
      splitInputs: [...layersOf([...names, ...changed], isSplitInput), ...removals.map(({ layer }) => layer)],
    };
    if (plan.splitInputs.length > 0) refuseClash(caller, changed);
    const clean = this.cleanRun(caller, { tokens, ...options }, cleanRunNeeds(interventions));
    const cache = new ActivationCache();
    const keep = new Set(names);
    const means: SharedMeans = new Map();
    const resultMeans = new Map<string, Float64Array>();
    /** Applies the interventions to a slice, and then shows each activation. */
    const watch =
      (see: (t: Tensor, slice: { first: number; batch: number }) => void): Watch =>
      (program, { first }) => {
        const slice = { first, batch: extent.sequences };
        const resultOf = (layer: number): Tensor => program.activations.blocks[layer]!.result as Tensor;
        const hooks = compileInterventions({ config, interventions, clean, resultOf, slice, means, resultMeans });
        return {
          changesScale: changed.some((name) => name.endsWith('hook_scale')),
          seesNormalized: [...names, ...changed].some(isNormalized),
          forward: (t) => {
            for (const action of hooks.get(t.name) ?? []) action(t);
            see(t, slice);
          },
        };
      };
    const layers = layersOfMeans(config, interventions);
    if (layers.length > 0 && this.slices({ caller, tokens, plan }, extent).length > 1)
      // A mean over a batch in slices is known once all of them have passed its layer, and later layers depend on it.
      for (const layer of layers) {
        const found = new Map<string, Float64Array>();
        const see = (t: Tensor): void => {
          if (t.name !== `blocks.${layer}.attn.hook_result`) return;
          if (found.size === 0) for (const [key, mean] of blankMeans(layer, t)) found.set(key, mean);
          for (let head = 0; head < config.nHeads; head++)
            addToMean(found.get(`${layer}.${head}`)!, t, head, extent.sequences * extent.length);
        };
        this.execute({ caller, tokens, plan, watch: watch(see) });
        for (const [key, mean] of found) resultMeans.set(key, mean);
      }
    const run = this.execute({
      ...{ caller, tokens, plan, names },
      watch: watch((t, slice) => {
        if (keep.has(t.name)) cache.keep(t, { slice });
      }),
    });
    return { ...run, cache };
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
    checkHooks(hooks, caller);
    this.refuseWhileRunning(caller);
    const actions: TensorHooks = new Map();
    for (const [selection, hook] of hooks) {
      const selected = selectHookPoints(this.config, selection, caller);
      if (selected.length === 0)
        throw new ArgumentError(`${caller}: a hook is given no names, so it would never be called; name hook points.`);
      for (const name of selected) actions.set(name, [...(actions.get(name) ?? []), denseHook(hook)]);
    }
    const names = [...actions.keys()];
    const splitInputs = layersOf(names, isSplitInput);
    if (splitInputs.length > 0) refuseClash(caller, names);
    const plan = { gradients: false, results: layersOf(names, isResult), splitInputs };
    const watch: Watch = () => ({
      changesScale: names.some((name) => name.endsWith('hook_scale')),
      seesNormalized: names.some(isNormalized),
      forward: (t) => {
        for (const action of actions.get(t.name) ?? []) action(t);
      },
    });
    return this.execute({ caller, tokens, plan, watch, whole: hooks.length > 0 });
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
    checkArgument(caller, 'options', GradientOptions, options);
    this.refuseWhileRunning(caller);
    const { queries } = options;
    const length = checkTokens(this.config, tokens, caller);
    checkQueries(length, queries);
    const names = selectHookPoints(this.config, options.names ?? [], caller);
    const activationGradients = new ActivationCache({ ofGradients: true });
    const total = new GradientSum();
    const backward = (wanted: readonly string[], splitInputs: boolean): RunResult => {
      const keep = new Set(wanted);
      const all = Array.from({ length: this.config.nLayers }, (_, layer) => layer);
      const plan = {
        gradients: true,
        results: wanted.some(isResult) ? all : [],
        splitInputs: splitInputs ? all : [],
      };
      const watch: Watch = (_, { first }) => ({
        seesNormalized: wanted.some(isNormalized),
        backward: (t) => {
          if (keep.has(t.name)) activationGradients.keep(t, { causal: true, slice: { first, batch: tokens.length } });
        },
      });
      total.clear();
      const after = (program: Program): void => {
        const gradients = this.planned!.gradients as Parameters;
        for (const gradient of gradients.all) gradient.data.fill(0);
        program.backward(gradients);
        total.add(gradients);
      };
      return this.execute({ caller, tokens, plan, watch, names, after, ...(queries ? { queries } : {}) });
    };
    const split = names.filter(isSplitInput);
    if (split.length > 0) backward(split, true);
    const run = backward(
      names.filter((name) => !isSplitInput(name)),
      false,
    );
    return { ...run, gradients: total.named(), activationGradients };
  }

  private slices(
    { caller, plan, whole = false }: Pick<Execution, 'caller' | 'tokens' | 'plan' | 'whole'>,
    extent: { sequences: number; length: number },
  ): BatchSlice[] {
    const key = keyOf(extent, plan);
    if (this.planned?.key === key) return [{ first: 0, count: extent.sequences }];
    if (this.sliced?.key === key && !whole) return this.sliced.slices;
    const { arena, config, engine, weights, workspace } = this;
    const slices = slicesOf(caller, { arena, config, engine, weights, extent, plan, whole, start: workspace.start });
    if (!whole) this.sliced = { key, slices };
    return slices;
  }

  private execute(options: Execution): RunResult {
    const { caller, tokens, names = [] } = options;
    this.refuseWhileRunning(caller);
    const length = checkTokens(this.config, tokens, caller);
    const extent = { sequences: tokens.length, length };
    const { floatBytes } = this.arena;
    checkOutputs(this.config, { caller, extent, names, floatBytes });
    this.running = caller;
    try {
      const slices = this.slices(options, extent);
      const floats = (size: number): Floats => (floatBytes === 4 ? new Float32Array(size) : new Float64Array(size));
      const logits = floats(extent.sequences * length * this.config.dVocab);
      const lossPerPosition = floats(extent.sequences * (length - 1));
      for (const slice of slices) this.executeSlice(options, { slice, length, logits, lossPerPosition });
      return { logits, lossPerPosition, batch: extent.sequences, length };
    } catch (error) {
      this.planned = null; // whatever is half done is wiped when the next run is planned
      throw error;
    } finally {
      this.running = null;
    }
  }

  private executeSlice(
    { tokens, plan, watch, after, queries }: Execution,
    out: { slice: BatchSlice; length: number; logits: Floats; lossPerPosition: Floats },
  ): void {
    const { slice, length } = out;
    const { first, count } = slice;
    const program = this.plan({ sequences: count, length }, plan);
    const a = program.activations;
    const [from, to] = queries ?? [0, length - 1];
    const [tokensHere, targets] = [a.tokens.data, a.targets.data];
    for (let s = 0; s < count; s++) {
      const sequence = tokens[first + s] as ArrayLike<number>;
      for (let t = 0; t < length; t++) {
        tokensHere[s * length + t] = sequence[t] as number;
        targets[s * length + t] = t >= length - 1 ? NO_TARGET : targetAt(sequence, t, [from, to]);
      }
    }
    program.watcher = watch ? watch(program, slice) : null;
    try {
      program.forward();
      program.loss(1 / (tokens.length * Math.max(1, to - from)));
      after?.(program);
    } finally {
      program.watcher = null;
    }
    const losses = a.losses.viewed('losses', { shape: [count, length - 1], strides: [length, 1] });
    copyOut(a.logits, out.logits, first * length * this.config.dVocab);
    copyOut(losses, out.lossPerPosition, first * (length - 1));
  }

  /** The program for this extent, planned anew in the same memory when it is not the last one. */
  private plan(extent: { sequences: number; length: number }, plan: PlanOptions): Program {
    const key = keyOf(extent, plan);
    if (this.planned?.key === key) return this.planned.program;
    const { workspace, config, engine, weights } = this;
    this.planned = null; // its memory is about to be another's
    // Eight bytes at a time: on shared memory a fill goes element by element.
    new Float64Array(this.arena.memory.buffer, workspace.start, (workspace.end - workspace.start) / 8).fill(0);
    workspace.end = workspace.start;
    const arena = this.arena.from(workspace.start);
    try {
      this.planned = { key, ...layOut(arena, { config, engine, weights, extent, plan }) };
    } finally {
      workspace.end = arena.used; // also where laying out failed half-way: tables may be written already
    }
    return this.planned.program;
  }

  /** A hook that runs or changes the model it is called from would change what the pass under way still reads. */
  private refuseWhileRunning(caller: string): void {
    if (this.running !== null)
      throw new Error(
        `${caller}: this model is in the middle of ${this.running}; use another model inside a hook, or wait until it is through.`,
      );
  }
}

/** Writes a tensor's elements, row-major, into `out` from `at` on. */
const copyOut = (tensor: Tensor, out: Floats, at: number): void =>
  copyElements(tensor, tensor.data, out.subarray(at, at + tensor.size), 'out');

const keyOf = (extent: { sequences: number; length: number }, plan: PlanOptions): string => {
  const layers = (chosen: readonly number[]): number[] => [...new Set(chosen)].sort((a, b) => a - b);
  return JSON.stringify([extent, plan.gradients, layers(plan.results), layers(plan.splitInputs)]);
};

/** Adds up the gradients of a batch's slices; of a batch that runs as a whole it is a copy. */
class GradientSum {
  private sum: NamedWeights = {};

  clear(): void {
    this.sum = {};
  }

  add(gradients: Parameters): void {
    const more = namedCopies(gradients);
    for (const [name, { data }] of Object.entries(more)) {
      const before = this.sum[name]?.data;
      if (before) for (let i = 0; i < data.length; i++) (data as Floats)[i]! += before[i] as number;
    }
    this.sum = more;
  }

  named(): NamedWeights {
    return this.sum;
  }
}

/** The layers whose hook points of that kind are named. */
const layersOf = (names: readonly string[], ofKind: (name: string) => boolean): number[] =>
  names.filter(ofKind).map((name) => Number(name.split('.')[1]));

/** The layers whose heads a removal needs the outputs of. */
const sourceLayers = ({ layer, sources }: RemoveFromInput): number[] =>
  sources === 'allEarlier' ? Array.from({ length: layer }, (_, l) => l) : sources.map((source) => source.layer);

/** What position t is to predict, as the loss wants it. */
const targetAt = (sequence: ArrayLike<number>, t: number, [from, to]: readonly [number, number]): number => {
  const next = sequence[t + 1] as number;
  return t >= from && t < to ? target(next) : notTrained(next);
};

function checkQueries(length: number, queries: readonly [from: number, to: number] | undefined): void {
  const last = length - 1;
  if (queries && !(queries[0] >= 0 && queries[0] < queries[1] && queries[1] <= last))
    throw new Error(
      `runWithGradients: queries [${queries}] must lie within [0, ${last}), where a sequence has a next token.`,
    );
}

/** While heads have inputs of their own they no longer read the layer's common LayerNorm. */
function refuseClash(caller: string, changed: readonly string[]): void {
  const clash = changed.find((name) => name.includes('.ln1.'));
  if (clash)
    throw new Error(
      `${caller}: "${clash}" has no effect while heads have inputs of their own; leave out it or what acts on hook_q_input, hook_k_input, hook_v_input.`,
    );
}
