// Finite weights can make activations that are none: float32 ends at 3.4e38. Such a model has no loss, no score and no
// verdict, and every analysis says so instead of computing on.

import { NotFiniteError } from '../errors/notFinite.ts';
import { quoted } from '../errors/printable.ts';
import type { CachedActivation } from '../model/activationCache.ts';
import { hookPoints } from '../model/hookPoints.ts';
import type { Intervention } from '../model/interventions/interventions.ts';
import type { CachedRun, Model, Tokens } from '../model/model.ts';
import { firstThatIsNone } from '../model/weightChecks.ts';

const REMEDY =
  'numbers in float32 end at 3.4e38, so nothing can be measured; use weights of ordinary size, or a checkpoint from before they blew up';

/** What was run, for the search after the first activation that is not finite. */
export interface Ran {
  readonly tokens: Tokens;
  readonly interventions?: readonly Intervention[];
}

/** Throws a NotFiniteError when a loss of a run is NaN or infinite; it names the first activation that is. */
export function checkLosses(
  model: Model,
  { lossPerPosition }: Pick<CachedRun, 'lossPerPosition'>,
  { tokens, interventions = [] }: Ran,
): void {
  const at = lossPerPosition.findIndex((loss) => !Number.isFinite(loss));
  if (at < 0) return;
  const sequence = tokens[Math.floor(at / (lossPerPosition.length / tokens.length))] as ArrayLike<number>;
  const where = firstNotFinite(model, { tokens: [sequence], interventions });
  const under = interventions.length === 0 ? '' : ` under interventions (the first is ${interventions[0]!.kind})`;
  throw new NotFiniteError(
    `model: the outputs are not finite${under}: ${where ?? `the loss is ${quoted(lossPerPosition[at])}`}; ${REMEDY}.`,
  );
}

/** The same of a run without losses, of which patterns are kept. */
export function checkPatterns(
  model: Model,
  { cache }: Pick<CachedRun, 'cache'>,
  { tokens, interventions = [] }: Ran,
): void {
  for (const name of cache.names)
    if (firstThatIsNone(cache.rows(name).values, 8) >= 0)
      checkLosses(model, model.runWithInterventions(tokens, interventions, { returns: 'losses' }), {
        tokens,
        interventions,
      });
}

/** Throws a NotFiniteError unless all numbers are finite; `what` is the subject of the sentence and its verb. */
export function checkNumbers(what: string, values: ArrayLike<number>): void {
  const at = firstThatIsNone(values, 8);
  if (at >= 0)
    throw new NotFiniteError(`model: ${what} ${quoted(values[at])}, although the losses are finite; ${REMEDY}.`);
}

/** Throws a NotFiniteError that names the first weight which is NaN or infinite. */
export function checkWeights(name: string, data: ArrayLike<number>): void {
  const at = firstThatIsNone(data, 8);
  if (at >= 0) throw new NotFiniteError(`model: the weights ${quoted(name)} hold ${quoted(data[at])}; ${REMEDY}.`);
}

/** The first activation of a run, in forward order, that is not finite, in words; null where all are. */
function firstNotFinite(model: Model, { tokens, interventions }: Required<Ran>): string | null {
  const names = hookPoints(model.config, { onRequest: false });
  // Another sequence's activation cannot be had from one sequence: there the clean run is searched.
  const across = interventions.some(({ kind }) => kind === 'resampleAblate');
  // A part at a time: all of a large model's activations need not fit memory.
  for (const part of [...new Set(names.map(partOf))]) {
    const chosen = names.filter((name) => partOf(name) === part);
    const { cache } = model.runWithInterventions(tokens, across ? [] : interventions, { names: chosen });
    for (const name of chosen) {
      const value = wrongValue(cache.get(name));
      if (value !== null) return `${quoted(name)} is the first activation that holds ${quoted(value)}`;
    }
  }
  return null;
}

/** The layer of a hook point, or what it is outside of one. */
const partOf = (name: string): string => /^blocks\.\d+/.exec(name)?.[0] ?? name;

/** The first entry that is not finite, but for the mask's −∞ in attention scores; null where all are. */
function wrongValue({ name, shape, data }: CachedActivation): number | null {
  const masked = name.endsWith('hook_attn_scores') ? (shape[3] as number) : 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i] as number;
    if (Number.isFinite(x)) continue;
    const [query, key] = [Math.floor(i / masked) % masked, i % masked];
    if (!(masked > 0 && key > query)) return x;
  }
  return null;
}
