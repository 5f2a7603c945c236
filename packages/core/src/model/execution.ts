// Runs of a model over its memory: a batch is divided into slices whose activations fit, and a transformer is laid out for
// each size of slice, one at a time in the same place.
//
// Whatever a run throws, the memory is afterwards as good as fresh: what has been laid out is forgotten, and all that may
// have been written is wiped before the next run. While it runs, it cannot be run or changed by a hook.
import type { Engine } from '../engine/engine.ts';
import type { Extent } from '../engine/modelOps.ts';
import { targetAt } from '../engine/targets.ts';
import { type Arena, copyElements, type Floats, sizeText, type Tensor } from '../engine/tensor.ts';
import { TooLargeError } from '../errors/tooLarge.ts';
import type { ActivationCache } from './activationCache.ts';
import type { PlanOptions, Watcher } from './components/plan.ts';
import type { ModelConfig } from './config.ts';
import type { Acting } from './forwardRun.ts';
import { axesIn } from './hookPoints.ts';
import { askHelpers, idOf, sharedClean, sharesOf, threadsFor } from './parallel/forwardPool.ts';
import type { ForwardJob } from './parallel/order.ts';
import { Parameters } from './parameters.ts';
import { layoutOf } from './shapes.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import type { Transformer } from './transformer.ts';
import { type BatchSlice, checkOutputs, layOut, slicesOf, type Workspace } from './workspace.ts';

export interface RunResult {
  /** [batch, pos, dVocab] */
  readonly logits: Floats;
  /** Next-token loss in nats of positions 0 … T − 2: [batch, pos − 1]. */
  readonly lossPerPosition: Floats;
  readonly batch: number;
  readonly length: number;
}

/** What watches a slice of a batch; `transformer` computes it. */
export type Watch = (transformer: Transformer, slice: BatchSlice) => Watcher | null;

export interface Execution {
  readonly caller: string;
  readonly tokens: Tokens;
  readonly plan: PlanOptions;
  readonly watch?: Watch;
  /** Hook points that are kept. */
  readonly names?: readonly string[];
  /** All sequences must run together: somebody looks at all of them at once. */
  readonly whole?: boolean;
  /** After the losses of a slice. */
  readonly after?: (workspace: Workspace, slice: BatchSlice) => void;
  readonly queries?: readonly [from: number, to: number];
}

/** Divisions of batches that are remembered. */
const REMEMBERED = 32;

export class Executor {
  readonly config: ModelConfig;
  readonly engine: Engine;
  readonly arena: Arena;
  readonly weights: Parameters;
  private planned: (Workspace & { key: string }) | null = null;
  /** How batches were divided lately: finding out takes longer than a small run. */
  private readonly sliced = new Map<string, BatchSlice[]>();
  /** Where the activations lie: zeroed before they are planned anew, since padding must be zero. */
  private readonly workspace: { start: number; end: number };
  /** The method under way. */
  private running: string | null = null;
  /** The weights where helpers read them, as of the last time that they were asked. */
  private shared: { version: number; weights: Float32Array } | null = null;

  constructor(config: ModelConfig, engine: Engine) {
    this.config = config;
    this.engine = engine;
    this.arena = engine.createArena();
    this.weights = new Parameters(config, this.arena);
    this.workspace = { start: this.arena.used, end: this.arena.used };
  }

  slices({ caller, plan, whole = false }: Omit<Execution, 'tokens'>, extent: Extent): BatchSlice[] {
    const key = keyOf(extent, plan);
    if (this.planned?.key === key) return [{ first: 0, count: extent.sequences }];
    const before = this.sliced.get(key);
    if (before && !whole) return before;
    const { arena, config, engine, weights, workspace } = this;
    const slices = slicesOf(caller, {
      arena,
      config,
      engine,
      weights,
      extent,
      plan,
      whole,
      start: workspace.start,
    });
    if (this.sliced.size >= REMEMBERED) this.sliced.clear();
    if (!whole) this.sliced.set(key, slices);
    return slices;
  }

  /** How many threads a forward pass is worth: 1 without helpers, or for little work. */
  threadsFor({ sequences, length }: Extent): number {
    return threadsFor(this.engine.helpers, { batch: sequences, length, weights: this.weights.length });
  }

  /** Throws an Error for tokens that the model cannot run, and a TooLargeError with the number where a run takes too much. */
  execute(options: Execution): RunResult {
    const { sequences, length } = this.checked(options);
    return this.guarded(options.caller, () => {
      const slices = this.slices(options, { sequences, length });
      const logits = this.floats(sequences * length * this.config.dVocab);
      const lossPerPosition = this.floats(sequences * (length - 1));
      this.runSlices(options, { slices, length, logits, lossPerPosition });
      return { logits, lossPerPosition, batch: sequences, length };
    });
  }

  /**
   * A forward pass whose sequences are divided among this thread and the engine's helpers: the same bits as `execute`.
   * What acts, and what is kept of the named activations in `cache`, is told to the helpers as values.
   */
  executeDivided(
    { acting, cache, ...options }: Execution & { acting: Acting; cache: ActivationCache },
    threads: number,
  ): RunResult {
    const { config, engine, weights, arena } = this;
    const { caller, tokens, plan, names = [] } = options;
    const { sequences: batch, length } = this.checked(options);
    return this.guarded(caller, () => {
      const shares = sharesOf(batch, threads).map(({ first, count }) =>
        this.slices(options, { sequences: count, length }).map((slice) => ({
          ...slice,
          first: first + slice.first,
        })),
      );
      const [logits, losses] = [sharedFloats(batch * length * config.dVocab), sharedFloats(batch * (length - 1))];
      const shape = { sequences: batch, length };
      this.shared = this.shared?.version === weights.version ? this.shared : shareWeights(weights, arena);
      const job: ForwardJob = {
        ...{ config, batch, length, plan, names, logits, losses },
        model: { id: idOf(this), ...this.shared },
        tokens: sharedTokens(tokens, length),
        interventions: acting.interventions,
        clean: sharedClean(acting.clean),
        kept: names.map((name) => cache.allot(name, layoutOf(axesIn(config, name, plan), config, shape))),
      };
      const finish = askHelpers(engine.helpers!, job, shares.slice(1));
      try {
        this.runSlices(options, { slices: shares[0]!, length, logits, lossPerPosition: losses });
      } catch (error) {
        attempt(finish);
        throw error;
      }
      finish();
      // Copies that nobody shares: a memory of its own is what callers expect of an array.
      return { logits: new Float32Array(logits), lossPerPosition: new Float32Array(losses), batch, length };
    });
  }

  private checked({ caller, tokens, plan, names = [] }: Execution): Extent {
    this.refuseWhileRunning(caller);
    const length = checkTokens(this.config, tokens, caller);
    const extent = { sequences: tokens.length, length };
    checkOutputs(this.config, { caller, extent, names, plan, floatBytes: this.arena.floatBytes });
    return extent;
  }

  private guarded<T>(caller: string, run: () => T): T {
    this.running = caller;
    try {
      return run();
    } catch (error) {
      this.planned = null; // whatever is half done is wiped when the next run is planned
      throw error;
    } finally {
      this.running = null;
    }
  }

  private floats(size: number): Floats {
    try {
      return this.arena.floatBytes === 4 ? new Float32Array(size) : new Float64Array(size);
    } catch (error) {
      throw new TooLargeError(
        `This machine gives no array of ${sizeText(size * this.arena.floatBytes)} just now; run fewer sequences at a time.`,
        { cause: error },
      );
    }
  }

  /** Runs slices of a batch one after the other; `out` is of the whole batch. */
  runSlices(
    options: Execution,
    { slices, ...out }: { slices: readonly BatchSlice[]; length: number; logits: Floats; lossPerPosition: Floats },
  ): void {
    for (const slice of slices) this.executeSlice(options, { slice, ...out });
  }

  private executeSlice(
    { tokens, plan, watch, after, queries }: Execution,
    out: { slice: BatchSlice; length: number; logits: Floats; lossPerPosition: Floats },
  ): void {
    const { slice, length } = out;
    const { first, count } = slice;
    const workspace = this.plan({ sequences: count, length }, plan);
    const { transformer } = workspace;
    const [from, to] = queries ?? [0, length - 1];
    const [tokensHere, targets] = [transformer.tokens.data, transformer.targets.data];
    for (let s = 0; s < count; s++) {
      const sequence = tokens[first + s] as ArrayLike<number>;
      for (let t = 0; t < length; t++) {
        tokensHere[s * length + t] = sequence[t] as number;
        targets[s * length + t] = targetAt(sequence, t, { length, from, to });
      }
    }
    transformer.watcher = watch ? watch(transformer, slice) : null;
    try {
      transformer.forward();
      transformer.loss(1 / (tokens.length * Math.max(1, to - from)));
      after?.(workspace, slice);
    } finally {
      transformer.watcher = null;
    }
    const losses = transformer.losses.viewed('losses', { shape: [count, length - 1], strides: [length, 1] });
    copyOut(transformer.logits, out.logits, first * length * this.config.dVocab);
    copyOut(losses, out.lossPerPosition, first * (length - 1));
  }

  /** The transformer for this extent, planned anew in the same memory when it is not the last one. */
  private plan(extent: Extent, plan: PlanOptions): Workspace {
    const key = keyOf(extent, plan);
    if (this.planned?.key === key) return this.planned;
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
    return this.planned;
  }

  /** A hook that runs or changes the model it is called from would change what the pass under way still reads. */
  refuseWhileRunning(caller: string): void {
    if (this.running !== null)
      throw new Error(
        `${caller}: this model is in the middle of ${this.running}; use another model inside a hook, or wait until it is through.`,
      );
  }
}

const sharedFloats = (size: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * size));

function shareWeights(weights: Parameters, arena: Arena): { version: number; weights: Float32Array } {
  const shared = sharedFloats(weights.length);
  shared.set(arena.floats(weights.address, weights.length));
  return { version: weights.version, weights: shared };
}

function sharedTokens(tokens: Tokens, length: number): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * tokens.length * length));
  tokens.forEach((sequence, s) => void shared.set(sequence, s * length));
  return shared;
}

/** For what is to be done although something has failed already, of which will be told. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {}
}

/** Writes a tensor's elements, row-major, into `out` from `at` on. */
const copyOut = (tensor: Tensor, out: Floats, at: number): void =>
  copyElements(tensor, tensor.data, out.subarray(at, at + tensor.size), 'out');

const keyOf = (extent: Extent, plan: PlanOptions): string => {
  const layers = (chosen: readonly number[]): number[] => [...new Set(chosen)].sort((a, b) => a - b);
  return JSON.stringify([extent, plan.gradients, layers(plan.results), layers(plan.splitInputs), ...[plan.attentionInputs, plan.mlpInputs].map((chosen) => layers(chosen ?? []))]);
};
