// The circuit as a claim, and its proof: heads and edges are chosen on some sequences and measured on others, alone,
// taken away, and against random circuits of the same shape.

import * as z from 'zod/mini';
import { allHeads, type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { effectPeriods } from '../causal/effectPeriods.ts';
import { LOGIT_RUNS, logitAttribution } from '../causal/logitAttribution.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { scannedPeriods } from '../data/periods.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { estimate } from '../statistics/estimate.ts';
import { auditFor } from './audit.ts';
import { type AuditRecord, auditSchema, checkAudited } from './auditRecord.ts';
import { auditSize } from './auditSize.ts';
import { ablateHeads, type Circuit, keepHeads } from './circuit.ts';
import { type Claim, chooseCircuit } from './circuitChoice.ts';
import { describeHeads } from './circuitHeads.ts';
import { inputEffects, measureCircuit, sharesOf } from './faithfulness.ts';
import { scrubKeys } from './keyScrubbing.ts';
import { minimalSets } from './minimalSets.ts';
import type { ProofRecord } from './proofRecord.ts';
import { explainProof } from './proofText.ts';
import { RANDOM_CIRCUITS, randomCircuits } from './randomCircuits.ts';
import { specificityOf } from './specificity.ts';

const optionsSchema = z.strictObject({ ...commonFields, audit: z.optional(auditSchema) });

/**
 * Names the circuit that a model copies with and measures its faithfulness: how much of the copying it is. Heads are named by what their
 * ablation does, not by their patterns. Throws an ArgumentError for options that it does not have, or an audit of another
 * model; a TooSmallError when context or vocabulary are too small to tell; a NotFiniteError when outputs are not finite.
 */
export function prove(
  model: Model,
  options: { sequences?: number; seed?: number; audit?: AuditRecord; onProgress?: OnProgress } = {},
): ProofRecord {
  checkModel('prove', model);
  checkOptions('prove', optionsSchema, options);
  if (options.audit) checkAudited('prove', options.audit, model.config);
  scannedPeriods(model.config, 'prove');
  const { sequences = 96, seed = 0 } = options;
  const auditing = options.audit ? 0 : auditSize(model, { seed });
  const progress = new Progress(options.onProgress, auditing + expectedProof(model, sequences));
  const record = options.audit ?? auditFor('prove', model, { seed, onProgress: progress.part(auditing) });
  const proof = proveFrom(model, record, { sequences, seed, progress });
  progress.finish();
  return proof;
}

/** Tokens that a proof runs, about: choosing on the selection, measuring on the held-out set. */
function expectedProof(model: Model, sequences: number): number {
  const config = asAnalysed(model.config);
  const periods = effectPeriods([], scannedPeriods(config));
  const heads = config.nLayers * config.nHeads;
  // Elimination tries every member once alone and about twice in turn, of all heads and of one input's sources.
  const choosing = 2 + 3 * heads + (config.nLayers > 1 ? 3 + 3 * (heads - config.nHeads) : 0);
  const measuring = 2 + heads + INPUTS.length + 2 + 3 * (RANDOM_CIRCUITS / 2 + 1) + LOGIT_RUNS;
  return choosing * setSize(periods, Math.ceil(sequences / 2)) + measuring * setSize(periods, sequences);
}

function proveFrom(
  model: Model,
  record: AuditRecord,
  { sequences, seed, progress }: { sequences: number; seed: number; progress: Progress },
): ProofRecord {
  const { solved } = record.evidence;
  const periods = effectPeriods(solved, record.scores.periods);
  const selection = new RepeatSet(model, { sequences: Math.ceil(sequences / 2), seed, periods });
  const set = new RepeatSet(model, { sequences, seed, heldOut: true, periods });
  progress.add(selection.size + set.size);
  const learned = record.verdict !== 'not learned';
  const chosen = selection.reporting(progress, () => {
    const sets = learned ? minimalSets(selection) : [];
    const minimal = sets[0] ?? null;
    return {
      sets,
      minimal,
      claim: learned && byContent(record) ? chooseCircuit(selection, { record, minimal: minimal! }) : null,
    };
  });
  const proof = set.reporting(progress, () => measureProof(set, record, chosen));
  const measured: Omit<ProofRecord, 'sentence'> = {
    ...proof,
    periods,
    selected: { sequences: selection.sequences, seed },
    measured: { sequences: set.sequences, seed },
  };
  return { ...measured, sentence: explainProof(measured, record) };
}

/** Whether there is a circuit to claim: what only looks a fixed distance back is none. */
const byContent = ({ verdict }: AuditRecord): boolean => verdict !== 'not learned' && verdict !== 'positional shortcut';

/** Whether two circuits have the same heads, whatever their edges. */
const sameHeads = (a: Circuit, b: Circuit): boolean =>
  a.heads.map(labelOf).sort().join() === b.heads.map(labelOf).sort().join();

/** Everything that is measured on sequences which nothing was chosen on. */
function measureProof(
  set: RepeatSet,
  record: AuditRecord,
  {
    sets,
    minimal,
    claim,
  }: { sets: readonly (readonly HeadIndex[])[]; minimal: readonly HeadIndex[] | null; claim: Claim | null },
): Omit<ProofRecord, 'sentence' | 'periods' | 'selected' | 'measured'> {
  const { config } = set.model;
  const none = set.losses(ablateHeads(set, allHeads(config)));
  const shares = sharesOf(set, none);
  const faithfulness = claim && {
    ...measureCircuit(set, { circuit: claim.circuit, shares }),
    keptByHeads: shares.kept(set.losses(keepHeads(set, claim.circuit.heads))),
  };
  const drawn = (claim ? randomCircuits(config, claim.circuit, set.seed) : []).map((circuit) => ({
    circuit,
    ...measureCircuit(set, { circuit, shares }),
  }));
  const random = drawn.map(({ kept, lost, lostEdges }) => ({
    kept: kept.value,
    lost: lost.value,
    lostEdges: lostEdges?.value ?? null,
  }));
  const heads = claim ? describeHeads(set, { claim, scores: record.scores }) : [];
  const builders = (claim?.circuit.heads ?? []).filter((name) =>
    heads.some(({ label, role }) => label === labelOf(name) && role === 'previous-token head'),
  );
  return {
    verdict: record.verdict,
    kind: claim?.kind ?? null,
    heads,
    edges: (claim?.circuit.edges ?? []).map(({ source, target, input }) => ({
      source: labelOf(source),
      target: labelOf(target),
      input,
    })),
    inputs: claim ? inputEffects(set, claim) : [],
    faithfulness,
    random,
    minimal: minimal && {
      heads: minimal.map(labelOf),
      kept: shares.kept(set.losses(keepHeads(set, minimal))),
    },
    minimalSets: sets.map((heads) => heads.map(labelOf)),
    specificity:
      faithfulness &&
      specificityOf(faithfulness, {
        kept: random.map(({ kept }) => kept),
        lost: drawn.filter(({ circuit }) => !sameHeads(circuit, claim.circuit)).map(({ lost }) => lost.value),
      }),
    keyScrubbing: builders.length === 0 ? null : scrubKeys(set, builders),
    loss: estimate(set.clean),
    lossWithoutHeads: estimate(none),
    logits: logitAttribution(set),
  };
}
