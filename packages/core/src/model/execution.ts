// Runs of a model over its memory: a batch is divided into slices whose activations fit, and a transformer is laid out for
// each size of slice. Analyses go back and forth between few sizes, so what has been laid out lately is kept, one behind the
// other; when that becomes much, all of it is forgotten and the memory used anew.
//
// Whatever a run throws, the memory is afterwards as good as fresh: what has been laid out is forgotten, and all that may
// have been written is wiped before it is used again. While it runs, it cannot be run or changed by a hook.
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
import { attempt, sharedFloats, sharedTokens, shareWeights, takeOver } from './parallel/shared.ts';
import { Parameters } from './parameters.ts';
import { type Returns, sizesOf } from './returned.ts';
import { layoutOf } from './shapes.ts';
import type { Stem } from './stems.ts';
import { checkTokens, type Tokens } from './tokens.ts';
import type { Transformer } from './transformer.ts';
import { type BatchSlice, checkOutputs, endOf, keyOf, layOut, slicesOf, type Workspace } from './workspace.ts';

export interface RunResult {
  /** [batch, pos, dVocab] */
  readonly logits: Floats;
  /** Next-token loss in nats of positions 0 … T − 2: [batch, pos − 1]. */
  readonly lossPerPosition: Floats;
  readonly batch: number;
  readonly length: number;
}

type Outputs = Pick<RunResult, 'logits' | 'lossPerPosition' | 'length'>;

/** What watches a slice of a batch; `transformer` computes it. */
export type Watch = (transformer: Transformer, slice: BatchSlice) => Watcher | null;

export interface Execution {
  readonly caller: string;
  readonly tokens: Tokens;
  readonly plan: PlanOptions;
  readonly watch?: Watch;
  /** Hook points that are kept. */
  readonly names?: readonly string[];
  /** Where the pass is taken up, of a batch that runs as a whole. */
  readonly from?: { readonly layer: number; readonly stem: Stem };
  /** All sequences must run together: somebody looks at all of them at once. */
  readonly whole?: boolean;
  /** After the losses of a slice. */
  readonly after?: (workspace: Workspace, slice: BatchSlice) => void;
  readonly queries?: readonly [from: number, to: number];
  /** What nobody asks for is left empty; everything unless told. */
  readonly returns?: Returns;
}

/** Divisions of batches that are remembered. */
const REMEMBERED = 32;

/** Bytes that transformers may take together before they are forgotten. */
const KEPT_BYTES = 2 ** 25;

export class Executor {
  readonly config: ModelConfig;
  readonly engine: Engine;
  readonly arena: Arena;
  readonly weights: Parameters;
  private readonly planned = new Map<string, Workspace>();
  /** The key of the one that ran last. */
  private last = '';
  /** How batches were divided lately: finding out takes longer than a small run. */
  private readonly sliced = new Map<string, BatchSlice[]>();
  /** Where the activations lie: from `start`, what is laid out up to `end`, and what may have been written up to `written`. */
  private readonly workspace: { start: number; end: number; written: number };
  /** The method under way. */
  private running: string | null = null;
  /** The weights where helpers read them, as of the last time that they were asked. */
  private shared: { version: number; weights: Float32Array } | null = null;

  constructor(config: ModelConfig, engine: Engine) {
    this.config = config;
    this.engine = engine;
    this.arena = engine.createArena();
    this.weights = new Parameters(config, this.arena);
    const start = this.arena.used;
    this.workspace = { start, end: start, written: start };
  }

  slices({ caller, plan, whole = false }: Omit<Execution, 'tokens'>, extent: Extent): BatchSlice[] {
    const key = keyOf(extent, plan);
    if (this.planned.has(key)) return [{ first: 0, count: extent.sequences }];
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
      const out = this.outputs(options, { sequences, length });
      this.runSlices(options, { slices, length, ...out });
      return { ...out, batch: sequences, length };
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
    const { caller, tokens, plan, names = [], returns = 'logits' } = options;
    const { sequences: batch, length } = this.checked(options);
    return this.guarded(caller, () => {
      const shares = sharesOf(batch, threads).map(({ first, count }) =>
        this.slices(options, { sequences: count, length }).map((slice) => ({
          ...slice,
          first: first + slice.first,
        })),
      );
      const shape = { sequences: batch, length };
      const out = this.outputs(options, shape);
      const [logits, losses] = [sharedFloats(out.logits.length), sharedFloats(out.lossPerPosition.length)];
      this.shared = this.shared?.version === weights.version ? this.shared : shareWeights(weights, arena);
      const job: ForwardJob = {
        ...{ config, batch, length, plan, names, returns, logits, losses },
        model: { id: idOf(this), ...this.shared },
        tokens: sharedTokens(tokens, length),
        interventions: acting.interventions,
        clean: sharedClean(acting.clean),
        kept: names.map((name) => cache.allot(name, layoutOf(axesIn(config, name, plan), config, shape))),
      };
      const finish = askHelpers(engine.helpers!, job, shares.slice(1));
      try {
        this.runSlices(options, { slices: shares[0]!, length, ...out });
      } catch (error) {
        attempt(finish);
        throw error;
      }
      finish();
      const { first } = shares[1]![0]!;
      takeOver(logits, out.logits, { first, batch });
      takeOver(losses, out.lossPerPosition, { first, batch });
      return { ...out, batch, length };
    });
  }

  private checked({ caller, tokens, plan, names = [], returns = 'logits' }: Execution): Extent {
    this.refuseWhileRunning(caller);
    const length = checkTokens(this.config, tokens, caller);
    const extent = { sequences: tokens.length, length };
    checkOutputs(this.config, { caller, extent, names, plan, returns, floatBytes: this.arena.floatBytes });
    return extent;
  }

  private guarded<T>(caller: string, run: () => T): T {
    this.running = caller;
    try {
      return run();
    } catch (error) {
      this.forget(); // whatever is half done is wiped when the next run is planned
      throw error;
    } finally {
      this.running = null;
    }
  }

  private outputs({ returns = 'logits' }: Execution, extent: Extent): Omit<Outputs, 'length'> {
    const { logits, losses } = sizesOf(returns, { ...extent, dVocab: this.config.dVocab });
    return { logits: this.floats(logits), lossPerPosition: this.floats(losses) };
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
  runSlices(options: Execution, { slices, ...out }: Outputs & { slices: readonly BatchSlice[] }): void {
    for (const slice of slices) this.executeSlice(options, { slice, ...out });
  }

  private executeSlice(
    { tokens, plan, watch, after, queries, names = [], returns = 'logits', from: stem }: Execution,
    out: Outputs & { slice: BatchSlice },
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
      const through = returns === 'nothing' ? names : null;
      if (stem) transformer.forwardFrom(stem.layer, stem.stem, through);
      else transformer.forward(through);
      if (returns !== 'nothing') transformer.loss(1 / (tokens.length * Math.max(1, to - from)));
      after?.(workspace, slice);
    } finally {
      transformer.watcher = null;
    }
    if (returns === 'nothing') return;
    const losses = transformer.losses.viewed('losses', { shape: [count, length - 1], strides: [length, 1] });
    if (returns === 'logits') copyOut(transformer.logits, out.logits, first * length * this.config.dVocab);
    copyOut(losses, out.lossPerPosition, first * (length - 1));
  }

  /** The transformer for this extent, laid out behind the others unless it is one of them. */
  private plan(extent: Extent, plan: PlanOptions): Workspace {
    const key = keyOf(extent, plan);
    const known = this.planned.get(key);
    const again = this.last === key;
    this.last = key;
    if (known && (again || !plan.gradients)) return known;
    // What a backward pass adds to must be zero: it begins in memory that is as good as fresh.
    if (plan.gradients) this.forget();
    const { workspace, config, engine, weights, arena } = this;
    const options = { config, engine, weights, extent, plan };
    const size = endOf(workspace.end, arena, options) - workspace.end;
    if (workspace.end + size > Math.min(workspace.start + KEPT_BYTES, arena.limit)) this.forget();
    const { end, written } = workspace;
    // Padding must be zero. Eight bytes at a time: on shared memory a fill goes element by element.
    const dirty = Math.min(size, written - end);
    if (dirty > 0) new Float64Array(arena.memory.buffer, end, dirty / 8).fill(0);
    const room = arena.from(end);
    try {
      this.planned.set(key, layOut(room, options));
      workspace.end = room.used;
      room.close();
    } finally {
      workspace.written = Math.max(written, room.used); // also where laying out failed half-way: tables may be written already
    }
    return this.planned.get(key)!;
  }

  /** Forgets all that has been laid out: its memory is about to be another's. */
  private forget(): void {
    this.planned.clear();
    this.workspace.end = this.workspace.start;
  }

  /** A hook that runs or changes the model it is called from would change what the pass under way still reads. */
  refuseWhileRunning(caller: string): void {
    if (this.running !== null)
      throw new Error(
        `${caller}: this model is in the middle of ${this.running}; use another model inside a hook, or wait until it is through.`,
      );
  }
}

/** Writes a tensor's elements, row-major, into `out` from `at` on. */
const copyOut = (tensor: Tensor, out: Floats, at: number): void =>
  copyElements(tensor, tensor.data, out.subarray(at, at + tensor.size), 'out');
