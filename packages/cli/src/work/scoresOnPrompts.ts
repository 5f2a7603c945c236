import { type Estimate, PROMPT_SCORES, type PromptScoresRecord, promptScores } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { AUDIT_NOTE, PROMPT_SCORE_COLUMNS } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { explainedTable, intervalText, NONE, plainNumber, wrapped } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

/** `audit --prompts`: the scores of heads that mean something on given prompts, and what the model makes of them; no verdict. */
export const scoresOnPrompts = (
  task: MeasuringTask<AnalysisOptions & MeasuredOnOptions & { seed: number }>,
  host: Host,
): Promise<void> => {
  const on = measuredOn(task.options);
  const { measure = 'loss' } = task.options;
  return analyse(task, host, {
    measure: (model, onProgress) => {
      on.of(model);
      return promptScores(model, on.prompts!, { measure, onProgress });
    },
    source: on.source,
    text: (record, _, columns) => scoresText(record, columns),
    figures: async () => ({}),
  });
};

/** A share of attention as two cells: no signs. */
const shareCells = (share: Estimate): string[] => [
  plainNumber(share.value),
  intervalText(share, (x) => plainNumber(x)),
];

function scoresText(record: PromptScoresRecord, columns: number): string[] {
  const { heads, chance, measured, sequences, doesNotApply } = record;
  const { name, unit } = measureWords(record, { repeats: false });
  const rows = [
    ['chance', ...PROMPT_SCORES.flatMap((score) => [plainNumber(chance[score]), NONE])],
    ...heads.map((head) => [head.label, ...PROMPT_SCORES.flatMap((score) => shareCells(head[score]))]),
  ];
  return [
    `${sequences} given prompts: ${name} ${plainNumber(measured.value, 3)} ${unit}`,
    ...wrapped(`${AUDIT_NOTE} ${doesNotApply} A verdict needs repeats, too: leave --prompts out for one.`, columns),
    '',
    ...explainedTable(PROMPT_SCORE_COLUMNS, rows, { columns, groups: 2 }),
  ];
}
