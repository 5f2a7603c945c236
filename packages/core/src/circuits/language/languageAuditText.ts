// What the audit of a language model says, in sentences with their numbers.
import { listed } from '../../errors/names.ts';
import type { AttentionAnswer, BehaviourAnswer, CauseAnswer, LanguageAudit } from './languageAuditRecord.ts';

const nats = (x: number): string => `${x.toFixed(2)} nats`;
const percent = (x: number): string => `${Math.round(100 * x)} %`;

export const LEFT_OUT =
  'natural text said twice and the score in context: no text was given; give one with --text FILE (text in the library)';

export function behaviourText({ answer, fall, repeats, text }: Omit<BehaviourAnswer, 'says'>): string {
  const { period, repeat, control } = repeats[0]!;
  const how = {
    yes: 'The loss falls on a repeat',
    'in part': 'The loss falls a little on a repeat',
    no: 'The loss does not fall on a repeat',
  }[answer];
  const said = `${how}: random tokens that come again after ${period} cost ${nats(repeat.value)}, without the first copy ${nats(control.value)}; over all settings ${percent(fall)} of the loss goes.`;
  if (!text) return said;
  return `${said} Pieces of the text cost ${nats(text.repeat.value)} when they are said again, behind another piece ${nats(text.control.value)}.`;
}

export function attentionText({ answer, heads, next }: Omit<AttentionAnswer, 'says'>): string {
  const named = (list: typeof heads): string =>
    listed(
      list.map(({ label, mean }) => `${label} ${mean.toFixed(2)}`),
      8,
    );
  if (answer === 'no')
    return `No head follows the repeat: the strongest, ${named(next)}, attend by so little more to the token after the earlier copy than to the same places without a repeat.`;
  return `${heads.length === 1 ? 'One head follows' : `${heads.length} heads follow`} the repeat, by attention to the token after the earlier copy above the same places without a repeat: ${named(heads)}.`;
}

export function causeText({
  off,
  lost,
  randomLost,
  answer,
  notAsked,
}: Omit<CauseAnswer, 'says'> & { notAsked: 'no fall' | 'no head' | null }): string {
  if (notAsked !== null || !off || lost === null)
    return `Not asked: there is ${notAsked === 'no fall' ? 'no fall of the loss to lose' : 'no head that follows, to be switched off'}.`;
  const range =
    randomLost.length === 0
      ? 'no other heads to compare with'
      : `${randomLost.length} draws of as many random heads of the same layers lose ${percent(Math.min(...randomLost))} to ${percent(Math.max(...randomLost))}`;
  const how = {
    yes: 'The fall is lost with these heads off',
    'in part': 'Some of the fall is lost with these heads off',
    no: 'What is lost with these heads off is no more than what random heads take along, or next to nothing',
    'not asked': '',
  }[answer];
  return `${how}: ${nats(off.clean.value)} become ${nats(off.without.value)}, ${percent(lost)} of the fall; ${range}.`;
}

/** All three in one sentence. */
export function wholeText({
  behaviour,
  attention,
  cause,
}: Pick<LanguageAudit, 'behaviour' | 'attention' | 'cause'>): string {
  if (behaviour.answer === 'no')
    return attention.answer === 'no'
      ? 'No induction: the loss does not fall on a repeat, and no head follows it.'
      : 'Heads attend as induction heads do, but the loss does not fall on a repeat.';
  const falls = behaviour.answer === 'yes' ? 'The loss falls on a repeat' : 'The loss falls a little on a repeat';
  if (attention.answer === 'no') return `${falls}, but no head follows it: it comes about in another way.`;
  const how = {
    yes: 'and it is lost with them off, more than with random heads off',
    'in part': 'and some of it is lost with them off, more than with random heads off',
    no: 'but it is not lost with them off more than with random heads off: what they do for it is not shown',
    'not asked': 'whether they cause it was not asked',
  }[cause.answer];
  return `${falls}, heads follow it, ${how}.`;
}
