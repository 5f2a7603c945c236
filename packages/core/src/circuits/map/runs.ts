// Runs of a model over a map's sequences, a few at a time: logits and attention where cells ask for them.
import type { Floats } from '../../engine/tensor.ts';
import { headLabel } from '../../model/heads.ts';
import { type Intervention, looksAcross } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { perSlice, slices } from '../data/slices.ts';
import { checkLosses } from '../finite.ts';
import type { Progress } from '../progress.ts';

/** What a run says of one of its sequences. */
export interface SequenceVisit {
  /** Index of the sequence among all. */
  readonly sequence: number;
  /** Logits of a query, by token. */
  readonly logits: (query: number) => Floats;
  /** Attention of a head (layer × nHeads + head). */
  readonly attention: (head: number, query: number, key: number) => number;
}

/** How sequences are run. */
export interface RunsOptions {
  readonly interventions?: readonly Intervention[];
  /** Whether attention will be asked for. */
  readonly patterns?: boolean;
  readonly progress?: Progress | null;
}

/** Runs sequences of one length and shows each. Throws a NotFiniteError when a loss is not finite. */
export function runSequences(
  model: Model,
  sequences: readonly Int32Array[],
  { interventions = [], patterns = false, progress }: RunsOptions,
  visit: (visit: SequenceVisit) => void,
): void {
  const { nLayers, nHeads, dVocab } = model.config;
  const length = sequences[0]!.length;
  const names = patterns ? Array.from({ length: nLayers }, (_, l) => `blocks.${l}.attn.hook_pattern`) : [];
  let first = 0;
  for (const part of slices(sequences, perSlice(model, { length, across: interventions.some(looksAcross) }))) {
    const run = model.runWithInterventions(part, interventions, { names });
    checkLosses(model, run, { tokens: part, interventions });
    const layers = names.map((name) => run.cache.rows(name));
    part.forEach((_, s) => {
      visit({
        sequence: first + s,
        logits: (query) => run.logits.subarray((s * length + query) * dVocab, (s * length + query + 1) * dVocab),
        attention: (head, query, key) => {
          const layer = layers[Math.floor(head / nHeads)];
          if (!layer) throw new Error(`runSequences: no patterns were kept, of ${headLabel(0, head)} or any head.`);
          return layer.values[((s * nHeads + (head % nHeads)) * length + query) * layer.width + key] as number;
        },
      });
    });
    first += part.length;
    progress?.add(part.length * length);
  }
}
