import { type AblationKind, type AblationRecord, ablationEffects } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { ablateColumns } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { estimateCells, explainedTable, plainNumber, signedNumber } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

export interface AblateCommandOptions extends AnalysisOptions, MeasuredOnOptions {
  kind: AblationKind;
  seed: number;
}

/** `induction-lab ablate`: the loss on repeats, or a measure on prompts, without each head, and without each layer. */
export const ablateCommand = (task: MeasuringTask<AblateCommandOptions>, host: Host): Promise<void> => {
  const { kind } = task.options;
  const on = measuredOn(task.options);
  return analyse(task, host, {
    measure: (model, onProgress) => ablationEffects(model, { kind, ...on.of(model), onProgress }),
    source: on.source,
    text: (record, _, columns) => ablationText(record, columns),
    figures: async (record) => ({
      ablation: (await import('../figures/circuitFigures.ts')).ablationFigure('model', record),
    }),
  });
};

export function ablationText(record: AblationRecord, columns: number): string[] {
  const repeats = record.periods.length > 0;
  const words = measureWords(record, { repeats });
  const rows = [...record.heads, ...record.layers].map((e) => [
    e.label,
    ...estimateCells(e.increase),
    signedNumber(e.control?.value),
  ]);
  return [
    `${record.kind} ablation ${repeats ? `at periods ${record.periods.join(', ')}, ${record.sequences} sequences` : `on ${record.sequences} given prompts`}`,
    `clean ${words.name} ${plainNumber(record.cleanLoss.value, 3)} ${words.unit}`,
    '',
    ...explainedTable(ablateColumns(words), rows, { columns }),
  ];
}
