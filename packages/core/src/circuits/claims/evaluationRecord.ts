// A circuit's evaluation as a record: what is claimed, how faithful and complete it is, and what it is compared with.
import type { Input } from '../../model/interventions/interventions.ts';
import type { LogitAttribution } from '../causal/logitAttribution.ts';
import type { Measured } from '../data/measuredBy.ts';
import type { Estimate } from '../statistics/estimate.ts';
import type { KeyScrubbing } from './keyScrubbing.ts';
import type { Specificity } from './specificity.ts';
import type { Verdict } from './verdict.ts';

/** What a model's circuit turns out to be: keys built by earlier heads, values built by them, or something else. */
export type CircuitKind = 'induction' | 'pair hub' | 'other';

/** A head of the circuit, with what it was chosen for and the scores that go with it. */
export interface CircuitHead {
  /** Its label, as in L0H3. */
  readonly label: string;
  readonly role: 'previous-token head' | 'induction head' | 'hub writer' | 'hub reader' | 'source' | 'reader';
  /** Share of attention to the previous token on sequences without repeats, or at the given prompts' queries. */
  readonly previousToken: number;
  /** Attention that follows the period; NaN on given prompts. */
  readonly inductionExcess: number;
  /** Increase of the measure when this head alone is mean-ablated; beside it the same for its layer's others. */
  readonly ablation: Estimate;
  readonly control: Estimate | null;
}

/** An edge of the circuit, by labels. */
export interface CircuitEdge {
  /** Label of the head that writes. */
  readonly source: string;
  /** Label of the head that reads. */
  readonly target: string;
  readonly input: Input;
}

/** What ablating all edges from earlier layers into one input of the readers costs. */
export interface InputEffect {
  readonly input: Input;
  readonly increase: Estimate;
  /** Whether the circuit claims it: where it was chosen it cost more than a tenth of the drop. */
  readonly claimed: boolean;
}

/**
 * How much of what the model can do is the circuit's: shares of the drop that heads make (of the measure with every head
 * mean-ablated against the model's own), 1 being all of it. `kept` is its faithfulness, what the circuit does alone; `lost`
 * its completeness, what the model does not do without it (Wang et al. 2022, with all of the circuit taken out).
 */
export interface Faithfulness {
  /** Kept with everything but the circuit's heads mean-ablated. */
  readonly keptByHeads: Estimate;
  /** The same with all edges between its heads ablated but the claimed ones. */
  readonly kept: Estimate;
  /** Lost when only its heads are mean-ablated. */
  readonly lost: Estimate;
  /** Lost when only its edges are ablated and every head stays; null without edges. */
  readonly lostEdges: Estimate | null;
}

export interface CircuitEvaluation extends Measured {
  /** The audit's verdict on the selection sequences; null of given prompts, which no audit looks at. */
  readonly verdict: Verdict | null;
  /** Null when there is no circuit to claim; `other` on given prompts. */
  readonly kind: CircuitKind | null;
  /** What came out, in words. */
  readonly sentence: string;
  readonly heads: readonly CircuitHead[];
  readonly edges: readonly CircuitEdge[];
  readonly inputs: readonly InputEffect[];
  readonly faithfulness: Faithfulness | null;
  /** Random circuits: as many heads of each layer, as many edges between the corresponding ones, into random inputs. */
  readonly random: readonly { readonly kept: number; readonly lost: number; readonly lostEdges: number | null }[];
  /** The fewest heads found that keep 95 % of the drop, all others mean-ablated; null when nothing is learned. */
  readonly minimal: { readonly heads: readonly string[]; readonly kept: Estimate } | null;
  /** All minimal sets found, of which `minimal` is the first: heads that stand in some of them only are redundant. */
  readonly minimalSets: readonly (readonly string[])[];
  /** Whether it is these heads that do it; null without a circuit. */
  readonly specificity: Specificity | null;
  /** What resampling the previous-token heads' input costs; null where the circuit has none. */
  readonly keyScrubbing: KeyScrubbing | null;
  /** The measure, lossRepeat unless told, of the whole model and with every head mean-ablated: the drop is their difference. */
  readonly loss: Estimate;
  readonly lossWithoutHeads: Estimate;
  /** Direct logit attribution on the measured sequences. */
  readonly logits: LogitAttribution;
  /** Periods of the repeats, in tokens; none of given prompts. */
  readonly periods: readonly number[];
  /** Sequences on which heads and edges were chosen, and the others on which everything was measured. */
  readonly selected: Sequences;
  readonly measured: Sequences;
}

/** The record of `prove`: the same by its old name. */
export type ProofRecord = CircuitEvaluation;

/** How many, and the seed that drew repeats or divided prompts; random circuits are drawn by it, too. */
export interface Sequences {
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
}
