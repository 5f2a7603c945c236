// Where workers keep the state of runs under way. It outlives them: whichever worker of this user takes such a run up again on
// this machine, or on one that shares the folder, goes on from there.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';

/** States that nobody has taken up for so long belong to runs that others have done. */
const KEPT_FOR = 7 * 24 * 3600_000;

const usualFolder = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'induction-lab', 'half');

/** Makes the folder, readable by its user alone, and clears old states away. Throws a CommandError where it cannot be made. */
export function stateFolder(path: string = usualFolder()): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(path)) {
      const file = join(path, name);
      const about = statSync(file, { throwIfNoEntry: false });
      if (/\.safetensors/.test(name) && about && Date.now() - about.mtimeMs > KEPT_FOR) rmSync(file, { force: true });
    }
    return path;
  } catch (error) {
    throw badInput(
      `The folder ${printable(path)}, for the state of runs under way, cannot be used (${(error as NodeJS.ErrnoException).code}); name another one with --state.`,
    );
  }
}
