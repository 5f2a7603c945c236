// What each heading of a table on the terminal means: the tables print it as their legend.

import { printable } from '@induction-lab/core/internal/printable';
import type { DetectorChance, Estimate, HeadScores, MapScore, ProbeName } from '@induction-lab/core/node';
import { LOSS_ON_REPEATS, type MeasureWords } from './measureWords.ts';
import type { Column } from './textTable.ts';

const HEAD: Column = ['head', 'L1H0 is head 0 of layer 1'];
const INTERVAL: Column = ['95 % interval', 'bootstrap over sequences'];

/** The scores that `audit` prints, by their names in the record. */
export type ScoreColumn = Exclude<
  { [K in keyof HeadScores]: HeadScores[K] extends Estimate ? K : never }[keyof HeadScores],
  undefined
>;

/** The heading of each score. */
export const SCORE_COLUMNS: Readonly<Record<ScoreColumn, Column>> = {
  previousToken: ['prev', 'attention to the previous token'],
  previousTokenFirstHalf: ['prev 1st half', 'the same over the first half of the context'],
  currentToken: ['current', 'attention to the token itself'],
  firstToken: ['first', 'attention to the first token'],
  duplicateToken: ['duplicate', 'attention to earlier copies of the token'],
  inductionStripe: ['stripe', 'attention to the token after the earlier copy, two copies of half the context'],
  inductionStripeControl: ['no repeat', 'the same places where nothing repeats'],
  inductionByContent: ['content', 'attention to what followed any earlier copy'],
  inductionExcess: ['excess', 'stripe minus no repeat, mean over the periods'],
  prefixMatching: ['prefix', 'prefix matching (Olsson et al. 2022)'],
};

/** The scores that mean something on given prompts, at the queries that count, and those of the user's detectors. */
export const promptScoreColumns = (detectors: readonly string[]): readonly Column[] => [
  HEAD,
  ...(['previousToken', 'currentToken', 'firstToken', 'duplicateToken', 'inductionByContent'] as const).flatMap(
    (name): Column[] => [SCORE_COLUMNS[name], INTERVAL],
  ),
  ...detectors.flatMap((name): Column[] => [[printable(name), 'your detector'], INTERVAL]),
];

export const AUDIT: readonly Column[] = [
  HEAD,
  ...Object.values(SCORE_COLUMNS),
  ['offset', 'the fixed distance back that stands out most where nothing repeats'],
  ['kept', 'attention there above chance'],
  ['positional', 'how far the pattern ignores the tokens, 0 to 1'],
];
const PROBES: Readonly<Record<ProbeName, string>> = {
  repeat: 'two copies of half the context',
  control: 'sequences where nothing repeats',
  fourfold: 'four copies of a block',
};

/** The columns of a detector of the user's: the score, and its control. */
export const detectorColumns = ({ name, on }: DetectorChance): readonly Column[] => [
  [printable(name), `your detector, on ${PROBES[on]}`],
  [`${printable(name)} (no repeat)`, 'the same places where nothing repeats'],
];
/** The scores of `heads`, on repeats of one period and their controls. */
export const MAP_COLUMNS: Readonly<Record<MapScore, Column>> = {
  previousToken: SCORE_COLUMNS.previousToken,
  currentToken: SCORE_COLUMNS.currentToken,
  firstToken: SCORE_COLUMNS.firstToken,
  duplicateToken: SCORE_COLUMNS.duplicateToken,
  inductionStripe: ['stripe', 'attention to the token after the earlier copy'],
  inductionStripeControl: ['no repeat', 'the same places where nothing repeats'],
  inductionExcess: ['excess', 'stripe minus the same places where nothing repeats'],
  inductionByContent: SCORE_COLUMNS.inductionByContent,
  prefixMatching: SCORE_COLUMNS.prefixMatching,
};

export const HEAD_MAP = (scores: readonly Column[]): readonly Column[] => [
  HEAD,
  ['marked', 'what it does most: above 0.3 of its attention, chance or control taken off'],
  ...scores.flatMap((column): Column[] => [column, INTERVAL]),
];

/** Patching between two texts, measured by the logit difference. */
const RESTORED: Column = [
  'undone',
  '(patched − corrupted) / (clean − corrupted) of the logit difference: 0 restores nothing, 1 everything',
];
const ATTRIBUTED: Column = ['attributed', 'the same by first order, gradient × difference'];
export const TEXT_PATCH_LAYERS: readonly Column[] = [
  ['layer', 'L3 is what enters layer 3'],
  ['position', 'with its token in the clean text'],
  RESTORED,
  ATTRIBUTED,
];
export const TEXT_PATCH_HEADS: readonly Column[] = [
  HEAD,
  RESTORED,
  ['control', 'mean of the other heads of the layer'],
  ATTRIBUTED,
];

/** The audit of a language model. */
export const REPEAT_LOSSES: readonly Column[] = [
  ['period', 'tokens of the block; "text": pieces of the natural text'],
  ['start', 'random tokens in front of it'],
  ['first', 'loss on the first copy, nats'],
  ['repeat', 'on the second'],
  ['control', 'on the same tokens behind another first block'],
  ['falls by', '(control − repeat) / control'],
  INTERVAL,
];
export const FOLLOWING = (settings: readonly string[]): readonly Column[] => [
  HEAD,
  ['mean', 'attention to the token after the earlier copy, above the control, over the random tokens'],
  ...settings.map((setting): Column => [setting, 'the same at that period, start or on the text']),
];

/** The search in a language model. */
export const SCREENED: readonly Column[] = [
  HEAD,
  ['attributed', 'what its mean ablation would add to the loss by first order, nats'],
  ['increase', 'what it does add'],
  INTERVAL,
];
export const SCREENED_CIRCUITS: readonly Column[] = [
  ['together', 'the heads with the largest increase'],
  ['kept', 'share of the loss drop that heads make, with every other head mean-ablated'],
  INTERVAL,
  ['lost', 'share of it with only these mean-ablated'],
  INTERVAL,
];

export const PROMPT_TOKENS = (without: boolean): readonly Column[] => [
  ['pos.', 'position in the text'],
  ['token', '␣ is a space, ␊ the end of a line, ⟨E2⟩ a byte'],
  ['loss', 'what the token cost, nats'],
  ...(without ? [['heads off', 'the same with the strongest induction heads off'] as const] : []),
  ['expected next', 'the most likely tokens after it'],
];
export const PROMPT_WRITERS: readonly Column[] = [
  ['writer', 'what writes into the residual stream'],
  ['logit', 'above the mean over the vocabulary, written directly'],
];

/** The row above the heads. */
export const AUDIT_NOTE = 'Shares of attention, 0 to 1. chance: what uniform attention would score.';

export const ablateColumns = ({ name, unit, change, direction }: MeasureWords): readonly Column[] => [
  ['ablated', 'L1H0 is head 0 of layer 1, L1 all heads of layer 1'],
  [`${change}, ${unit}`, `of the ${name}${direction}`],
  INTERVAL,
  ['control', 'mean of the same ablation of the other heads of the layer'],
];
export const ABLATE: readonly Column[] = ablateColumns(LOSS_ON_REPEATS);

/** What patching restores of the measure, by its short name. */
const undone = (measure: string): Column => [
  'undone',
  `(patched − corrupted) / (clean − corrupted) of the ${measure}: 0 restores nothing, 1 everything`,
];

/** Of the measure by its short name; with `integrated`, integrated gradients too: of all heads of a layer, their sum. */
export const patchColumns = (
  measure: string,
  { integrated = false }: { integrated?: boolean } = {},
): readonly Column[] => [
  ['patched', 'what is put from the clean run into the corrupted one'],
  ['position', 'where in the sequence, or all of it'],
  undone(measure),
  INTERVAL,
  ['control', 'the same at the other heads of the layer'],
  ['attributed', 'by first order, gradient × difference'],
  ...(integrated ? [['integr.', 'by integrated gradients; at "all" heads of a layer, their sum'] as const] : []),
];
export const PATCH: readonly Column[] = patchColumns('loss');

/** Of path patching, of the measure by its short name. */
export const patchedEdgeColumns = (measure: string): readonly Column[] => [
  [
    'edge',
    'earlier head → input of a later head, put from the clean run into the corrupted one; "all" are those from every earlier head',
  ],
  undone(measure),
  INTERVAL,
  ['control', 'mean of the same from the other heads of the earlier head’s layer'],
];

export const WEIGHTS: readonly Column[] = [
  HEAD,
  ['OV copying', 'Σ Re λ / Σ |λ| over the eigenvalues of the full OV circuit, −1 to 1'],
  ['copies top-1', 'share of tokens whose own logit is raised most'],
  ['prefers the position before', 'share of positions, by the positional QK circuit alone'],
];

/** With `integrated`, integrated gradients too: of "all", the sum of its edges'. */
export const pairColumns = (
  { name, unit, change, direction }: MeasureWords,
  { integrated }: { integrated: boolean },
): readonly Column[] => [
  ['pair', 'earlier head → later head; "all" ablates the edges from every earlier head at once'],
  ...['K', 'Q', 'V'].flatMap((input): Column[] => [
    [`${input} score`, 'composition score of the weights into that input, above random'],
    [`${input} effect`, `${change} of the ${name} without that edge, ${unit}${direction}`],
    [`${input} attr.`, 'the same by attribution (first order)'],
    ...(integrated ? [[`${input} integr.`, 'the same by integrated gradients; at "all", their sum'] as const] : []),
  ]),
];

export const intoMlpColumns = (
  { name, unit, change, direction }: MeasureWords,
  { integrated }: { integrated: boolean },
): readonly Column[] => [
  ['into an MLP', 'earlier head or MLP → what a later MLP reads; "all" ablates all of them at once'],
  ['effect', `${change} of the ${name} without that edge, ${unit}${direction}`],
  ['attr.', 'the same by attribution (first order)'],
  ...(integrated ? [['integr.', 'the same by integrated gradients; at "all", their sum'] as const] : []),
];

/** Of the measure by its short name. */
export const logitColumns = (measure: string, { unit, change }: MeasureWords): readonly Column[] => [
  ['writer', 'what writes into the residual stream'],
  [
    'logit',
    `of the right token, above ${measure === 'logit-diff' ? 'that of the wrong one' : 'the mean over the vocabulary'}, written directly`,
  ],
  INTERVAL,
  [`${change}, ${unit}`, `of the ${measure} without that`],
  INTERVAL,
];
export const LOGITS: readonly Column[] = logitColumns('loss', LOSS_ON_REPEATS);

export const LAYER_SHARES: readonly Column[] = [
  ['layer', ''],
  ['of the sum', 'share of the logit that all writers make together'],
];

export const circuitHeadColumns = ({ name, unit, change, direction }: MeasureWords): readonly Column[] => [
  HEAD,
  ['role', 'what it was chosen for'],
  ['prev', 'attention to the previous token'],
  ['follows', 'attention that follows the period'],
  [`mean-ablated, ${unit}`, `${change} of the ${name} when its output is replaced by its mean${direction}`],
  INTERVAL,
  ['control', 'mean of the same for the other heads of the layer'],
];
export const CIRCUIT_HEADS: readonly Column[] = circuitHeadColumns(LOSS_ON_REPEATS);

export const inputsAblatedColumns = ({ name, unit, change, direction }: MeasureWords): readonly Column[] => [
  ['input', 'of the readers'],
  [`${change}, ${unit}`, `of the ${name} with all edges from earlier layers into it ablated${direction}`],
  INTERVAL,
  ['claim', 'whether the circuit has it'],
];
export const INPUTS_ABLATED: readonly Column[] = inputsAblatedColumns(LOSS_ON_REPEATS);

/** Wang et al. (2022) call what is kept faithfulness, and what is lost completeness. */
export const faithfulnessColumns = (random: number, { drop }: MeasureWords = LOSS_ON_REPEATS): readonly Column[] => [
  [
    `of the ${drop}`,
    drop === 'loss drop'
      ? 'the loss with every head mean-ablated minus the model’s own'
      : 'from the model’s own to that with every head mean-ablated',
  ],
  ['share', '1 is all of it'],
  INTERVAL,
  [`${random} random circuits`, 'lowest to highest of the same shape'],
];

export const DYNAMICS: readonly Column[] = [
  ['step', 'of training'],
  ['first', 'loss on the first occurrence, nats'],
  ['repeat', 'loss on the repeat, nats'],
  ['in-context', 'loss at a late query minus loss at an early one, nats'],
  ['previous-token', 'the head with most attention to the previous token'],
  ['follows period', 'the head whose attention follows the period most'],
  ['ablated', 'the head whose mean ablation raises the loss on the repeat most, nats'],
  ['K path', 'increase of that loss without the earlier layers in the later heads’ keys, nats'],
  ['Q path', 'in their queries'],
  ['V path', 'in their values'],
];

export const DIVERSITY: readonly Column[] = [
  ['sweep', 'the knob: width of the range of periods, or share of varied sequences'],
  ['setting', 'where it stands'],
  ['loss at other periods', 'lowest to highest over seeds, nats'],
  ['excess', 'largest attention of a head that follows the period'],
  ['verdicts', 'of the audit, counted over seeds'],
];

export const RUN: readonly Column[] = [
  ['run', ''],
  ['first', 'loss on the first occurrence, nats'],
  ['repeat', 'loss on the repeat, nats'],
  ['other periods', 'loss on the repeat at periods unrelated to the best one, nats'],
  ['verdict', 'of the audit'],
];
