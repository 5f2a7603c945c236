import { withContext } from '@induction-lab/core/internal';
import { printable } from '@induction-lab/core/internal/printable';
import { type Conversion, prepareConversion } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { openNamed } from '../files/loadCheckpoint.ts';

export interface ConvertOptions {
  readonly to: Conversion;
  /** A folder, or for `safetensors` a file. */
  readonly out: string;
  readonly context?: number;
  readonly modelConfig?: string;
  readonly bos?: number;
}

/** `induction-lab convert`: a model in another program's format. What that cannot hold is told before anything is written. */
export function convertCommand({ target, options }: MeasuringTask<ConvertOptions>, host: Host): void {
  const { to, out, context } = options;
  host.stage('reading');
  const { opened } = openNamed(target, options);
  const { nCtx } = opened.config;
  if (context !== undefined && context > nCtx)
    throw badInput(`--context ${context} is more than the ${nCtx} positions of ${printable(target)}; name fewer.`);
  const prepared = prepareConversion(context === undefined ? opened : withContext(opened, context), to, target);
  prepared.write(out, host.stage('writing'));
  const size = `${prepared.tensors} tensors, ${inUnits(prepared.bytes)}`;
  const what = prepared.files.length > 0 ? `${prepared.files.join(' and ')} (${size}) in` : `${size} in`;
  host.print(`${what} ${printable(out)}\n`);
}

const inUnits = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.ceil(bytes / 2 ** 10)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
