import { type AblationKind, type AblationRecord, ablationEffects } from '@induction-lab/core/node';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { estimateCells, signedNumber, textTable } from './textTable.ts';

export interface AblateCommandOptions extends AnalysisOptions {
  kind: AblationKind;
  sequences: number;
}

/** `induction-lab ablate`: the loss on repeats without each head, and without each layer. */
export const ablateCommand = (checkpoint: string, options: AblateCommandOptions): Promise<void> =>
  analyse(checkpoint, options, {
    measure: (model) => ablationEffects(model, options),
    text: ablationText,
    figures: async (record) => ({ ablation: (await import('./circuitFigures.ts')).ablationFigure('model', record) }),
  });

function ablationText(record: AblationRecord): string[] {
  const rows = [...record.heads, ...record.layers].map((e) => [
    e.label,
    ...estimateCells(e.increase),
    e.control === null ? '–' : signedNumber(e.control.value),
  ]);
  return [
    `${record.kind} ablation at periods ${record.periods.join(', ')}, ${record.sequences} sequences`,
    `clean loss on the repeat ${record.cleanLoss.value.toFixed(3)} nats`,
    '',
    ...textTable([['', 'increase, nats', '95 % interval', 'control'], ...rows]),
    '',
    'Control: the mean of the same ablation of the other heads of the layer.',
  ];
}
