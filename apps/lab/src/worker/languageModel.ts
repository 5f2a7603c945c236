// What is asked of a language model alone: the scores of its heads, the audit's three answers, heads off beside random ones.
import {
  copiesThatCount,
  copyQueries,
  drawnTokens,
  headMap,
  headsOff,
  languageAudit,
  type Model,
  PromptSet,
  parameterCount,
  type TokenKinds,
} from '@induction-lab/core/browser';
import { firstDrawn } from '@induction-lab/core/internal';
import type { HeadBars, LanguageAnswer, RandomOff, View } from '../protocol.ts';

/** Sequences of each kind that the answers are measured on. */
const AUDITED = 8;

const tokensOf = (model: Model, kinds: TokenKinds): readonly number[] => drawnTokens(model, { kinds }).tokens;

/** Sequences of each kind that scores are measured on: fewer of a large model, whose every run takes seconds. */
const scoredOn = ({ config }: Model): number => (parameterCount(config) > 5e6 ? 1 : 8);

/** Scores of all heads, on random tokens that are text; the head that keeps a distance is not looked for. */
export function languageBars(model: Model, tokenizer: TokenKinds): Pick<View, 'bars' | 'chance'> {
  const { heads, chance } = headMap(model, { tokens: tokensOf(model, tokenizer), sequences: scoredOn(model) });
  const bars = heads.map(
    ({ layer, head, label, ...scores }): HeadBars => ({
      ...{ layer, head, label },
      previousToken: scores.previousToken.value,
      induction: scores.inductionStripe.value,
      control: scores.inductionStripeControl.value,
      excess: scores.inductionExcess.value,
      offset: 0,
    }),
  );
  return { bars, chance: { previousToken: chance.previousToken, induction: chance.inductionStripe } };
}

/** Does the loss fall on a repeat, do heads follow it, and is the fall lost with them off? */
export const languageAnswer = (model: Model, tokenizer: TokenKinds): LanguageAnswer['record'] =>
  languageAudit(model, { tokens: tokensOf(model, tokenizer), sequences: AUDITED });

/** What the shown sequence costs without the heads that are off, beside as many random ones of the same layers. */
export function randomOff(model: Model, { tokens, look }: Pick<View, 'tokens' | 'look'>): RandomOff {
  const { ablated: heads, request = 0 } = look;
  if (heads.length === 0) throw new Error('No head is off yet: switch one off below its pattern.');
  const from = firstDrawn(model.config);
  const copies = copiesThatCount(copyQueries(tokens, from)).filter(({ comesAgain }) => comesAgain === true);
  const off = (queries?: readonly number[]): RandomOff['all'] =>
    headsOff(new PromptSet(model, { prompts: [queries ? { tokens, queries } : { tokens }] }), { heads });
  return {
    all: off(),
    copied: copies.length > 0 ? off(copies.map(({ query }) => query)) : null,
    copies: copies.length,
    request,
  };
}
