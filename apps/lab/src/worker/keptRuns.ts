// The last few runs, kept in the browser's own database from one visit to the next. Fetched when the first is kept.
import { createStore, delMany, get, setMany } from 'idb-keyval';
import type { KeptRun, SavedRun } from '../protocol.ts';

/** Runs that are kept; the oldest gives way. */
export const MOST_KEPT = 6;

/** Names with values that stay, a few at a time and all or none of them. */
export interface Storage {
  get(name: string): Promise<unknown>;
  set(entries: [string, unknown][]): Promise<void>;
  delete(names: string[]): Promise<void>;
}

/** The browser's database; where it lets a page have none, every call rejects. */
export function browserStorage(): Storage {
  const store = createStore('induction-lab', 'runs');
  return {
    get: (name) => get(name, store),
    set: (entries) => setMany(entries, store),
    delete: (names) => delMany(names, store),
  };
}

/** The list of what is kept; every run lies beside it under its key. */
const LIST = 'list';
const nameOf = (key: string): string => `run ${key}`;

/** What went wrong in words: room that is wanting has its own remedy. */
function told(error: unknown, doing: string): Error {
  const { name = '', message = String(error) } = error as Partial<Error>;
  return new Error(
    name === 'QuotaExceededError'
      ? `This browser has no more room to keep runs (${message || name}): delete one that is kept, or save the checkpoint.`
      : `This browser lets the page ${doing} no runs (${message || name}); in a private window that is so. Save the checkpoint to take a run along.`,
  );
}

export class KeptRuns {
  private readonly storage: Storage;

  constructor(storage: Storage = browserStorage()) {
    this.storage = storage;
  }

  /** What is kept, the newest first. Rejects with an Error that the page shows. */
  async list(): Promise<readonly KeptRun[]> {
    const list = await this.storage.get(LIST).catch((error) => {
      throw told(error, 'read');
    });
    return (list as readonly KeptRun[] | undefined) ?? [];
  }

  /** Keeps a run, in the place of what was kept of it before. */
  async keep(saved: SavedRun, { key, setting }: { key: string; setting: unknown }): Promise<readonly KeptRun[]> {
    const { experiment, seed, state, fingerprint, gpu, kernels } = saved;
    const { name, training } = experiment;
    const summary: KeptRun = {
      ...{ key, setting, name, seed, fingerprint, gpu, kernels },
      ...{ step: state.step, steps: training.steps, at: Date.now() },
    };
    const all = [summary, ...(await this.list()).filter((kept) => kept.key !== key)];
    const list = all.slice(0, MOST_KEPT);
    try {
      await this.storage.set([
        [LIST, list],
        [nameOf(key), saved],
      ]);
      await this.storage.delete(all.slice(MOST_KEPT).map((kept) => nameOf(kept.key)));
    } catch (error) {
      throw told(error, 'keep');
    }
    return list;
  }

  /** A run, with what the page said it is; null where it is not kept. */
  async find(key: string): Promise<{ saved: SavedRun; kept: KeptRun } | null> {
    const kept = (await this.list()).find((one) => one.key === key);
    const saved = kept && ((await this.storage.get(nameOf(key))) as SavedRun | undefined);
    return kept && saved ? { saved, kept } : null;
  }

  async forget(key: string): Promise<readonly KeptRun[]> {
    const list = (await this.list()).filter((kept) => kept.key !== key);
    try {
      await this.storage.set([[LIST, list]]);
      await this.storage.delete([nameOf(key)]);
    } catch (error) {
      throw told(error, 'delete');
    }
    return list;
  }
}
