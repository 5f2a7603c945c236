// Runs of the same tokens again and again, as analyses of a set need them: each takes up where the first one can be.
import type { Model, Tokens } from '../../model/model.ts';
import type { RunPart } from './patternRuns.ts';

/** Bytes that may be kept of a set's runs. */
const MOST_BYTES = 2 ** 26;

export class RepeatedRuns {
  /** Whether what is kept fits: of every layer the residual stream and z. */
  readonly fit: boolean;
  private readonly model: Model;
  /** By the first of some sequences that run together, and their number. */
  private readonly parts = new Map<string, RunPart>();

  /** `tokens` is how many the set has. */
  constructor(model: Model, tokens: number) {
    const { nLayers, nHeads, dHead, dModel } = model.config;
    this.model = model;
    this.fit = 4 * tokens * nLayers * (dModel + nHeads * dHead) <= MOST_BYTES;
  }

  /** What runs some sequences, of which `first` is the first; `logits` is whether more is read than losses. */
  of(part: Tokens, { first, logits }: { first: number; logits: boolean }): RunPart {
    const key = `${first} ${part.length}`;
    const run = this.parts.get(key) ?? this.model.repeatedly(part, { logits });
    this.parts.set(key, run);
    return run;
  }
}
