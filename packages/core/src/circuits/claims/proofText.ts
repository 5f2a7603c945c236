// What a proof found, in sentences with their numbers.

import type { Estimate } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';
import type { CircuitHead, ProofRecord } from './proofRecord.ts';

const percent = (x: number): string => `${Math.round(100 * x)} %`;
/** A share with its interval, where it has one. */
const share = ({ value, interval: [low, high] }: Estimate): string =>
  Number.isFinite(low) && Number.isFinite(high)
    ? `${percent(value)} [${percent(low)}, ${percent(high)}]`
    : percent(value);
const nats = (x: number): string => `${x >= 0 ? '+' : ''}${x.toFixed(2)} nats`;

function names(heads: readonly { readonly label: string }[]): string {
  const labels = heads.map(({ label }) => label);
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
}

const verb = (subjects: readonly unknown[], plural: string): string =>
  subjects.length !== 1 ? plural : `${plural}${plural.endsWith('ch') ? 'es' : 's'}`;

/** The proof in a few sentences. */
export function explainProof(proof: Omit<ProofRecord, 'sentence'>, audit: AuditRecord): string {
  if (proof.kind === null) return noCircuit(proof, audit);
  return [claim(proof), measurement(proof), comparison(proof), scrubbing(proof), disagreement(proof, audit)]
    .filter((part) => part !== '')
    .join(' ');
}

function noCircuit(
  { verdict, minimal }: Omit<ProofRecord, 'sentence'>,
  { positionalHeads, evidence }: AuditRecord,
): string {
  if (verdict === 'not learned') return 'There is no circuit to prove: no period is solved.';
  const carriers =
    minimal && Number.isFinite(minimal.kept.value)
      ? ` ${percent(minimal.kept.value)} of what it can do is kept by ${minimal.heads.join(', ')} alone.`
      : '';
  const elsewhere = Number.isFinite(evidence.otherPeriodLoss)
    ? ` At other periods the loss is ${evidence.otherPeriodLoss.toFixed(2)} nats.`
    : '';
  if (verdict !== 'positional shortcut')
    return `There is no induction circuit to prove: period ${evidence.best} and its relatives are solved, and no unrelated one.${carriers}`;
  return `There is no induction circuit: ${positionalHeads.join(', ')} ${verb(positionalHeads, 'look')} a fixed distance back, whatever the tokens.${carriers}${elsewhere}`;
}

function claim({ kind, heads, inputs, specificity }: Omit<ProofRecord, 'sentence'>): string {
  const of = (...roles: CircuitHead['role'][]): CircuitHead[] => heads.filter(({ role }) => roles.includes(role));
  const effect = inputs
    .filter(({ claimed }) => claimed)
    .map(({ input, increase }) => `${input.toUpperCase()} ${nats(increase.value)}`)
    .join(', ');
  const cutting = effect === '' ? '' : ` Cutting the earlier layers out of their input costs: ${effect}.`;
  if (kind === 'induction') {
    const builders = of('previous-token head');
    const heads = of('induction head');
    const how =
      builders.length > 0
        ? `${names(heads)} ${verb(heads, 'match')} keys that ${names(builders)} built (K-composition)`
        : `${names(heads)} ${verb(heads, 'find')} the earlier copy with no earlier head behind it`;
    return `${specificity?.explains === false ? 'Part of an induction circuit, no more' : 'An induction circuit'}: ${how}.${cutting}`;
  }
  if (kind === 'pair hub')
    return `${specificity?.explains === false ? 'Part of a pair hub' : 'A pair hub'}, not an induction circuit: ${names(of('hub reader'))} ${verb(of('hub reader'), 'read')} values that ${names(of('hub writer'))} gathered (V-composition).${cutting}`;
  return `A circuit of another kind: ${names(of('source'))} ${of('source').length > 0 ? 'into ' : ''}${names(of('reader'))}.${cutting}`;
}

function measurement({ faithfulness, random, minimal, measured, ...proof }: Omit<ProofRecord, 'sentence'>): string {
  const { kept, lost, lostEdges } = faithfulness!;
  const on = `on ${measured.sequences} sequences that no choice was made on`;
  if (!Number.isFinite(kept.value))
    return `What it keeps is no share of anything: the loss is ${proof.loss.value.toFixed(2)} nats and ${proof.lossWithoutHeads.value.toFixed(2)} nats with every head mean-ablated, no sure difference ${on}.`;
  const range = (values: readonly number[]): string =>
    `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
  const controls = random.map((r) => r.kept).filter(Number.isFinite);
  const against =
    controls.length > 0 ? ` (${controls.length} random circuits of the same shape: ${range(controls)})` : '';
  const losses = random.map((r) => r.lost).filter(Number.isFinite);
  const againstLost = losses.length > 0 ? ` (random: ${range(losses)})` : '';
  const edges = lostEdges ? `, cutting its edges alone ${share(lostEdges)}` : '';
  const few = minimal
    ? ` ${minimal.heads.length} of the heads suffice for ${percent(minimal.kept.value)}: ${minimal.heads.join(', ')}.`
    : '';
  return `With everything else mean-ablated it keeps ${share(kept)} of the loss drop${against}; ablating it loses ${share(lost)}${againstLost}${edges}. Measured ${on}.${few}`;
}

/** What the comparison with random circuits and other minimal sets means. */
function comparison({ heads, specificity, minimalSets }: Omit<ProofRecord, 'sentence'>): string {
  const parts: string[] = [];
  if (specificity?.explains === false) parts.push('Most of what the model can do is done by other means.');
  if (specificity?.keepsMore === false)
    parts.push(
      'It is not specific: random circuits of the same shape keep as much, so its work is done by several heads.',
    );
  if (specificity?.losesMore === false)
    parts.push('That much is lost with random ones, too, and says nothing of these heads.');
  const always = (label: string): boolean => minimalSets.every((set) => set.includes(label));
  const replaced = heads.filter(({ label }) => minimalSets.length > 1 && !always(label));
  if (minimalSets.length > 1)
    parts.push(
      `${minimalSets.length} minimal sets keep 95 %: ${minimalSets.map((set) => set.join(' + ')).join('; ')}.`,
    );
  if (replaced.length > 0) parts.push(`Redundant, since others can take over: ${names(replaced)}.`);
  return parts.join(' ');
}

/** What resampling says of the claim that keys carry the previous token. */
function scrubbing({ keyScrubbing, loss, lossWithoutHeads }: Omit<ProofRecord, 'sentence'>): string {
  if (!keyScrubbing) return '';
  const { agreeing, differing } = keyScrubbing;
  const drop = lossWithoutHeads.value - loss.value;
  const moves = (increase: number): boolean => increase > MOVES * drop;
  const numbers = `${nats(agreeing.value)} by input that has the same previous token, ${nats(differing.value)} by input that has another`;
  const conclusion = moves(agreeing.value)
    ? 'so the keys carry more than the previous token'
    : moves(differing.value)
      ? 'so the keys carry the previous token'
      : 'so the keys hardly depend on what these heads read';
  return `Resampling what feeds the keys costs ${numbers}: ${conclusion}.`;
}

/** A loss moves when it rises by more than this share of the loss drop. */
const MOVES = 0.1;

/** Says so when the head that builds the keys is not the one whose attention looks most like it. */
function disagreement({ kind, heads }: Omit<ProofRecord, 'sentence'>, { scores }: AuditRecord): string {
  const builders = heads.filter(({ role }) => role === 'previous-token head');
  if (kind !== 'induction' || builders.length === 0) return '';
  const layers = new Set(builders.map(({ label }) => scores.heads.find((h) => h.label === label)!.layer));
  const top = scores.heads
    .filter(({ layer }) => layers.has(layer))
    .reduce((a, b) => (b.previousToken.value > a.previousToken.value ? b : a));
  if (builders.some(({ label }) => label === top.label)) return '';
  return `The highest previous-token score, ${top.previousToken.value.toFixed(2)}, is that of ${top.label}, which the circuit can do without: scores look, effects tell.`;
}
