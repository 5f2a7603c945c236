// The circuit as a claim, and its proof: heads and edges are chosen on some sequences and measured on others, alone,
// taken away, and against random circuits of the same shape.
import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadName, INPUTS, type Input } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { difference } from '../causal/effects.ts';
import { LOGIT_RUNS, type LogitAttribution, logitAttribution } from '../causal/logitAttribution.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { checkTellable, sweepPeriods } from '../data/probes.ts';
import { effectPeriods, RepeatSet, setSize } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, mean } from '../statistics/estimate.ts';
import { type AuditRecord, auditFor, auditSchema, auditSize, checkAudited } from './audit.ts';
import {
  ablateHeads,
  type Circuit,
  cutEdges,
  type Edge,
  edgeLabel,
  eliminate,
  keepCircuit,
  keepHeads,
  labelOf,
} from './circuit.ts';
import { explainProof } from './proofText.ts';
import type { Verdict } from './verdict.ts';

/** What a model's circuit turns out to be: keys built by earlier heads, values built by them, or something else. */
export type CircuitKind = 'induction' | 'pair hub' | 'other';

/** A head of the circuit, with what it was chosen for and the scores that go with it. */
export interface CircuitHead {
  readonly label: string;
  readonly role: 'previous-token head' | 'induction head' | 'hub writer' | 'hub reader' | 'source' | 'reader';
  /** Share of attention to the previous token on sequences without repeats. */
  readonly previousToken: number;
  /** Attention that follows the period. */
  readonly inductionExcess: number;
  /** Increase of lossRepeat when this head alone is mean-ablated, nats; beside it the same for its layer's others. */
  readonly ablation: Estimate;
  readonly control: Estimate | null;
}

export interface CircuitEdge {
  readonly source: string;
  readonly target: string;
  readonly input: Input;
}

/** What cutting all earlier layers out of one input of the readers costs. */
export interface InputEffect {
  readonly input: Input;
  readonly increase: Estimate;
  /** Whether the circuit claims it: on the selection set it cost more than a tenth of the loss drop. */
  readonly claimed: boolean;
}

/** Shares of the loss drop that heads make: 1 is all of it. */
export interface Faithfulness {
  /** Kept with everything but the circuit's heads mean-ablated. */
  readonly keptByHeads: Estimate;
  /** The same with all paths between its heads cut but the claimed edges. */
  readonly kept: Estimate;
  /** Lost when only its heads are mean-ablated. */
  readonly lost: Estimate;
  /** Lost when only its edges are cut and every head stays; null without edges. */
  readonly lostEdges: Estimate | null;
}

export interface ProofRecord {
  /** The audit's verdict on the selection sequences. */
  readonly verdict: Verdict;
  /** Null when there is no circuit to claim. */
  readonly kind: CircuitKind | null;
  readonly sentence: string;
  readonly heads: readonly CircuitHead[];
  readonly edges: readonly CircuitEdge[];
  readonly inputs: readonly InputEffect[];
  readonly faithfulness: Faithfulness | null;
  /** Random circuits: as many heads of each layer, as many edges between the corresponding ones, into random inputs. */
  readonly random: readonly { readonly kept: number; readonly lost: number; readonly lostEdges: number | null }[];
  /** The fewest heads found that keep 95 % of the loss drop, all others mean-ablated; null when nothing is learned. */
  readonly minimal: { readonly heads: readonly string[]; readonly kept: Estimate } | null;
  /** lossRepeat of the whole model, and with every head mean-ablated: the loss drop is their difference. Nats. */
  readonly loss: Estimate;
  readonly lossWithoutHeads: Estimate;
  /** Direct logit attribution on the measured sequences. */
  readonly logits: LogitAttribution;
  readonly periods: readonly number[];
  /** Sequences on which heads and edges were chosen, and the others on which everything was measured. */
  readonly selected: { readonly sequences: number; readonly seed: number };
  readonly measured: { readonly sequences: number; readonly seed: number };
}

/** An input belongs to the circuit when cutting it costs more than this share of the loss drop. */
const CLAIMED = 0.1;
/** Sources are spared as long as this share of an input's effect is not lost with them. */
const SPARED = 0.1;
/** What a minimal set keeps. */
const MINIMAL = 0.95;
/** A pair hub loses more than this share of the loss drop without the earlier layers in its values. */
const HUB = 0.5;
const RANDOM_CIRCUITS = 10;

const optionsSchema = z.strictObject({ ...commonFields, audit: z.optional(auditSchema) });

/**
 * Names the circuit that a model copies with and measures how much of the copying it is. Heads are named by what their
 * removal does, not by their patterns. Throws an ArgumentError for options that it does not have, or an audit of another
 * model; a TooSmallError when context or vocabulary are too small to tell; a NotFiniteError when outputs are not finite.
 */
export function prove(
  model: Model,
  options: { sequences?: number; seed?: number; audit?: AuditRecord; onProgress?: OnProgress } = {},
): ProofRecord {
  checkModel('prove', model);
  checkOptions('prove', optionsSchema, options);
  if (options.audit) checkAudited('prove', options.audit, model.config);
  checkTellable(model.config, 'prove');
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
  const periods = effectPeriods([], sweepPeriods(config));
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
  const { solved, independent } = record.evidence;
  const periods = effectPeriods(solved, record.scores.periods);
  const selection = new RepeatSet(model, { sequences: Math.ceil(sequences / 2), seed, periods });
  const set = new RepeatSet(model, { sequences, seed, heldOut: true, periods });
  progress.add(selection.size + set.size);
  const learned = solved.length > 0;
  const chosen = selection.reporting(progress, () => {
    const minimal = learned ? minimalSet(selection) : null;
    return { minimal, claim: learned && independent.length > 0 ? chooseCircuit(selection, record, minimal!) : null };
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

/** Everything that is measured on sequences which nothing was chosen on. */
function measureProof(
  set: RepeatSet,
  record: AuditRecord,
  { minimal, claim }: { minimal: readonly HeadName[] | null; claim: Claim | null },
): Omit<ProofRecord, 'sentence' | 'periods' | 'selected' | 'measured'> {
  const { config } = set.model;
  const none = set.losses(ablateHeads(set, allHeads(config)));
  const drop = difference(none, set.clean);
  const shares: Shares = {
    kept: (losses) => estimateRatio(difference(none, losses), drop),
    lost: (losses) => estimateRatio(difference(losses, set.clean), drop),
  };
  return {
    verdict: record.verdict,
    kind: claim?.kind ?? null,
    heads: claim ? describeHeads(set, claim, record) : [],
    edges: (claim?.circuit.edges ?? []).map(({ source, target, input }) => ({
      source: labelOf(source),
      target: labelOf(target),
      input,
    })),
    inputs: claim ? inputEffects(set, claim) : [],
    faithfulness: claim && {
      ...measureCircuit(set, claim.circuit, shares),
      keptByHeads: shares.kept(set.losses(keepHeads(set, claim.circuit.heads))),
    },
    random: claim
      ? randomCircuits(config, claim.circuit, set.seed).map((circuit) => {
          const { kept, lost, lostEdges } = measureCircuit(set, circuit, shares);
          return { kept: kept.value, lost: lost.value, lostEdges: lostEdges?.value ?? null };
        })
      : [],
    minimal: minimal && {
      heads: minimal.map(labelOf),
      kept: shares.kept(set.losses(keepHeads(set, minimal))),
    },
    loss: estimate(set.clean),
    lossWithoutHeads: estimate(none),
    logits: logitAttribution(set),
  };
}

interface Claim {
  readonly kind: CircuitKind;
  readonly circuit: Circuit;
  readonly readers: readonly HeadName[];
  readonly claimed: readonly Input[];
}

/** The fewest heads, by elimination, that keep 95 % of the loss drop. */
function minimalSet(set: RepeatSet): HeadName[] {
  const heads = allHeads(set.model.config);
  const clean = mean(set.clean);
  const drop = mean(set.losses(ablateHeads(set, heads))) - clean;
  const limit = clean + (1 - MINIMAL) * drop;
  return eliminate(heads, limit, (gone) => mean(set.losses(ablateHeads(set, gone))));
}

/**
 * Readers are the heads whose attention follows the period, or, where none does, the later heads of the minimal set.
 * Each input of theirs that matters is traced to the earlier heads that cannot be spared together.
 */
function chooseCircuit(set: RepeatSet, record: AuditRecord, minimal: readonly HeadName[]): Claim | null {
  const { config } = set.model;
  const followers = allHeads(config).filter((name) => record.followers.includes(labelOf(name)));
  const readers = followers.length > 0 ? followers : minimal.filter(({ layer }) => layer > 0 || config.nLayers === 1);
  if (readers.length === 0) return null;
  const clean = mean(set.clean);
  const drop = mean(set.losses(ablateHeads(set, allHeads(config)))) - clean;
  const edges: Edge[] = [];
  const claimed: Input[] = [];
  const share = new Map<Input, number>();
  for (const input of INPUTS) {
    const cost = mean(set.losses(cutEdges(edgesInto(readers, input, earlierOf(config, readers))))) - clean;
    share.set(input, cost / drop);
    if (cost <= CLAIMED * drop) continue;
    claimed.push(input);
    const sources = eliminate(earlierOf(config, readers), clean + SPARED * cost, (gone) =>
      mean(set.losses(cutEdges(edgesInto(readers, input, gone)))),
    );
    edges.push(...edgesInto(readers, input, sources));
  }
  const hub = (share.get('v') ?? 0) > HUB;
  const kind: CircuitKind = hub
    ? 'pair hub'
    : followers.length > 0 && (claimed.includes('k') || config.nLayers === 1)
      ? 'induction'
      : 'other';
  const involved = allHeads(config).filter(
    (name) =>
      readers.some((reader) => labelOf(reader) === labelOf(name)) ||
      edges.some(({ source }) => labelOf(source) === labelOf(name)),
  );
  return { kind, circuit: { heads: involved, edges }, readers, claimed };
}

/** Heads before the last of the readers. */
const earlierOf = (config: ModelConfig, readers: readonly HeadName[]): HeadName[] =>
  earlierHeads(config, Math.max(...readers.map(({ layer }) => layer)));

const edgesInto = (readers: readonly HeadName[], input: Input, sources: readonly HeadName[]): Edge[] =>
  readers.flatMap((target) =>
    sources.filter(({ layer }) => layer < target.layer).map((source) => ({ source, target, input })),
  );

function inputEffects(set: RepeatSet, { readers, claimed }: Claim): InputEffect[] {
  const sources = earlierOf(set.model.config, readers);
  if (sources.length === 0) return [];
  return INPUTS.map((input) => ({
    input,
    increase: estimate(difference(set.losses(cutEdges(edgesInto(readers, input, sources))), set.clean)),
    claimed: claimed.includes(input),
  }));
}

/** Losses as shares of the loss drop: kept of it, or lost. */
interface Shares {
  kept(losses: Float64Array): Estimate;
  lost(losses: Float64Array): Estimate;
}

function measureCircuit(set: RepeatSet, circuit: Circuit, { kept, lost }: Shares): Omit<Faithfulness, 'keptByHeads'> {
  const { heads, edges } = circuit;
  return {
    kept: kept(set.losses(keepCircuit(set, circuit))),
    lost: lost(set.losses(ablateHeads(set, heads))),
    lostEdges: edges.length === 0 ? null : lost(set.losses(cutEdges(edges))),
  };
}

function describeHeads(set: RepeatSet, { kind, circuit, readers }: Claim, { scores }: AuditRecord): CircuitHead[] {
  const { config } = set.model;
  const increases = new Map(
    allHeads(config).map((name) => [labelOf(name), difference(set.losses([set.meanAblate(name)]), set.clean)]),
  );
  const role = (name: HeadName): CircuitHead['role'] => {
    const reads = readers.some((reader) => labelOf(reader) === labelOf(name));
    if (kind === 'pair hub') return reads ? 'hub reader' : 'hub writer';
    if (kind === 'other') return reads ? 'reader' : 'source';
    if (reads) return 'induction head';
    const builds = circuit.edges.some(({ source, input }) => input === 'k' && labelOf(source) === labelOf(name));
    return builds ? 'previous-token head' : 'source';
  };
  return circuit.heads.map((name): CircuitHead => {
    const label = labelOf(name);
    const found = scores.heads.find((h) => h.label === label)!;
    const others = allHeads(config).filter((o) => o.layer === name.layer && o.head !== name.head);
    const control = increases.get(label)!.map((_, s) => mean(others.map((o) => increases.get(labelOf(o))![s]!)));
    return {
      label,
      role: role(name),
      previousToken: found.previousToken.value,
      inductionExcess: found.inductionExcess.value,
      ablation: estimate(increases.get(label)!),
      control: others.length > 0 ? estimate(control) : null,
    };
  });
}

/** Different circuits of the same shape: heads mapped to others of their layer, edges along with them, into random inputs. */
export function randomCircuits(config: ModelConfig, circuit: Circuit, seed: number): Circuit[] {
  const seen = new Set([nameOf(circuit)]);
  const found: Circuit[] = [];
  for (let attempt = 0; attempt < 20 * RANDOM_CIRCUITS && found.length < RANDOM_CIRCUITS; attempt++) {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.randomCircuits, attempt);
    const heads = Array.from({ length: config.nLayers }, () => shuffled(config.nHeads, random));
    const inputs = shuffled(INPUTS.length, random);
    const map = ({ layer, head }: HeadName): HeadName => ({ layer, head: heads[layer]![head]! });
    const drawn: Circuit = {
      heads: circuit.heads.map(map),
      edges: circuit.edges.map(({ source, target, input }) => ({
        source: map(source),
        target: map(target),
        input: INPUTS[inputs[INPUTS.indexOf(input)]!]!,
      })),
    };
    if (seen.has(nameOf(drawn))) continue;
    seen.add(nameOf(drawn));
    found.push(drawn);
  }
  return found;
}

const nameOf = ({ heads, edges }: Circuit): string =>
  JSON.stringify([heads.map(labelOf).sort(), edges.map(edgeLabel).sort()]);

function shuffled(count: number, random: RandomStream): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
