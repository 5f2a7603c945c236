// Has this language model learned induction? Three questions that are kept apart: does the loss fall where something repeats, do
// heads attend to what followed the earlier copy, and is the fall lost with those heads off?
import * as z from 'zod/mini';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { FOLLOWS, NEEDED } from '../claims/thresholds.ts';
import { PromptSet } from '../data/promptSet.ts';
import { repeatQueries } from '../data/twoCopies.ts';
import { TooSmallError } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { drawRepeats, type RepeatPairs } from './drawRepeats.ts';
import { type Following, measureFollowing } from './following.ts';
import { HEADS_OFF_RUNS, headsOff } from './headsOff.ts';
import { inContext, inContextSize } from './inContext.ts';
import type { Answer, AttentionAnswer, BehaviourAnswer, CauseAnswer, LanguageAudit } from './languageAuditRecord.ts';
import { attentionText, behaviourText, causeText, LEFT_OUT, wholeText } from './languageAuditText.ts';
import { repeatSnippets } from './snippets.ts';

/** What the audit draws, and the text that it reads. */
export interface LanguageAuditOptions {
  /** Tokens to draw from; `drawnTokens` finds them. */
  readonly tokens: readonly number[];
  /** The tokens of a natural text, without a start token; without one the rows about natural text are left out. */
  readonly text?: readonly number[];
  /** Sequences of each kind, 16 unless told. */
  readonly sequences?: number;
  /** Seed of the sequences that are drawn. */
  readonly seed?: number;
  readonly onProgress?: OnProgress;
}

const list = z.array(z.int().check(z.gte(0)));
const schema = z.strictObject({ ...commonFields, tokens: list.check(z.minLength(2)), text: z.optional(list) });

/** Periods, and how many random tokens stand in front of the block; the first is what causes are measured on. */
const SETTINGS = [
  { period: 25, start: 0 },
  { period: 12, start: 0 },
  { period: 50, start: 0 },
  { period: 25, start: 16 },
  { period: 25, start: 64 },
] as const;
/** Where that is too much for context or vocabulary. */
const SMALL = [
  { period: 4, start: 0 },
  { period: 3, start: 0 },
  { period: 4, start: 2 },
] as const;

/** The loss falls when more than half of it goes, and in part when more than a tenth does. */
const FALLS = 0.5;
/** So many heads are switched off together at most. */
const MOST_OFF = 16;

/**
 * Measures all three. Throws an ArgumentError for options that it does not have, a TooSmallError where context or vocabulary hold no
 * repeat of three tokens, a NotFiniteError where a loss is not finite.
 */
export function languageAudit(model: Model, options: LanguageAuditOptions): LanguageAudit {
  const caller = 'languageAudit';
  checkModel(caller, model);
  checkOptions(caller, schema, options);
  const { tokens, text, sequences = 16, seed = 0, onProgress } = options;
  const drawn = settingsOf(model, { tokens, sequences, seed });
  const snippets = text ? repeatSnippets(model.config, text, sequences) : null;
  const all = [...drawn.map(({ pairs }) => pairs), ...(snippets ? [snippets] : [])];
  const size = all.reduce((sum, { repeat, place }) => sum + 2 * repeat.length * place.length, 0);
  const main = drawn[0]!.pairs;
  const offSize = (HEADS_OFF_RUNS + 1) * sequences * main.place.length;
  const progress = new Progress(onProgress, size + offSize + (text ? inContextSize(model, text) : 0));
  const repeats = drawn.map(({ pairs, start }) => measureFollowing(model, pairs, { start, progress }));
  const natural = snippets && measureFollowing(model, snippets, { progress });
  const behaviour = behaviourOf(repeats, natural);
  const attention = attentionOf(repeats, natural);
  const cause = causeOf(model, { main, repeats, behaviour, attention, seed, progress });
  const context = text ? inContext(model, text, progress) : null;
  progress.finish();
  const record = { behaviour, attention, cause, inContext: context, sequences, seed };
  return { ...record, leftOut: text ? [] : [LEFT_OUT], sentence: wholeText(record) };
}

/** The settings that fit the context and the vocabulary, with their sequences. */
function settingsOf(
  model: Model,
  { tokens, sequences: count, seed }: { tokens: readonly number[]; sequences: number; seed: number },
): { pairs: RepeatPairs; start: number }[] {
  const draw = (settings: readonly { period: number; start: number }[]): { pairs: RepeatPairs; start: number }[] =>
    settings.flatMap(({ period, start }) => {
      try {
        return [{ pairs: drawRepeats({ config: model.config, tokens, count, seed, period, start }), start }];
      } catch (error) {
        if (error instanceof TooSmallError) return [];
        throw error;
      }
    });
  const usual = draw(SETTINGS);
  const found = usual.length > 0 ? usual : draw(SMALL);
  if (found.length > 0) return found;
  throw new TooSmallError(
    `languageAudit: a context of ${model.config.nCtx} with ${tokens.length} tokens to draw holds no two blocks of three that differ; ask for more tokens.`,
  );
}

function behaviourOf(repeats: readonly Following[], natural: Following | null): BehaviourAnswer {
  const falls = mean(repeats.map(({ losses }) => losses.fall.value));
  const answer: Answer = falls > FALLS ? 'yes' : falls > NEEDED ? 'in part' : 'no';
  const rowOf = ({ period, start, sequences, losses }: Following): BehaviourAnswer['repeats'][number] => ({
    ...{ period, start, sequences },
    ...losses,
  });
  const record = { answer, fall: falls, repeats: repeats.map(rowOf), text: natural && rowOf(natural) };
  return { ...record, says: behaviourText(record) };
}

function attentionOf(repeats: readonly Following[], natural: Following | null): AttentionAnswer {
  const heads = repeats[0]!.heads
    .map(({ label, layer, head }, i) => {
      const excess = repeats.map((row) => row.heads[i]!.excess);
      const onText = natural ? natural.heads[i]!.excess : null;
      return { label, layer, head, excess, onText, mean: mean(excess.map(({ value }) => value)) };
    })
    .sort((a, b) => b.mean - a.mean);
  const following = heads.filter((head) => head.mean > FOLLOWS);
  const record = {
    answer: (following.length > 0 ? 'yes' : 'no') as Answer,
    heads: following,
    next: heads.slice(following.length, following.length + 3),
  };
  return { ...record, says: attentionText(record) };
}

interface CauseSetting {
  readonly main: RepeatPairs;
  readonly repeats: readonly Following[];
  readonly behaviour: BehaviourAnswer;
  readonly attention: AttentionAnswer;
  readonly seed: number;
  readonly progress: Progress;
}

function causeOf(model: Model, { main, repeats, behaviour, attention, seed, progress }: CauseSetting): CauseAnswer {
  const none = { answer: 'not asked' as const, off: null, lost: null, randomLost: [], period: main.place.period };
  const notAsked = behaviour.answer === 'no' ? 'no fall' : attention.heads.length === 0 ? 'no head' : null;
  if (notAsked !== null) return { ...none, says: causeText({ ...none, notAsked }) };
  const [from, to] = repeatQueries(main.place);
  const queries = Array.from({ length: to - from }, (_, i) => from + i);
  const prompts = main.repeat.map((tokens) => ({ tokens, queries }));
  const set = new PromptSet(model, { prompts }, 'languageAudit');
  const heads = attention.heads.slice(0, MOST_OFF);
  const off = set.reporting(progress, () => headsOff(set, { heads, seed }));
  const fall = repeats[0]!.losses.control.value - off.clean.value;
  const share = (without: number): number => (without - off.clean.value) / fall;
  const lost = share(off.without.value);
  const randomLost = off.random.map(({ without }) => share(without));
  const beyond = randomLost.every((other) => lost > other);
  const answer: CauseAnswer['answer'] = beyond && lost > FALLS ? 'yes' : beyond && lost > NEEDED ? 'in part' : 'no';
  const record = { answer, off, lost, randomLost, period: main.place.period };
  return { ...record, says: causeText({ ...record, notAsked: null }) };
}
