// What an audit found, in sentences with their numbers.
import { listed } from '../../errors/names.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { HeadScoresRecord } from '../attention/headScoresRecord.ts';
import type { Limit, Limits } from '../map/limits.ts';
import type { InductionMap, Solution } from '../map/mapRecord.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';
import type { Judgement } from './verdict.ts';

/** Says that the analysis saw a part of the context. */
export const shortenedText = (length: number, nCtx: number): string =>
  `Analysed on sequences of at most ${length.toLocaleString('en')} tokens; the context of ${nCtx.toLocaleString('en')} is longer than the patterns that are looked at.`;

const nats = (x: number): string => `${x.toFixed(2)} nats`;
const percent = (x: number): string => `${Math.round(100 * x)} %`;

/** Says that a large model was measured on less than usual. */
export const sampleText = ({ scores, map }: Pick<AuditRecord, 'scores' | 'map'>): string =>
  ` Measured on a sample, since the model is large: ${scores.sequences} sequences of each probe, ${scores.periods.length} periods, ${map.sequences} sequences of each place.`;

/** The verdict in a few sentences, with the numbers that carry it. */
export function explainAudit(
  { reason }: Judgement,
  record: Omit<AuditRecord, 'sentence'>,
  { limits, share }: Limits,
): string {
  const { verdict, evidence, followers, positionalHeads, map } = record;
  const parts = [
    verdict === 'induction' && limits.length > 0
      ? `Within limits (${listed(limits.map(limitText))}): ${reason}`
      : reason,
    solvedText(map),
  ];
  if (verdict === 'induction' && share < 0.995)
    parts.push(`Within its limits ${percent(share)} of the queries are answered.`);
  if (map.cells.length === 0)
    return `Nothing of a repeat can be told: ${map.length - map.prefix.length} tokens have no room for a block of two and its copy. Scores and weights are all there is.`;
  if (verdict === 'not learned')
    parts.push(
      `The lowest loss on a repeat is ${nats(Math.min(...map.cells.map((c) => c.lossAtBestTemperature)))}; guessing costs ${nats(evidence.lnVocab)}.`,
    );
  if (verdict === 'positional shortcut' || (verdict === 'mixed' && positionalHeads.length > 0))
    parts.push(`It copies from a fixed distance at ${plural('period', periodsSolved(map, 'by position'))}.`);
  if (followers.length > 0) parts.push(`Attention follows the period in ${followers.join(', ')}.`);
  if (positionalHeads.length > 0) parts.push(`The stripe stays without a repeat in ${positionalHeads.join(', ')}.`);
  const lost = Object.entries(record.mechanisms.lostWithoutInput ?? {}).sort((a, b) => b[1] - a[1])[0];
  if (lost && (verdict === 'induction' || verdict === 'other circuit' || verdict === 'mixed'))
    parts.push(
      `Taking the earlier layers out of the later heads’ ${lost[0].toUpperCase()} input costs most: ${percent(lost[1])} of the loss drop.`,
    );
  if (map.temperature !== 1)
    parts.push(
      `All this is judged with logits divided by ${map.temperature}: as they are they are ${map.temperature < 1 ? 'less' : 'more'} sure than the model is right.`,
    );
  return parts.join(' ');
}

/** A limit in words. */
export const limitText = ({ what, from, to }: Limit): string =>
  what === 'period'
    ? plural('period', [{ from, to }])
    : `${what === 'first copy' ? 'first copies' : 'second copies'} at ${rangeText({ from, to })}`;

interface Range {
  readonly from: number;
  readonly to: number;
}

const rangeText = ({ from, to }: Range): string => (from === to ? String(from) : `${from}–${to}`);

const plural = (noun: string, ranges: readonly Range[]): string =>
  `${noun}${ranges.length === 1 && ranges[0]!.from === ranges[0]!.to ? '' : 's'} ${listed(ranges.map(rangeText), 8)}`;

/** The periods at which places are solved so, neighbours in one range. */
function periodsSolved({ cells }: InductionMap, solution: Solution): Range[] {
  const all = [...new Set(cells.filter((c) => c.solution === solution).map((c) => c.distance))].sort((a, b) => a - b);
  const begin = all.filter((value) => !all.includes(value - 1));
  const end = all.filter((value) => !all.includes(value + 1));
  return begin.map((from, i) => ({ from, to: end[i] as number }));
}

function solvedText(map: InductionMap): string {
  const { cells, cellsInAll } = map;
  const of = (solution: Solution): typeof cells => cells.filter((cell) => cell.solution === solution);
  const sample = cells.length < cellsInAll ? ` (of ${cellsInAll.toLocaleString('en')} there are)` : '';
  const [content, position] = [of('by content'), of('by position')];
  const loss = (solved: typeof cells): string =>
    solved.length === 0 ? '' : `, ${nats(mean(solved.map((c) => c.lossAtBestTemperature)))}`;
  return `Of ${cells.length} places of the map${sample} ${content.length} are solved by content${loss(content)}, ${position.length} by position${loss(position)}.`;
}

/** Says which tokens were left out because they look untrained; nothing where there is none. */
export const untrainedText = (tokens: readonly number[]): string =>
  tokens.length === 0
    ? ''
    : ` Left out: ${plural(
        'token',
        tokens.map((t) => ({ from: t, to: t })),
      )}, whose embeddings look as if training had never moved them.`;

/** What the audit says nothing of, each in a few words. */
export function untestedOf(
  map: InductionMap,
  { config: { nCtx }, scores }: { config: ModelConfig; scores: HeadScoresRecord },
): string[] {
  const { prefix, cells, cellsInAll, length, excluded = [] } = map;
  const room = length - prefix.length;
  if (cells.length === 0) return [`whatever takes a repeat: a block of two and its copy do not fit ${room} tokens`];
  return [
    ...(scores.periods.length === 1 ? [`periods other than ${scores.periods[0]} on two whole copies`] : []),
    ...(scores.prefixMatchingBlock === 0
      ? [`prefix matching: four copies of a block of two do not fit ${room} tokens`]
      : []),
    prefix.length === 0
      ? 'sequences that begin with a certain token'
      : `sequences that do not begin with ${plural(
          'token',
          prefix.map((t) => ({ from: t, to: t })),
        )}`,
    'matches that are ambiguous: every token that is asked for stands once before',
    ...(excluded.length > 0
      ? [
          plural(
            'token',
            excluded.map((t) => ({ from: t, to: t })),
          ),
        ]
      : []),
    ...(cells.length < cellsInAll
      ? [`${(cellsInAll - cells.length).toLocaleString('en')} places between those measured`]
      : []),
    ...(length < nCtx ? [`positions from ${length.toLocaleString('en')} on`] : []),
  ];
}
