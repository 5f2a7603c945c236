// One process at a time writes in a run folder. run.lock names who, with a heartbeat in the file, so that it holds between
// machines that share a file system, and a process that died does not keep it: a heart that has not beaten for 30 seconds
// counts as dead, a dead process of this machine at once. Clocks of two machines may differ, so another machine's lock that
// looks old is watched before it is taken over. Who slept so long that it was taken over finds out before it writes again.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { printable, shortened } from '@induction-lab/core/internal/printable';
import { badInput, CommandError, EXIT } from '../errors.ts';

/** The file's name in a run folder. */
export const LOCK_FILE = 'run.lock';

/** Milliseconds between heartbeats, and after how many without one a lock counts as abandoned. */
const BEAT_EVERY = 5_000;
const STALE_AFTER = 30_000;
/** Milliseconds between looks at a lock that is watched. */
const LOOK_EVERY = 100;
/** Milliseconds by which a time just noted may seem to lie ahead. */
const CLOCK_GRAIN = 1_000;
/** How often a lock that comes and goes is tried for. */
const TRIES = 10;

/** What run.lock holds. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells whether a process number means the same here: one boot of one machine, one namespace of processes. */
  readonly machine: string;
  readonly id: string;
  readonly since: string;
  readonly beat: string;
}

export interface TakeOptions {
  /** Ends the wait for a lock that is watched. */
  readonly signal?: AbortSignal;
  /** Told once when a lock has to be watched. */
  readonly onWait?: (sentence: string) => void;
  /** Milliseconds without a heartbeat after which a lock is abandoned; 30 seconds unless given. */
  readonly staleAfter?: number;
}

/** A lock that this process holds. */
export class RunLock {
  private readonly folder: string;
  private readonly path: string;
  private readonly holder: Holder;
  private file: number;
  private beaten = Date.now();
  private readonly timer: NodeJS.Timeout;
  private readonly onExit = (): void => this.release();
  private released = false;

  private constructor(folder: string, holder: Holder, file: number) {
    this.folder = folder;
    this.path = join(folder, LOCK_FILE);
    this.holder = holder;
    this.file = file;
    this.timer = setInterval(() => this.beat(), BEAT_EVERY);
    this.timer.unref();
    process.once('exit', this.onExit);
  }

  /** Takes the lock of a folder. Throws a CommandError that says who holds it and since when. */
  static async take(folder: string, options: TakeOptions = {}): Promise<RunLock> {
    const path = join(folder, LOCK_FILE);
    let found: string | null = null;
    for (let tries = 0; tries < TRIES; tries++) {
      const holder = newHolder();
      const file = create(path, holder);
      if (file !== null) return new RunLock(folder, holder, file);
      found = read(path);
      if (found === null) continue; // released in the meantime
      if (!(await isAbandoned(path, found, options))) break;
      displace(path, found);
    }
    throw heldError(folder, found);
  }

  /** Throws a CommandError when another process has taken the lock over: nothing may be written from then on. */
  check(): void {
    if (this.released) throw new Error('RunLock: this lock has been released.');
    const text = read(this.path);
    if (text === null) {
      // Removed by hand, perhaps: ours again, unless another process is quicker.
      const file = create(this.path, this.holder);
      if (file !== null) {
        closeSync(this.file);
        this.file = file;
        return;
      }
    }
    const holder = parse(text ?? read(this.path));
    if (holder?.id !== this.holder.id)
      throw new CommandError(
        `Another process (${whoIs(holder).replace(/,$/, '')}) has taken over ${printable(this.folder)}, since this one had not been heard of for ${STALE_AFTER / 1000} seconds; this one ends and writes nothing more there.`,
        EXIT.failed,
      );
    if (Date.now() - this.beaten >= BEAT_EVERY) this.beat();
  }

  /** Lets go. A lock that another process has taken over stays as it is. */
  release(): void {
    if (this.released) return;
    this.released = true;
    clearInterval(this.timer);
    process.off('exit', this.onExit);
    if (parse(read(this.path))?.id === this.holder.id) rmSync(this.path, { force: true });
    closeSync(this.file);
  }

  /** Written into the file that this process made: where another one lies in its place, that one is not touched. */
  private beat(): void {
    this.beaten = Date.now();
    try {
      writeSync(this.file, textOf({ ...this.holder, beat: new Date().toISOString() }), 0);
    } catch {
      // A full disk, or a file system that is away for a moment: the next beat may come through.
    }
  }
}

const newHolder = (): Holder => {
  const now = new Date().toISOString();
  return { pid: process.pid, host: hostname(), machine: thisMachine(), id: randomUUID(), since: now, beat: now };
};

/** Of constant length, so that a beat can be written over the one before. */
const textOf = (holder: Holder): string => `${JSON.stringify(holder)}\n`;

let machine: string | undefined;

/** Linux tells one boot and one namespace of processes from all others; elsewhere the host's name must do. */
function thisMachine(): string {
  if (machine === undefined)
    try {
      machine = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
    } catch {
      machine = hostname();
    }
  return machine;
}

/**
 * Makes the file if there is none; null where there is one. It appears with its contents, so that a process killed in the
 * middle leaves no lock that says nothing; only where a file system has no links it is written after it was made.
 */
function create(path: string, holder: Holder): number | null {
  const draft = `${path}.${process.pid}.tmp`;
  let file = writeNew(draft, 'w', holder);
  try {
    linkSync(draft, path);
    return file;
  } catch (error) {
    closeSync(file);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    file = writeNew(path, 'wx', holder);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
}

function writeNew(path: string, flags: 'w' | 'wx', holder: Holder): number {
  const file = openSync(path, flags);
  try {
    writeSync(file, textOf(holder), 0);
    return file;
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw Object.assign(error as Error, { path });
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESTALE'].includes((error as NodeJS.ErrnoException).code as string)) return null;
    throw error;
  }
}

/** Who wrote this; null for anything else, such as a file that is just being written. */
function parse(text: string | null): Holder | null {
  try {
    const holder = JSON.parse(text ?? '') as Holder;
    const { pid, host, machine, id, since, beat } = holder;
    const texts = [host, machine, id, since, beat].every((field) => typeof field === 'string');
    return texts && Number.isSafeInteger(pid) && pid > 0 && Number.isFinite(Date.parse(beat)) ? holder : null;
  } catch {
    return null;
  }
}

/** Whether who holds the lock has died, or has not been heard of for too long. */
async function isAbandoned(path: string, text: string, options: TakeOptions): Promise<boolean> {
  const { staleAfter = STALE_AFTER } = options;
  const holder = parse(text);
  const heard = holder ? Date.parse(holder.beat) : (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const age = Date.now() - heard;
  if (holder?.machine === thisMachine()) return !isAlive(holder.pid) || age > staleAfter;
  return age > -CLOCK_GRAIN && age <= staleAfter ? false : staysSilent(path, text, { ...options, staleAfter });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Watches a lock of another machine: whether no heartbeat comes. */
async function staysSilent(
  path: string,
  text: string,
  { staleAfter, signal, onWait }: TakeOptions & { staleAfter: number },
): Promise<boolean> {
  onWait?.(
    `${whoIs(parse(text))} may still be writing here: listening for ${Math.ceil(staleAfter / 1000)} seconds whether it lives.`,
  );
  for (let ends = performance.now() + staleAfter; performance.now() < ends; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    if (signal?.aborted) throw new CommandError('Stopped before anything was begun.', EXIT.interrupted);
    if (read(path) !== text) return false;
  }
  return true;
}

/** Takes an abandoned lock out of the way. One that turns out to be another is put back. */
function displace(path: string, abandoned: string): void {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    if (read(path) !== abandoned) return;
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== abandoned) putBack(aside, path);
  rmSync(aside, { force: true });
}

function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch {
    // A third process has made its own, or the file system has no links.
    if (!existsSync(path)) renameSync(aside, path);
  }
}

const whoIs = (holder: Holder | null): string =>
  holder === null
    ? 'An unknown process'
    : `Process ${holder.pid} on ${shortened(printable(holder.host))}, there since ${shortened(printable(holder.since), 24)},`;

const heldError = (folder: string, text: string | null): CommandError =>
  badInput(
    `${whoIs(parse(text))} is writing in ${printable(folder)}; wait until it has ended, or stop it first (a killed one on another machine counts as ended after ${STALE_AFTER / 1000} seconds).`,
  );
