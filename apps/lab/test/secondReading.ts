// A second reading of a model: from its weights and the library alone, by nothing that the page or its worker uses to look at
// one. What the page says is compared with it.
import {
  type AuditRecord,
  ablate,
  allHeads,
  audit,
  type Engine,
  exampleTokens,
  guessingLoss,
  type HeadIndex,
  headLabel,
  headScores,
  type Intervention,
  Model,
  type ModelConfig,
  type NamedWeights,
} from '@induction-lab/core/node';

/** How a model is looked at, as the page says it. */
export interface Seen {
  readonly period: number;
  /** Null for the probe. */
  readonly tokens: readonly number[] | null;
  readonly off: readonly string[];
  readonly kind: 'zero' | 'mean' | 'pattern-preserving';
  readonly cuts: readonly ('q' | 'k' | 'v')[];
}

/** Sequences over which the page's losses are means. */
const SEQUENCES = 16;

const headOf = (label: string): HeadIndex => {
  const [, layer, head] = /^L(\d+)H(\d+)$/.exec(label) as unknown as [string, string, string];
  return { layer: Number(layer), head: Number(head) };
};

interface Run {
  readonly losses: readonly number[];
  readonly logits: readonly number[];
  /** By layer: [head][query][key] of the sequence that is seen. */
  readonly patterns: readonly Float32Array[];
}

/** A model of each shape, by its config: it takes the weights of whatever is read. */
const models = new Map<string, Model>();

export class SecondReading {
  readonly config: ModelConfig;
  private readonly weights: NamedWeights;
  private readonly engine: Engine;
  private readonly known = new Map<string, unknown>();

  constructor(engine: Engine, config: ModelConfig, weights: NamedWeights) {
    this.engine = engine;
    this.config = config;
    this.weights = weights;
  }

  private once<T>(what: string, measure: () => T): T {
    if (!this.known.has(what)) this.known.set(what, measure());
    return this.known.get(what) as T;
  }

  /** Tokens in front of the block. */
  get start(): number {
    return this.config.bos === undefined ? 0 : 1;
  }

  get guessing(): number {
    return guessingLoss(this.config);
  }

  /** FNV-1a over the words of all weights, in hexadecimal. */
  get fingerprint(): string {
    return this.once('fingerprint', () => {
      let hash = 2166136261;
      for (const { data } of Object.values(this.weights)) {
        const bytes = new DataView(Float32Array.from(data).buffer);
        for (let at = 0; at < bytes.byteLength; at += 4) hash = Math.imul(hash ^ bytes.getUint32(at, true), 16777619);
      }
      return (hash >>> 0).toString(16).padStart(8, '0');
    });
  }

  /** The model; with heads whose output weights are zeros, which is what switching off by zero means. */
  private model(off: readonly string[] = []): Model {
    const key = JSON.stringify(this.config);
    const model = models.get(key) ?? new Model(this.engine, this.config);
    models.set(key, model);
    const weights = structuredClone(this.weights) as Record<string, { shape: number[]; data: Float32Array }>;
    for (const { layer, head } of off.map(headOf)) {
      const { data, shape } = weights[`blocks.${layer}.attn.W_O`] as { shape: number[]; data: Float32Array };
      const size = (shape[1] as number) * (shape[2] as number);
      data.fill(0, head * size, (head + 1) * size);
    }
    model.setWeights(weights);
    return model;
  }

  /** The model and what is done to it. */
  private broken({ off, kind, cuts }: Seen): { model: Model; interventions: Intervention[] } {
    const later = allHeads(this.config).filter(({ layer }) => layer > 0);
    const cut = cuts.flatMap((input) =>
      later.map((head): Intervention => ({ kind: 'removeFromInput', ...head, input, sources: 'allEarlier' })),
    );
    // Cut paths leave out what heads wrote: there zeroed weights would be another question.
    if (kind === 'zero' && cuts.length === 0) return { model: this.model(off), interventions: [] };
    const heads = off.length > 0 ? ablate(this.config, off.map(headOf), kind) : [];
    return { model: this.model(), interventions: [...cut, ...heads] };
  }

  private sequences({ period, tokens }: Pick<Seen, 'period' | 'tokens'>): number[][] {
    return Array.from({ length: SEQUENCES }, (_, seed) =>
      tokens === null
        ? exampleTokens(this.config, { period, seed })
        : seed === 0
          ? [...tokens]
          : exampleTokens(this.config, { period: 0, seed }).slice(0, tokens.length),
    );
  }

  /** The tokens that are seen. */
  tokens(seen: Pick<Seen, 'period' | 'tokens'>): readonly number[] {
    return this.sequences(seen)[0] as number[];
  }

  /** The losses of all sequences, and logits and patterns of the one that is seen. */
  private run(seen: Seen): Run {
    return this.once(`run ${JSON.stringify(seen)}`, () => {
      const { model, interventions } = this.broken(seen);
      const run = model.runWithInterventions(this.sequences(seen), interventions, {
        names: 'blocks.*.attn.hook_pattern',
      });
      const { nHeads, nLayers, dVocab } = this.config;
      const size = this.tokens(seen).length;
      const patterns = Array.from({ length: nLayers }, (_, layer) =>
        Float32Array.from(run.cache.get(`blocks.${layer}.attn.hook_pattern`).data.slice(0, nHeads * size * size)),
      );
      return { losses: [...run.lossPerPosition], logits: [...run.logits.slice(0, size * dVocab)], patterns };
    });
  }

  /** Queries whose next token a copying model can know. */
  private counted({ period, tokens }: Seen): number[] {
    if (tokens === null) {
      const { nCtx } = this.config;
      return Array.from({ length: nCtx }, (_, q) => q).filter(
        (q) => q >= this.start + period && q < this.start + 2 * period - 1 && q < nCtx - 1,
      );
    }
    return tokens.flatMap((token, q) => {
      if (q === tokens.length - 1) return [];
      const earlier = tokens.slice(0, q).flatMap((t, i) => (t === token ? [tokens[i + 1]] : []));
      return earlier.includes(tokens[q + 1]) ? [q] : [];
    });
  }

  /** The mean loss where copying is right; null where it is nowhere. */
  loss(seen: Seen): number | null {
    const queries = this.counted(seen);
    const { losses: measured } = this.run(seen);
    const length = this.tokens(seen).length;
    const rows = seen.tokens === null ? SEQUENCES : 1;
    const losses = Array.from({ length: rows }, (_, s) => queries.map((q) => measured[s * (length - 1) + q] as number));
    return queries.length === 0 ? null : losses.flat().reduce((sum, x) => sum + x, 0) / (rows * queries.length);
  }

  /** Periods of the probe at which the loss is below half of guessing, up to the longest. */
  solved(seen: Seen, longest: number): number[] {
    return this.once(`solved ${JSON.stringify([seen, longest])}`, () =>
      Array.from({ length: longest - 1 }, (_, i) => i + 2).filter((period) => {
        const at = { ...seen, period, tokens: null };
        const loss = this.loss(at) as number;
        this.known.delete(`run ${JSON.stringify(at)}`);
        return loss < this.guessing / 2;
      }),
    );
  }

  /** A head's pattern on the sequence that is seen: [query][key]. */
  pattern(seen: Seen, label: string): (query: number, key: number) => number {
    const { layer, head } = headOf(label);
    const size = this.tokens(seen).length;
    const data = this.run(seen).patterns[layer] as Float32Array;
    return (query, key) => data[(head * size + query) * size + key] as number;
  }

  /** Probabilities of the next token behind a position. */
  next(seen: Seen, position: number): number[] {
    const { dVocab } = this.config;
    const logits = this.run(seen).logits.slice(position * dVocab, (position + 1) * dVocab);
    const most = Math.max(...logits);
    const powers = logits.map((x) => Math.exp(x - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((x) => x / sum);
  }

  /** Scores by label, over as many sequences as the page takes at rest. */
  get scores(): ReadonlyMap<string, ReturnType<typeof headScores>['heads'][number]> {
    return this.once('scores', () => {
      const { heads } = headScores(this.model(), { sequences: 16, mostPeriods: 3 });
      return new Map(heads.map((h) => [headLabel(h.layer, h.head), h]));
    });
  }

  get audit(): AuditRecord {
    return this.once('audit', () => audit(this.model(), { sequences: 32 }));
  }
}
