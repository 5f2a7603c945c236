// `induction-lab sweep`: does what is not done yet, here or on an engine that somebody has.
import { mkdirSync } from 'node:fs';
import { printable } from '@induction-lab/core/internal/printable';
import { CommandError, EXIT } from '../../errors.ts';
import { RunLock } from '../../runs/runLock.ts';
import { beginTarget, type OpenSweep } from '../../sweeps/folder/openSweep.ts';
import { chosenPart, entriesOfPart, type Part } from '../../sweeps/pool/part.ts';
import { type Ran, runHere } from '../../sweeps/pool/runHere.ts';
import { interruptSignal } from '../../terminal/interrupt.ts';
import { shellWord } from '../../terminal/shellWord.ts';

export interface RunSweepOptions {
  out?: string;
  exact?: boolean;
  mixed?: boolean;
  retry?: boolean;
  jobs?: number;
  threads?: number;
  part?: Part;
  parts?: number;
  on?: string;
  quiet?: boolean;
}

export async function runSweepCommand(target: string, options: RunSweepOptions): Promise<void> {
  const { on } = options;
  if (on === 'slurm') return (await import('./slurmSweep.ts')).submitSweep(target, options);
  if (on !== undefined) return (await import('./queueSweep.ts')).runInQueue(target, { ...options, on });
  const part = chosenPart(options);
  const open = await beginTarget(target, options);
  const entries = part ? entriesOfPart(open.entries, part) : open.entries;
  const { signal, dispose } = interruptSignal('Saving the runs under way; press Ctrl-C again to stop at once.');
  const lock = await lockOf(open, part, signal);
  try {
    if (options.retry) open.folder.forgetFailures();
    const { jobs, threads, quiet = false } = options;
    tell(await runHere(open, entries, { jobs, threads, quiet, signal }), { open, quiet, stopped: signal.aborted });
  } finally {
    lock.release();
    dispose();
  }
}

/** One process at a time does the whole of a sweep, or the same part of it. */
function lockOf({ folder }: OpenSweep, part: Part | null, signal: AbortSignal): Promise<RunLock> {
  const place = part ? folder.file('parts', `${part.index + 1}-of-${part.of}`) : folder.path;
  mkdirSync(place, { recursive: true });
  return RunLock.take(place, { signal, onWait: (sentence) => void process.stderr.write(`${sentence}\n`) });
}

function tell(
  { done, failed, of, ended }: Ran,
  { open, quiet, stopped }: { open: OpenSweep; quiet: boolean; stopped: boolean },
): void {
  const { path } = open.folder;
  if (stopped && done + failed < of)
    throw new CommandError(
      `Stopped with ${done} of ${of} runs done; those under way are saved. Go on with: npx induction-lab sweep ${shellWord(path)}`,
      EXIT.interrupted,
    );
  if (failed > 0)
    throw new CommandError(
      `${failed} of ${of} runs failed; sweep status ${printable(path)} says which and why, and --retry does them again.`,
      EXIT.failed,
    );
  if (!quiet)
    process.stdout.write(
      `Done: ${done} of ${of} runs in ${printable(path)}${ended < done ? ` (${done - ended} were there)` : ''}.\n`,
    );
}
