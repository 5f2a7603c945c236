// A token in place of another one.
import type { ModelConfig } from '../../model/config.ts';
import { drawnVocabulary, toDrawnTokens } from '../../model/startToken.ts';
import type { RandomStream } from '../../random/randomStream.ts';

/** A token that is drawn and is not this one. */
export function anotherToken(token: number, config: ModelConfig, random: RandomStream): number {
  const count = drawnVocabulary(config);
  const own = numberOf(token, config);
  const drawn = random.below(own < 0 ? count : count - 1);
  return tokenOf(own >= 0 && drawn >= own ? drawn + 1 : drawn, config);
}

/** The drawn token of a number. */
function tokenOf(number: number, config: ModelConfig): number {
  const one = Int32Array.of(number);
  toDrawnTokens(one, config);
  return one[0] as number;
}

/** The number of a token among those that are drawn; −1 of one that never is. Numbers ascend as their tokens do. */
function numberOf(token: number, config: ModelConfig): number {
  let [from, to] = [0, drawnVocabulary(config)];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (tokenOf(middle, config) < token) from = middle + 1;
    else to = middle;
  }
  return from < drawnVocabulary(config) && tokenOf(from, config) === token ? from : -1;
}
