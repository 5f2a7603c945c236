// What the evaluation of a circuit found, in sentences with their numbers.

import type { Estimate } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';
import type { CircuitEvaluation, CircuitHead } from './evaluationRecord.ts';

const percent = (x: number): string => `${Math.round(100 * x)} %`;
/** A share with its interval, where it has one. */
const share = ({ value, interval: [low, high] }: Estimate): string =>
  Number.isFinite(low) && Number.isFinite(high)
    ? `${percent(value)} [${percent(low)}, ${percent(high)}]`
    : percent(value);
const signed = (x: number): string => `${x >= 0 ? '+' : ''}${x.toFixed(2)}`;

/** What was measured, in words: the loss unless told. */
const told = ({ measure }: Found): { name: string; unit: string; drop: string } =>
  measure === undefined || measure.name === 'loss'
    ? { name: 'loss', unit: 'nats', drop: 'loss drop' }
    : { ...measure, drop: `drop in ${measure.name}` };

type Found = Omit<CircuitEvaluation, 'sentence'>;

function names(heads: readonly { readonly label: string }[]): string {
  const labels = heads.map(({ label }) => label);
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
}

const verb = (subjects: readonly unknown[], plural: string): string =>
  subjects.length !== 1 ? plural : `${plural}${plural.endsWith('ch') ? 'es' : 's'}`;

/** An evaluation on repeats in a few sentences. */
export function explainEvaluation(evaluation: Found, audit: AuditRecord): string {
  if (evaluation.kind === null) return noCircuit(evaluation, audit);
  return [claim, measurement, comparison, scrubbing]
    .map((tell) => tell(evaluation))
    .concat(disagreement(evaluation, audit))
    .filter((part) => part !== '')
    .join(' ');
}

/** An evaluation on given prompts. */
export function explainOnPrompts(evaluation: Found): string {
  if (evaluation.kind !== null)
    return [claim(evaluation), measurement(evaluation), comparison(evaluation)].filter((part) => part !== '').join(' ');
  const { name, unit } = told(evaluation);
  const [own, without] = [evaluation.loss, evaluation.lossWithoutHeads].map(({ value }) => value.toFixed(2));
  return `There is no circuit to evaluate: the ${name} is ${own} ${unit}, and ${without} with every head mean-ablated; on the prompts to choose on the heads make no sure difference for the better.`;
}

function noCircuit({ verdict, minimal }: Found, { positionalHeads, evidence }: AuditRecord): string {
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

function claim(evaluation: Found): string {
  const { kind, heads, inputs, specificity } = evaluation;
  const { name, unit } = told(evaluation);
  const of = (...roles: CircuitHead['role'][]): CircuitHead[] => heads.filter(({ role }) => roles.includes(role));
  const effect = inputs
    .filter(({ claimed }) => claimed)
    .map(({ input, increase }) => `${input.toUpperCase()} ${signed(increase.value)} ${unit}`)
    .join(', ');
  const costs = name === 'loss' ? 'costs' : `changes the ${name}`;
  const without = effect === '' ? '' : ` Ablating the edges from earlier layers into their input ${costs}: ${effect}.`;
  if (kind === 'induction') {
    const builders = of('previous-token head');
    const heads = of('induction head');
    const how =
      builders.length > 0
        ? `${names(heads)} ${verb(heads, 'match')} keys that ${names(builders)} built (K-composition)`
        : `${names(heads)} ${verb(heads, 'find')} the earlier copy with no earlier head behind it`;
    return `${specificity?.explains === false ? 'Part of an induction circuit, no more' : 'An induction circuit'}: ${how}.${without}`;
  }
  if (kind === 'pair hub')
    return `${specificity?.explains === false ? 'Part of a pair hub' : 'A pair hub'}, not an induction circuit: ${names(of('hub reader'))} ${verb(of('hub reader'), 'read')} values that ${names(of('hub writer'))} gathered (V-composition).${without}`;
  if (evaluation.verdict === null)
    return `A circuit: ${[of('source'), of('reader')]
      .filter((part) => part.length > 0)
      .map(names)
      .join(' into ')}.${without}`;
  return `A circuit of another kind: ${names(of('source'))} ${of('source').length > 0 ? 'into ' : ''}${names(of('reader'))}.${without}`;
}

function measurement(evaluation: Found): string {
  const { faithfulness, random, minimal, measured } = evaluation;
  const { name, unit, drop } = told(evaluation);
  const { kept, lost, lostEdges } = faithfulness!;
  const on = `on ${measured.sequences} sequences that no choice was made on`;
  if (!Number.isFinite(kept.value))
    return `What it keeps is no share of anything: the ${name} is ${evaluation.loss.value.toFixed(2)} ${unit} and ${evaluation.lossWithoutHeads.value.toFixed(2)} ${unit} with every head mean-ablated, no sure difference ${on}.`;
  const range = (values: readonly number[]): string =>
    `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
  const controls = random.map((r) => r.kept).filter(Number.isFinite);
  const against =
    controls.length > 0 ? ` (${controls.length} random circuits of the same shape: ${range(controls)})` : '';
  const losses = random.map((r) => r.lost).filter(Number.isFinite);
  const againstLost = losses.length > 0 ? ` (random: ${range(losses)})` : '';
  const edges = lostEdges ? `, ablating its edges alone ${share(lostEdges)}` : '';
  const few = minimal
    ? ` ${minimal.heads.length} of the heads suffice for ${percent(minimal.kept.value)}: ${minimal.heads.join(', ')}.`
    : '';
  return `With everything else mean-ablated it keeps ${share(kept)} of the ${drop}${against}; ablating it loses ${share(lost)}${againstLost}${edges}. Measured ${on}.${few}`;
}

/** Heads that stand in a minimal set and not in the circuit. */
const standIns = ({ heads, minimalSets }: Pick<Found, 'heads' | 'minimalSets'>): string[] =>
  [...new Set(minimalSets.flat())].filter((label) => !heads.some((head) => head.label === label)).sort();

/** What the comparison with random circuits and other minimal sets means. */
function comparison({ heads, specificity, minimalSets }: Found): string {
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
  const others = standIns({ heads, minimalSets });
  if (replaced.length > 0)
    parts.push(
      `Redundant, since others can take over: ${names(replaced)}.${others.length > 0 ? ` The others: ${others.join(', ')}.` : ''}`,
    );
  return parts.join(' ');
}

/** What resampling says of the claim that keys carry the previous token. */
function scrubbing({ keyScrubbing, loss, lossWithoutHeads }: Found): string {
  if (!keyScrubbing) return '';
  const { agreeing, differing } = keyScrubbing;
  const drop = lossWithoutHeads.value - loss.value;
  // Where heads make no difference on the whole, resampling is compared with itself.
  const scale = Math.max(drop, differing.value);
  const moves = (increase: number): boolean => increase > MOVES * scale && increase > LEAST_MOVE;
  const numbers = `${signed(agreeing.value)} nats by input that has the same previous token, ${signed(differing.value)} nats by input that has another`;
  const conclusion = moves(agreeing.value)
    ? 'so the keys carry more than the previous token'
    : moves(differing.value)
      ? 'so the keys carry the previous token'
      : 'so the keys hardly depend on what these heads read';
  return `Resampling what feeds the keys costs ${numbers}: ${conclusion}.`;
}

/** A loss moves when it rises by more than this share of the loss drop. */
const MOVES = 0.1;
/** Less than so many nats is no move. */
const LEAST_MOVE = 0.05;

/** Says so when the head that builds the keys is not the one whose attention looks most like it. */
function disagreement({ kind, heads, minimalSets }: Found, { scores }: AuditRecord): string {
  const builders = heads.filter(({ role }) => role === 'previous-token head');
  if (kind !== 'induction' || builders.length === 0) return '';
  const layers = new Set(builders.map(({ label }) => scores.heads.find((h) => h.label === label)!.layer));
  const top = scores.heads
    .filter(({ layer }) => layers.has(layer))
    .reduce((a, b) => (b.previousToken.value > a.previousToken.value ? b : a));
  const others = standIns({ heads, minimalSets });
  if (builders.some(({ label }) => label === top.label) || others.includes(top.label)) return '';
  return `The highest previous-token score, ${top.previousToken.value.toFixed(2)}, is that of ${top.label}, which the circuit can do without: scores look, effects tell.`;
}
