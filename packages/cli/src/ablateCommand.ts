import { type AblationKind, ablationEffects, type Estimate, loadEngine } from '@induction-lab/core/node';
import { blameCheckpoint, loadCheckpoint } from './loadCheckpoint.ts';
import { SCHEMA_VERSION } from './runFolder.ts';
import { signedNumber, textTable } from './textTable.ts';

export interface AblateCommandOptions {
  kind: AblationKind;
  json?: boolean;
  modelConfig?: string;
  sequences: number;
  seed: number;
  exact?: boolean;
}

/** `induction-lab ablate`: the loss on repeats without each head, and without each layer. */
export async function ablateCommand(checkpoint: string, options: AblateCommandOptions): Promise<void> {
  const engine = await loadEngine({ exact: options.exact ?? false, shared: false });
  const model = loadCheckpoint(engine, checkpoint, options.modelConfig);
  const record = blameCheckpoint(checkpoint, () => ablationEffects(model, options));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...record }, null, 1)}\n`);
    return;
  }
  const interval = ({ interval: [low, high] }: Estimate): string => `[${signedNumber(low)}, ${signedNumber(high)}]`;
  const rows = [...record.heads, ...record.layers].map((e) => [
    e.label,
    signedNumber(e.increase.value),
    interval(e.increase),
  ]);
  process.stdout.write(
    `${[
      `${checkpoint}: ${record.kind} ablation at periods ${record.periods.join(', ')}, ${record.sequences} sequences`,
      `clean loss on the repeat ${record.cleanLoss.value.toFixed(3)} nats`,
      '',
      ...textTable([['', 'increase, nats', '95 % interval'], ...rows]),
    ].join('\n')}\n`,
  );
}
