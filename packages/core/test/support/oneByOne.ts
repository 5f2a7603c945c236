// Gradients as training takes them, without the optimiser: one sequence after the other through one transformer, and what
// tables have gathered carried to the weights once.
import type { Engine } from '../../src/engine/engine.ts';
import type { PlanOptions } from '../../src/model/components/plan.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import { type NamedWeights, namedCopies, Parameters } from '../../src/model/parameters.ts';
import { Transformer } from '../../src/model/transformer.ts';
import { ShardGradients } from '../../src/training/parallel/shardGradients.ts';

export const WATCHED: PlanOptions = { gradients: true, results: [], splitInputs: [] };

/** A plan for nobody to watch, of a step that sees so many positions: tables are used if that is worth it. */
export const unwatched = (positionsPerStep: number): PlanOptions => ({ ...WATCHED, unwatched: { positionsPerStep } });

export interface OneByOne {
  readonly usesTables: boolean;
  /** Of each sequence, the last position left out: [sequence][pos · dVocab], [sequence][pos]. */
  readonly logits: number[][];
  readonly losses: number[][];
  /** Of the mean loss. */
  readonly gradients: NamedWeights;
}

export function oneByOne(
  engine: Engine,
  { config, weights: given, plan }: { config: ModelConfig; weights: NamedWeights; plan: PlanOptions },
  sequences: readonly ArrayLike<number>[],
): OneByOne {
  const arena = engine.createArena();
  const weights = new Parameters(config, arena);
  for (const [name, { data }] of Object.entries(given)) weights.named(name).set(data);
  const extent = { sequences: 1, length: sequences[0]!.length - 1 };
  const ops = engine.opsFor(config, extent, arena);
  const transformer = new Transformer({ config, extent, plan, ops, arena, weights });
  const gradients = new ShardGradients(config, arena, transformer.tableGradients);
  const runs = sequences.map((sequence) => {
    const tokens = Array.from(sequence);
    transformer.tokens.data.set(tokens.slice(0, -1));
    transformer.targets.data.set(tokens.slice(1));
    transformer.forward();
    const logits = [...transformer.logits.toArray()];
    transformer.loss(1 / (sequences.length * extent.length));
    transformer.backward(gradients);
    return { logits, losses: [...transformer.losses.toArray()] };
  });
  for (const carry of transformer.carries()) carry(gradients);
  return {
    usesTables: gradients.tables.length > 0,
    logits: runs.map(({ logits }) => logits),
    losses: runs.map(({ losses }) => losses),
    gradients: namedCopies(gradients),
  };
}
