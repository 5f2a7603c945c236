// What may be said in an intervention: fields and values by a schema, places and heads by the model. Plain JavaScript, links
// and records have no type checker, and an intervention that does something else than was meant answers wrongly in silence.

import * as z from 'zod/mini';
import type { Extent } from '../../engine/modelOps.ts';
import { ArgumentError, checkArgument, must } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import type { ModelConfig } from '../config.ts';
import { checkPart, isMlp, type PartIndex, partLabel, readsFrom } from '../partIndex.ts';
import { INPUTS, type Intervention, REPLACEMENTS, type RemoveFromInput, sourcesOf, targetOf } from './interventions.ts';
import { checkPlace } from './places.ts';

/** Whether these are numbers that can be written into an activation. */
const isFiniteNumbers = (value: unknown): boolean =>
  (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) &&
  Array.from(value as ArrayLike<unknown>).every((x) => Number.isFinite(x));

const finiteNumbers = z.optional(must('be an array of finite numbers', isFiniteNumbers));

// Whether there is such a head, position or hook point is said by the checks that know the model.
const AtPlace = { hook: z.string(), head: z.optional(z.int()), positions: z.optional(z.array(z.int())) };
const HeadSchema = z.strictObject({ layer: z.int(), head: z.int() });
const MlpSchema = z.strictObject({ layer: z.int(), mlp: z.literal(true) });
const isOfMlp = (value: unknown): boolean => typeof value === 'object' && value !== null && 'mlp' in value;
/** Of a removal from any input. */
const Removed = {
  kind: z.literal('removeFromInput'),
  layer: z.int(),
  sources: must(
    'be "allEarlier" or an array of heads such as { layer: 0, head: 1 }',
    (sources) => sources === 'allEarlier' || Array.isArray(sources),
  ),
  by: z.optional(z.enum(REPLACEMENTS)),
  mean: finiteNumbers,
  share: z.optional(z.number().check(z.gte(0), z.lte(1))),
};
const MlpRemovalSchema = z.strictObject({ ...Removed, input: z.literal('mlp') });
const InterventionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('zeroAblate'), ...AtPlace }),
  z.strictObject({
    kind: z.literal('meanAblate'),
    mean: finiteNumbers,
    ...AtPlace,
  }),
  z.strictObject({ kind: z.literal('resampleAblate'), shift: z.optional(z.int()), ...AtPlace }),
  z.strictObject({ kind: z.literal('patch'), ...AtPlace }),
  z.strictObject({ ...Removed, head: z.int(), input: z.enum(INPUTS) }),
]);

/**
 * Throws an Error when an intervention has a field that there is none of or a value that cannot be meant, or names a hook
 * point, head, mean or source that the model does not have.
 */
export function checkIntervention(config: ModelConfig, intervention: Intervention): void {
  checkOne(config, intervention, { caller: 'checkIntervention', what: 'intervention', known: new Set() });
}

/** The same of a list for a run of so many sequences; what would be taken out of an input twice is refused too. */
export function checkInterventions(
  config: ModelConfig,
  interventions: readonly Intervention[],
  { caller, extent }: { caller: string; extent: Extent },
): void {
  if (!Array.isArray(interventions))
    throw new ArgumentError(
      `${caller}: interventions must be an array such as [{ kind: "zeroAblate", hook: "blocks.0.attn.hook_z", head: 1 }], got ${quoted(interventions)}.`,
    );
  const known = new Set<unknown>();
  // By index: a hole in a list is an intervention that is missing.
  for (let i = 0; i < interventions.length; i++)
    checkOne(config, interventions[i] as Intervention, { caller, what: `interventions.${i}`, known, extent });
  refuseTwice(config, interventions);
}

function checkOne(
  config: ModelConfig,
  intervention: Intervention,
  options: {
    caller: string;
    what: string;
    /** Lists of sources that have been looked at: many heads of a layer often lose the same ones. */
    known: Set<unknown>;
    extent?: Extent;
  },
): void {
  const { caller, what, known, extent } = options;
  const ofMlp = intervention?.kind === 'removeFromInput' && intervention.input === 'mlp';
  checkArgument(caller, what, ofMlp ? MlpRemovalSchema : InterventionSchema, intervention);
  const { kind } = intervention;
  if (kind !== 'removeFromInput') {
    checkPlace(config, intervention, { caller: kind, ...(extent ? { extent } : {}) });
    return;
  }
  checkPart(config, targetOf(intervention), kind);
  checkMean(config, intervention);
  const { sources } = intervention;
  if (sources === 'allEarlier') return;
  if (!known.has(sources)) {
    for (let i = 0; i < sources.length; i++) {
      checkArgument(caller, `${what}.sources.${i}`, isOfMlp(sources[i]) ? MlpSchema : HeadSchema, sources[i]);
      checkPart(config, sources[i] as PartIndex, kind);
    }
    known.add(sources);
  }
  const target = targetOf(intervention);
  const late = sources.find((source) => !readsFrom(config, target, source));
  if (late)
    throw new Error(
      `removeFromInput: ${partLabel(late)} is not earlier than ${partLabel(target)}; name ${isMlp(late) ? 'parts' : 'heads'} of layers before ${target.layer}.`,
    );
}

function checkMean({ dModel }: ModelConfig, { by = 'zero', mean }: RemoveFromInput): void {
  if (mean === undefined) return;
  if (by !== 'mean')
    throw new Error(`removeFromInput: mean has no effect by ${quoted(by)}; leave it out, or write by: "mean".`);
  if (mean.length !== dModel)
    throw new Error(
      `removeFromInput: mean must have ${dModel} numbers, one a dimension of the stream, got ${mean.length}.`,
    );
}

/** What is taken out of an input twice leaves its negative there, which nobody means. */
function refuseTwice(config: ModelConfig, interventions: readonly Intervention[]): void {
  const byInput = new Map<string, RemoveFromInput[]>();
  for (const i of interventions)
    if (i.kind === 'removeFromInput') {
      const input = `${i.layer} ${i.head} ${i.input}`;
      byInput.set(input, [...(byInput.get(input) ?? []), i]);
    }
  const clear = new Set<unknown>(); // lists that name nothing twice
  for (const removals of byInput.values()) {
    const [only] = removals as [RemoveFromInput, ...RemoveFromInput[]];
    if (removals.length === 1 && (only.sources === 'allEarlier' || clear.has(only.sources))) continue;
    const taken = new Set<string>();
    for (const removal of removals)
      for (const source of sourcesOf(config, removal)) {
        const label = partLabel(source);
        if (taken.has(label))
          throw new Error(
            `removeFromInput: ${label} is taken out of the ${removal.input === 'mlp' ? '' : `${removal.input.toUpperCase()} `}input of ${partLabel(targetOf(removal))} twice; name it once.`,
          );
        taken.add(label);
      }
    if (removals.length === 1) clear.add(only.sources);
  }
}
