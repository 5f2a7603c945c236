import { type AblationKind, type AblationRecord, ablationEffects } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { ABLATE } from '../terminal/headings.ts';
import { estimateCells, explainedTable, plainNumber, signedNumber } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';

export interface AblateCommandOptions extends AnalysisOptions {
  kind: AblationKind;
  sequences: number;
}

/** `induction-lab ablate`: the loss on repeats without each head, and without each layer. */
export const ablateCommand = (task: MeasuringTask<AblateCommandOptions>, host: Host): Promise<void> => {
  const { kind, sequences, seed } = task.options;
  return analyse(task, host, {
    measure: (model, onProgress) => ablationEffects(model, { kind, sequences, seed, onProgress }),
    text: (record, _, columns) => ablationText(record, columns),
    figures: async (record) => ({
      ablation: (await import('../figures/circuitFigures.ts')).ablationFigure('model', record),
    }),
  });
};

export function ablationText(record: AblationRecord, columns: number): string[] {
  const rows = [...record.heads, ...record.layers].map((e) => [
    e.label,
    ...estimateCells(e.increase),
    signedNumber(e.control?.value),
  ]);
  return [
    `${record.kind} ablation at periods ${record.periods.join(', ')}, ${record.sequences} sequences`,
    `clean loss on the repeat ${plainNumber(record.cleanLoss.value, 3)} nats`,
    '',
    ...explainedTable(ABLATE, rows, { columns }),
  ];
}
