// A model on a set of prompts: what a measure says of each of them, whatever interventions act. All that analyses on
// sequences share is here: prompts of one length run together, in slices that fit memory, and numbers come in the prompts' order.
import * as z from 'zod/mini';
import type { Floats } from '../../engine/tensor.ts';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { allHeads, checkHead, type HeadIndex } from '../../model/heads.ts';
import { headOutput, type Intervention, nameOf, takesFromClean } from '../../model/interventions/interventions.ts';
import type { Asked } from '../../model/measures/askedQueries.ts';
import { MEASURES, type MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { asPartOf } from '../../model/measures/measureError.ts';
import { type Measuring, measureOf, measuring } from '../../model/measures/measuring.ts';
import type { CachedRun, GradientOptions, GradientRun, Model } from '../../model/model.ts';
import { checkPart, isMlp, type PartIndex } from '../../model/partIndex.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { checkNumbers } from '../finite.ts';
import type { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { type PatternVisit, runSlices } from './patternRuns.ts';
import { askedOf, askedPrompts } from './promptChecks.ts';
import { type AskedPrompt, byLength, commonQueries, type Prompts } from './prompts.ts';
import { RepeatedRuns } from './repeatedRuns.ts';
import { sequencesTogether, slices } from './slices.ts';

/** What is measured, and on what. */
export interface PromptSetOptions {
  readonly prompts: Prompts;
  /** What is measured of each sequence: the loss by default. */
  readonly measure?: MeasureName | Measure;
}

/** Prompts of one `length` that run together. */
export interface PromptSlice {
  /** Which sequences of the set they are, from 0, ascending. */
  readonly sequences: readonly number[];
  /** [sequence][position], of `length` tokens each. */
  readonly tokens: readonly ArrayLike<number>[];
  readonly length: number;
}

const interventionsSchema = z.array(z.looseObject({ kind: z.string() }));

const optionsSchema = z.strictObject({ prompts: z.unknown(), measure: z.optional(z.unknown()) });

/** Prompts that are measured, and what the measure says of them as the model is; `seed` is that of repeats that were drawn. */
export class PromptSet {
  readonly model: Model;
  readonly measure: Measure;
  /** The prompts with their defaults filled in. */
  readonly prompts: readonly AskedPrompt[];
  /** How many there are. */
  readonly sequences: number;
  /** Periods and seed of repeats that were drawn; none and null of prompts that were given. */
  readonly periods: readonly number[] = [];
  readonly seed: number | null = null;
  /** The measure of each sequence with nothing intervened, in its unit. */
  readonly clean: Float64Array;
  private readonly groups: readonly (readonly number[])[];
  private readonly measuring: Measuring;
  private readonly caller: string;
  /** Whether the measure is the loss of the next tokens, which every run gives. */
  private readonly readsLosses: boolean;
  private means: Map<number, readonly number[][]> | null = null;
  private results: Map<number, readonly number[][]> | null = null;
  /** What was measured under which interventions: eliminating heads asks for the same ones again and again. */
  private readonly known = new Map<string, Float64Array>();
  private readonly repeated: RepeatedRuns;
  private mlps: Map<number, readonly number[][]> | null = null;
  private progress: Progress | null = null;
  private sign: 1 | -1 | null = null;

  /**
   * Runs the prompts once. Throws an Error that names sequence and query where a prompt cannot be meant or the measure gives
   * no finite number, a NotFiniteError when the model's outputs are not finite. `caller` is named in the messages.
   */
  constructor(model: Model, options: PromptSetOptions, caller = 'PromptSet') {
    checkModel(caller, model);
    checkOptions(caller, optionsSchema, options);
    const { prompts, measure = 'loss' } = options;
    this.model = model;
    this.caller = caller;
    this.measure = measureOf(measure, caller);
    this.prompts = askedPrompts(prompts, { config: model.config, measure, caller });
    this.sequences = prompts.length;
    this.groups = byLength(prompts);
    const tokens = prompts.map((prompt) => prompt.tokens);
    this.measuring = measuring(measure, askedOf(this.prompts), { config: model.config, tokens, caller });
    this.readsLosses =
      this.measure === MEASURES.loss &&
      this.prompts.every((p) => p.queries.every((q, i) => p.answers[i] === p.tokens[q + 1]));
    this.repeated = new RepeatedRuns(model, this.size);
    this.clean = this.measured([]);
  }

  /** Tokens of one run over the whole set. */
  get size(): number {
    return this.prompts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  /** Tells `progress` of every run of this set while `work` lasts. @internal */
  reporting<T>(progress: Progress, work: () => T): T {
    const outer = this.progress;
    this.progress = progress;
    try {
      return work();
    } finally {
      this.progress = outer;
    }
  }

  /**
   * The measure of each sequence under interventions: [sequence]. `visit` is shown every pattern, or those of `layer`; its
   * sequences are the set's. The clean run of a patch is this one without interventions, so that patches keep what others
   * would change; throws an ArgumentError where there are patches alone, which change nothing.
   */
  measured(
    interventions: readonly Intervention[],
    { visit, layer }: { visit?: (visit: PatternVisit) => void; layer?: number } = {},
  ): Float64Array {
    checkArgument('PromptSet.measured', 'interventions', interventionsSchema, interventions);
    if (interventions.length > 0 && interventions.every(takesFromClean))
      throw new ArgumentError(
        'PromptSet.measured: patches alone put in what this run has already, so nothing would change; patch into corrupted twins with activationPatching or pathPatching, or from another run with model.measure and its `clean`.',
      );
    const name = visit ? null : nameOf(interventions);
    const before = name === null ? undefined : this.known.get(name);
    if (before) {
      this.progress?.add(this.size);
      return before.slice();
    }
    const found = this.run(interventions, { visit, layer });
    if (name !== null) this.known.set(name, found.slice());
    return found;
  }

  private run(
    interventions: readonly Intervention[],
    { visit, layer }: { visit: ((visit: PatternVisit) => void) | undefined; layer: number | undefined },
  ): Float64Array {
    const found = new Float64Array(this.sequences);
    const logits = !this.readsLosses;
    for (const group of this.groups) {
      const show = visit && ((seen: PatternVisit): void => visit({ ...seen, sequence: group[seen.sequence]! }));
      runSlices(
        this.model,
        this.tokensOf(group),
        {
          ...{ interventions, progress: this.progress, returns: logits ? 'logits' : 'losses' },
          ...(show ? { visit: show } : {}),
          ...(layer === undefined ? {} : { layer }),
          ...(this.repeated.fit
            ? { runOf: (part, first) => this.repeated.of(part, { first: group[first]!, logits }) }
            : {}),
        },
        (run, first) => {
          for (let s = 0; s < run.batch; s++) {
            const sequence = group[first + s]!;
            found[sequence] = this.measuredOf(run, s, sequence);
          }
        },
      );
    }
    return found;
  }

  /** Of one sequence of a run, which is `sequence` in the set. */
  private measuredOf({ lossPerPosition, logits, batch, length }: CachedRun, s: number, sequence: number): number {
    if (this.readsLosses)
      return mean(this.prompts[sequence]!.queries.map((q) => lossPerPosition[s * (length - 1) + q]!));
    const size = logits.length / batch;
    return this.measureLogits(sequence, logits.subarray(s * size, (s + 1) * size));
  }

  /** The measure of one `sequence` of the set from its `logits`, [pos, dVocab], in its unit. Throws an Error where it gives no finite number. */
  measureLogits(sequence: number, logits: Floats): number {
    return this.measuring.value(sequence, logits);
  }

  /** The sequences of each length in slices that fit memory, in order: one slice a length unless there are many. */
  slices(): PromptSlice[] {
    return this.groups.flatMap((group) => {
      const { length } = this.prompts[group[0]!]!.tokens;
      return slices(group, sequencesTogether(this.model.config, length)).map(
        (sequences): PromptSlice => ({ sequences, tokens: this.tokensOf(sequences), length }),
      );
    });
  }

  /** What `runWithGradients` is to be asked of some of the sequences, so that it measures as the set does; `sequences` counts from 0. */
  gradientOptions(sequences: readonly number[]): Asked & { readonly measure?: Measure } {
    const chosen = sequences.map((s) => this.prompts[s]!);
    const queries = this.readsLosses ? commonQueries(chosen) : null;
    // The kernels' own gradient of the loss, where it is that.
    return queries ? { queries } : { measure: this.measure, ...askedOf(chosen) };
  }

  /** Gradients of a run of one of its slices, of the mean of what the set measures. Throws what `runWithGradients` throws. */
  gradients(
    { tokens, sequences }: PromptSlice,
    options: Pick<GradientOptions, 'names' | 'interventions'>,
  ): GradientRun {
    return asPartOf({ caller: this.caller, numbers: sequences, part: 'runWithGradients' }, () =>
      this.model.runWithGradients(tokens, { ...options, ...this.gradientOptions(sequences) }),
    );
  }

  private tokensOf(sequences: readonly number[]): ArrayLike<number>[] {
    return sequences.map((s) => this.prompts[s]!.tokens);
  }

  /** Counts a run of one of its slices towards what `reporting` tells. */
  ran({ tokens, length }: PromptSlice): void {
    this.progress?.add(length * tokens.length);
  }

  /**
   * 1 where higher numbers are worse, as of a loss, and −1 where lower ones are. Of a measure that does not say, which way
   * its mean goes with every head mean-ablated.
   */
  get worse(): 1 | -1 {
    const { better } = this.measure;
    if (better) return better === 'lower' ? 1 : -1;
    this.sign ??=
      mean(this.measured(allHeads(this.model.config).map((name) => this.meanAblate(name)))) < mean(this.clean) ? -1 : 1;
    return this.sign;
  }

  /** Sets a head's z to its mean over all positions of all sequences of this set, every sequence weighted the same. Throws an Error for a head that there is none of. */
  meanAblate(head: HeadIndex): Intervention {
    checkHead(this.model.config, head, 'PromptSet.meanAblate');
    return { kind: 'meanAblate', ...headOutput(head), mean: this.meansOfZ().get(head.layer)![head.head]! };
  }

  /** What a head (hook_result) or an MLP (hook_mlp_out) writes into the residual stream, by the same mean: dModel numbers. Throws an Error for a `part` that there is none of. */
  meanResult(part: PartIndex): readonly number[] {
    checkPart(this.model.config, part, 'PromptSet.meanResult');
    if (isMlp(part)) {
      this.mlps ??= this.measureMeans('mlp');
      return this.mlps.get(part.layer)![0]!;
    }
    this.results ??= meanResults(this.model, this.meansOfZ());
    return this.results.get(part.layer)![part.head]!;
  }

  private meansOfZ(): Map<number, readonly number[][]> {
    this.means ??= this.measureMeans('z');
    return this.means;
  }

  /** Means over all positions of all sequences of every head's z, or of what MLPs write: [layer][head or one][size]. */
  private measureMeans(of: 'z' | 'mlp'): Map<number, number[][]> {
    const { nLayers, nHeads, dHead, dModel } = this.model.config;
    const [count, size] = of === 'z' ? [nHeads, dHead] : [1, dModel];
    const hook = (layer: number | '*'): string => `blocks.${layer}.${of === 'z' ? 'attn.hook_z' : 'hook_mlp_out'}`;
    const means = new Map<number, number[][]>();
    for (let layer = 0; layer < nLayers; layer++)
      means.set(
        layer,
        Array.from({ length: count }, () => new Array<number>(size).fill(0)),
      );
    for (const { tokens, length } of this.slices()) {
      const { cache } = this.model.runWithCache(tokens, { names: hook('*') });
      const share = length * this.sequences;
      for (const [layer, parts] of means) {
        const { data } = cache.get(hook(layer));
        data.forEach((x, i) => {
          parts[Math.floor(i / size) % count]![i % size]! += x / share;
        });
      }
    }
    for (const [layer, parts] of means) for (const mean of parts) checkNumbers(`the mean of "${hook(layer)}" is`, mean);
    return means;
  }
}

/** mean z · W_O of every head: [layer][head][dModel]. The result is linear in z, so this is its mean. */
function meanResults(model: Model, means: ReadonlyMap<number, readonly number[][]>): Map<number, number[][]> {
  const { dModel, dHead } = model.config;
  const weights = model.getWeights();
  const found = new Map<number, number[][]>();
  for (const [layer, heads] of means) {
    const { data } = weights[`blocks.${layer}.attn.W_O`]!; // [head, dHead, dModel]
    found.set(
      layer,
      heads.map((z, head) => {
        const result = new Array<number>(dModel).fill(0);
        z.forEach((x, j) => {
          for (let i = 0; i < dModel; i++) result[i]! += x * data[(head * dHead + j) * dModel + i]!;
        });
        checkNumbers(`the mean of "blocks.${layer}.attn.hook_result" is`, result);
        return result;
      }),
    );
  }
  return found;
}
