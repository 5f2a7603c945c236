// A transformer with its memory: run it, look inside, change it on the way, take gradients. One model owns one memory
// and one program at a time; it is planned anew when the number or length of sequences changes. Not for several threads.
import type { Engine } from '../engine/engine.ts';
import type { Arena, Floats, Tensor } from '../engine/tensor.ts';
import { ActivationCache } from './activationCache.ts';
import type { PlanOptions } from './activations.ts';
import { type ModelConfig, type ModelOptions, modelConfig } from './config.ts';
import {
  type HookSelection,
  hideFuture,
  isNormalized,
  isResult,
  isSplitInput,
  selectHookPoints,
} from './hookPoints.ts';
import {
  checkIntervention,
  cleanRunNeeds,
  compileInterventions,
  type Intervention,
  type RemoveFromInput,
  type TensorHooks,
} from './interventions.ts';
import { blankWeights, type NamedWeights, namedCopies, Parameters, widestMatrix } from './parameters.ts';
import { Program } from './program.ts';

/** Sequences of equal length, row by row: at most nCtx tokens each, whole numbers below dVocab. */
export type Tokens = readonly ArrayLike<number>[];

/** What a hook sees: a dense copy, row-major in `shape`. Changes to `data` take effect; `data` may also be replaced. */
export interface HookedActivation {
  readonly name: string;
  /** Axes as in TransformerLens: [batch, pos, ...]; patterns and scores are [batch, head, queryPos, keyPos]. */
  readonly shape: readonly number[];
  data: Floats;
}

export type Hook = (activation: HookedActivation) => void;

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

export class Model {
  readonly config: ModelConfig;
  readonly engine: Engine;
  private readonly weights: Parameters;
  private readonly arena: Arena;
  private planned: { key: string; program: Program; gradients: Parameters | null } | null = null;
  /** Where the program's activations lie: zeroed before it is planned anew, since padding must be zero. */
  private readonly workspace: { start: number; end: number };

  /** A model with zero weights (LayerNorm gains 1). Use `setWeights`, or `initialize` in training. */
  constructor(engine: Engine, options: ModelOptions) {
    this.engine = engine;
    this.config = modelConfig(options);
    this.arena = engine.createArena();
    this.weights = new Parameters(this.config, this.arena);
    blankWeights(this.config, this.weights);
    this.workspace = { start: this.arena.used, end: this.arena.used };
  }

  /** Sets weights by name; those not given keep their values. Throws when a name or shape is not this model's. */
  setWeights(weights: NamedWeights): void {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      const tensor = this.weights.named(name);
      if (shape.join() !== tensor.shape.join())
        throw new Error(`setWeights: ${name} has shape [${shape}], this model needs [${tensor.shape}].`);
      tensor.set(data);
    }
    this.weights.changed();
  }

  /** Copies of all weights by name. */
  getWeights(): NamedWeights {
    return namedCopies(this.weights);
  }

  /** Logits and losses. */
  run(tokens: Tokens): RunResult {
    return this.execute('run', tokens, PLAIN, null);
  }

  /** Runs and keeps the named activations (all but those on request unless `names` says otherwise). */
  runWithCache(tokens: Tokens, options: { names?: HookSelection } = {}): CachedRun {
    return this.runAndKeep('runWithCache', tokens, [], { names: options.names ?? '*' });
  }

  /**
   * Runs with interventions; keeps the named activations (none unless `names` says so), as changed. The clean run, from
   * which means, resampled and patched values come, is one without interventions on `clean`: these tokens by default,
   * or what was kept of such a run before. Several interventions at one place act in the order given.
   */
  runWithInterventions(
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: { names?: HookSelection; clean?: Tokens | ActivationCache } = {},
  ): CachedRun {
    return this.runAndKeep('runWithInterventions', tokens, interventions, options);
  }

  private runAndKeep(
    caller: string,
    tokens: Tokens,
    interventions: readonly Intervention[],
    options: { names?: HookSelection; clean?: Tokens | ActivationCache },
  ): CachedRun {
    const names = selectHookPoints(this.config, options.names ?? [], caller);
    for (const intervention of interventions) checkIntervention(this.config, intervention);
    const removals = interventions.filter((i) => i.kind === 'removeFromInput');
    const changed = interventions.flatMap((i) => (i.kind === 'removeFromInput' ? [] : [i.hook]));
    const plan: PlanOptions = {
      gradients: false,
      results: [...layersOf([...names, ...changed], isResult), ...removals.flatMap((r) => sourceLayers(r))],
      splitInputs: [...layersOf([...names, ...changed], isSplitInput), ...removals.map(({ layer }) => layer)],
    };
    if (plan.splitInputs.length > 0) refuseClash(caller, changed);
    const needs = cleanRunNeeds(interventions);
    const clean = this.cleanRun(options.clean ?? tokens, needs);
    const cache = new ActivationCache();
    const run = this.execute(caller, tokens, plan, (program) => {
      const resultOf = (layer: number): Tensor => program.activations.blocks[layer]!.result as Tensor;
      const hooks = compileInterventions({ config: this.config, interventions, clean, resultOf });
      const keep = new Set(names);
      return {
        changesScale: changed.some((name) => name.endsWith('hook_scale')),
        seesNormalized: [...names, ...changed].some(isNormalized),
        forward: (t) => {
          for (const action of hooks.get(t.name) ?? []) action(t);
          if (keep.has(t.name)) cache.keep(t);
        },
      };
    });
    return { ...run, cache };
  }

  private cleanRun(clean: Tokens | ActivationCache, needs: readonly string[]): ActivationCache {
    if (clean instanceof ActivationCache) return clean;
    return needs.length === 0 ? new ActivationCache() : this.runWithCache(clean, { names: needs }).cache;
  }

  /**
   * Runs with functions called at hook points, in the order given: look at an activation, or change it before anything
   * uses it. A name may be a glob. Hooks on a layer's per-head inputs and on its LayerNorm exclude each other.
   */
  runWithHooks(tokens: Tokens, hooks: readonly (readonly [HookSelection, Hook])[]): RunResult {
    const actions: TensorHooks = new Map();
    for (const [selection, hook] of hooks)
      for (const name of selectHookPoints(this.config, selection, 'runWithHooks'))
        actions.set(name, [...(actions.get(name) ?? []), denseHook(hook)]);
    const names = [...actions.keys()];
    const splitInputs = layersOf(names, isSplitInput);
    if (splitInputs.length > 0) refuseClash('runWithHooks', names);
    const plan = { gradients: false, results: layersOf(names, isResult), splitInputs };
    return this.execute('runWithHooks', tokens, plan, () => ({
      changesScale: names.some((name) => name.endsWith('hook_scale')),
      seesNormalized: names.some(isNormalized),
      forward: (t) => {
        for (const action of actions.get(t.name) ?? []) action(t);
      },
    }));
  }

  /**
   * Gradients of the mean loss, over all sequences and positions 0 … T − 2 or the `queries` from … to − 1 among them,
   * with respect to every weight and to the named activations (none by default). Throws when `queries` are none of them.
   */
  runWithGradients(
    tokens: Tokens,
    options: { names?: HookSelection; queries?: readonly [from: number, to: number] } = {},
  ): GradientRun {
    const { queries } = options;
    checkQueries(tokens, queries);
    const names = selectHookPoints(this.config, options.names ?? [], 'runWithGradients');
    const activationGradients = new ActivationCache();
    const backward = (wanted: readonly string[], splitInputs: boolean): RunResult => {
      const keep = new Set(wanted);
      const all = Array.from({ length: this.config.nLayers }, (_, layer) => layer);
      const plan = {
        gradients: true,
        results: wanted.some(isResult) ? all : [],
        splitInputs: splitInputs ? all : [],
      };
      const watch = (): Program['watcher'] => ({
        seesNormalized: wanted.some(isNormalized),
        backward: (t) => {
          if (keep.has(t.name)) activationGradients.keep(t, { causal: true });
        },
      });
      const after = (program: Program): void => {
        for (const gradient of this.gradients().all) gradient.data.fill(0);
        program.backward(this.gradients());
      };
      return this.execute('runWithGradients', tokens, plan, watch, { after, ...(queries ? { queries } : {}) });
    };
    const split = names.filter(isSplitInput);
    if (split.length > 0) backward(split, true);
    const run = backward(
      names.filter((name) => !isSplitInput(name)),
      false,
    );
    return { ...run, gradients: namedCopies(this.gradients()), activationGradients };
  }

  private gradients(): Parameters {
    return this.planned?.gradients as Parameters;
  }

  private execute(
    caller: string,
    tokens: Tokens,
    plan: PlanOptions,
    watch: ((program: Program) => Program['watcher']) | null,
    options: { after?: (program: Program) => void; queries?: readonly [from: number, to: number] } = {},
  ): RunResult {
    const length = checkTokens(this.config, tokens, caller);
    const program = this.plan({ sequences: tokens.length, length }, plan);
    const a = program.activations;
    const [from, to] = options.queries ?? [0, length - 1];
    tokens.forEach((sequence, s) => {
      for (let t = 0; t < length; t++) {
        a.tokens.data[s * length + t] = sequence[t] as number;
        a.targets.data[s * length + t] = t >= length - 1 ? -1 : target(sequence, t, [from, to]);
      }
    });
    program.watcher = watch ? watch(program) : null;
    try {
      program.forward();
      program.loss(1 / (tokens.length * Math.max(1, to - from)));
      options.after?.(program);
    } finally {
      program.watcher = null;
    }
    const lossPerPosition = a.losses.viewed('losses', { shape: [tokens.length, length - 1], strides: [length, 1] });
    return { logits: a.logits.toArray(), lossPerPosition: lossPerPosition.toArray(), batch: tokens.length, length };
  }

  /** The program for this extent, planned anew in the same memory when it is not the last one. */
  private plan(extent: { sequences: number; length: number }, plan: PlanOptions): Program {
    const layers = (chosen: readonly number[]): number[] => [...new Set(chosen)].sort((a, b) => a - b);
    const key = JSON.stringify([extent, plan.gradients, layers(plan.results), layers(plan.splitInputs)]);
    if (this.planned?.key === key) return this.planned.program;
    const { workspace, config, engine, weights } = this;
    // Eight bytes at a time: on shared memory a fill goes element by element.
    new Float64Array(this.arena.memory.buffer, workspace.start, (workspace.end - workspace.start) / 8).fill(0);
    const arena = this.arena.from(workspace.start);
    const attention = { ...extent, heads: config.nHeads, dHead: config.dHead, attnScale: config.attnScale };
    const ops = engine.createOps(arena, attention, widestMatrix(config));
    const gradients = plan.gradients ? new Parameters(config, arena) : null;
    const program = new Program({ config, extent, plan, ops, arena, weights });
    workspace.end = arena.used;
    this.planned = { key, program, gradients };
    return program;
  }
}

/** The layers whose hook points of that kind are named. */
const layersOf = (names: readonly string[], ofKind: (name: string) => boolean): number[] =>
  names.filter(ofKind).map((name) => Number(name.split('.')[1]));

/** The layers whose heads a removal needs the outputs of. */
const sourceLayers = ({ layer, sources }: RemoveFromInput): number[] =>
  sources === 'allEarlier' ? Array.from({ length: layer }, (_, l) => l) : sources.map((source) => source.layer);

/** What position t is to predict, as the loss wants it: −2 − token where its loss does not count. */
const target = (sequence: ArrayLike<number>, t: number, [from, to]: readonly [number, number]): number => {
  const next = sequence[t + 1] as number;
  return t >= from && t < to ? next : -2 - next;
};

function checkQueries(tokens: Tokens, queries: readonly [from: number, to: number] | undefined): void {
  const last = (tokens[0]?.length ?? 0) - 1;
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

/** Gives a user's hook a dense copy and writes back what it leaves there. */
function denseHook(hook: Hook): (activation: Tensor) => void {
  return (tensor) => {
    const activation: HookedActivation = { name: tensor.name, shape: tensor.shape, data: tensor.toArray() };
    hook(activation);
    if (activation.data.length !== tensor.size)
      throw new Error(
        `runWithHooks: the hook at ${tensor.name} left ${activation.data.length} numbers, its shape [${tensor.shape}] needs ${tensor.size}.`,
      );
    hideFuture(activation);
    tensor.set(activation.data);
  };
}

/** The common length of the sequences. Throws an Error that names the sequence, the token and the limit. */
export function checkTokens(config: ModelConfig, tokens: Tokens, caller: string): number {
  const first = tokens[0];
  if (!first || first.length === 0) throw new Error(`${caller}: expected at least one sequence of at least one token.`);
  const length = first.length;
  if (length > config.nCtx)
    throw new Error(`${caller}: a sequence has ${length} tokens, this model's context is ${config.nCtx}; shorten it.`);
  tokens.forEach((sequence, s) => {
    if (sequence.length !== length)
      throw new Error(
        `${caller}: sequence ${s} has ${sequence.length} tokens, sequence 0 has ${length}; use equal lengths.`,
      );
    for (let t = 0; t < length; t++) {
      const token = sequence[t] as number;
      if (!Number.isInteger(token) || token < 0 || token >= config.dVocab)
        throw new Error(
          `${caller}: sequence ${s} has token ${token} at position ${t}; tokens are whole numbers from 0 to ${config.dVocab - 1}.`,
        );
    }
  });
  return length;
}
