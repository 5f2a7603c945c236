// Runs that survive a reload: the next visit is another lab over the same storage.
import { readFileSync } from 'node:fs';
import { KERNELS_VERSION } from '@induction-lab/core/node';
import { expect, test, vi } from 'vitest';
import type { Lab } from '../src/lab/createLab.ts';
import { createKeeping, keyOf } from '../src/lab/keeping.ts';
import { readLink } from '../src/link.ts';
import type { SavedRun } from '../src/protocol.ts';
import type { Setting } from '../src/setting.ts';
import { KeptRuns, MOST_KEPT } from '../src/worker/keptRuns.ts';
import { labInProcess, memoryStorage } from './inProcess.ts';

const HASH = `preset=literal-1-layer&seed=3&step=24&heads=2&batch=8&kernels=${KERNELS_VERSION}`;
const { setting } = readLink(HASH).state;

const until = (what: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 20_000, interval: 5 });

/** A visit that trains the link's run, and keeps it. */
async function visit(
  storage = memoryStorage(),
): Promise<{ lab: Lab; keeping: ReturnType<typeof createKeeping>; storage: typeof storage }> {
  const lab = labInProcess(storage);
  const keeping = createKeeping(lab);
  const stop = keeping.watch();
  await lab.openAddress(HASH, { fromKept: true });
  await until(() => keeping.kept.value?.length === 1 && lab.view.value?.step === 24);
  stop();
  return { lab, keeping, storage };
}

test('a run is taken up by the next visit with its weights, losses and earlier steps, and goes on with the same bits', async () => {
  const { lab, keeping, storage } = await visit();
  const kept = keeping.kept.value?.[0];
  const bits = lab.view.value?.fingerprint;
  expect(kept).toMatchObject({ name: 'literal-1-layer, changed', seed: 3, step: 24, fingerprint: bits, gpu: null });
  lab.control('step');
  await until(() => lab.view.value?.step === 25);
  const next = labInProcess(storage);
  await next.openAddress(HASH, { fromKept: true });
  await until(() => next.view.value?.fingerprint === bits);
  expect([next.run.value?.keptFrom, next.step.value, next.subject.value?.losses.length]).toEqual([24, 24, 24]);
  expect(next.notice.value?.text).toBe('Step 24 of this run was kept from an earlier visit.');
  expect(next.progress.value.kept).toEqual([0, 2, 10, 24]);
  next.control('step');
  await until(() => next.view.value?.step === 25);
  expect(next.view.value?.fingerprint).toBe(lab.view.value?.fingerprint);
  const third = labInProcess(storage);
  await third.reopen(keyOf(setting));
  await until(() => third.view.value?.fingerprint === bits);
  expect([third.setting.value, third.noLink.value]).toEqual([setting, null]);
  await third.reopen('nothing');
  expect(third.notice.value?.text).toBe('This run is kept no longer.');
  expect(third.view.value?.fingerprint).toBe(bits); // the bench stays as it is
});

test('weights that are not those of the fingerprint are refused, and other kernels make no link', async () => {
  const { storage } = await visit();
  const name = `run ${keyOf(setting)}`;
  const saved = structuredClone(storage.values.get(name)) as SavedRun;
  storage.values.set(name, { ...saved, kernels: 1 });
  const older = labInProcess(storage);
  await older.reopen(keyOf(setting));
  await until(() => older.view.value?.fingerprint === saved.fingerprint);
  expect(older.noLink.value).toMatch(/^it was trained with other kernels \(version 1;/);
  const spoiled = structuredClone(saved);
  (Object.values(spoiled.state.weights)[0]!.data as Float32Array)[0]! += 1;
  storage.values.set(name, spoiled);
  const next = labInProcess(storage);
  await next.reopen(keyOf(setting));
  expect(next.notice.value?.text).toMatch(
    new RegExp(`^The weights of step 24 have the fingerprint [0-9a-f]{8}, and were kept as ${saved.fingerprint}`),
  );
  expect(next.run.value).toBe(null);
});

test('the last few runs are kept, each once, and what is deleted leaves nothing', async () => {
  const storage = memoryStorage();
  const runs = new KeptRuns(storage);
  const saved = (step: number): SavedRun =>
    ({
      experiment: { name: 'x', training: { steps: 9 } },
      seed: 1,
      state: { step },
      fingerprint: 'f',
      gpu: null,
      kernels: 2,
    }) as never;
  const keep = (key: string, step: number): Promise<unknown> => runs.keep(saved(step), { key, setting: null as never });
  await keep('a', 1);
  await keep('b', 2);
  await keep('a', 3);
  expect((await runs.list()).map(({ key, step }) => [key, step])).toEqual([
    ['a', 3],
    ['b', 2],
  ]);
  for (let i = 0; i < MOST_KEPT; i++) await keep(`c${i}`, i);
  expect((await runs.list()).map(({ key }) => key)).toEqual(['c5', 'c4', 'c3', 'c2', 'c1', 'c0']);
  for (const { key } of await runs.list()) await runs.forget(key);
  expect([...storage.values]).toEqual([['list', []]]);
});

test('a browser that has no room, or allows no storage, is told of in a sentence, and the bench goes on', async () => {
  const full = memoryStorage();
  full.set = async () => {
    throw Object.assign(new Error('the disk is full'), { name: 'QuotaExceededError' });
  };
  const lab = labInProcess(full);
  const keeping = createKeeping(lab);
  await lab.openAddress(HASH, { fromKept: true });
  await until(() => lab.view.value?.step === 24);
  await keeping.keepNow();
  expect(keeping.complaint.value).toBe(
    'This browser has no more room to keep runs (the disk is full): delete one that is kept, or save the checkpoint.',
  );
  const forbidden = memoryStorage();
  forbidden.get = async () => {
    throw new Error('A mutation operation was attempted on a database that did not allow mutations.');
  };
  const other = labInProcess(forbidden);
  const asking = createKeeping(other);
  asking.watch()();
  await until(() => asking.complaint.value !== null);
  expect(asking.complaint.value).toMatch(/^This browser lets the page read no runs \(A mutation .*private window/);
  await other.openAddress(HASH, { fromKept: true });
  await until(() => other.view.value?.step === 24);
  expect(other.notice.value).toBe(null);
});

test('a state that the lesson fetches is not kept, and asking for it keeps nobody waiting', async () => {
  vi.stubGlobal('fetch', async (url: URL) => new Response(readFileSync(url)));
  try {
    const storage = memoryStorage();
    const lab = labInProcess(storage);
    await lab.openAddress(`preset=two-heads&seed=1&step=300&kernels=${KERNELS_VERSION}`);
    expect([lab.isFetched.value, lab.step.value]).toEqual([true, 300]);
    expect(await lab.ask('keep', { key: 'fetched', setting: lab.setting.value })).toEqual([]);
    lab.change({ period: 9 });
    await until(() => lab.view.value?.period === 9);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('what trains in a moment, is fetched, or is a file, is not kept', async () => {
  const asked: string[] = [];
  const value = <T>(of: T): { value: T } => ({ value: of });
  const lab = (step: number, file: object | null, isFetched = false) =>
    ({
      ask: async (kind: string) => asked.push(kind),
      isFetched: value(isFetched),
      run: value({ id: 1, file }),
      setting: value(setting as Setting),
      status: value('paused'),
      step: value(step),
    }) as never;
  await createKeeping(lab(19, null)).keepNow();
  await createKeeping(lab(20, {})).keepNow();
  await createKeeping(lab(20, null, true)).keepNow();
  expect(asked).toEqual([]);
  const keeping = createKeeping(lab(20, null));
  await keeping.keepNow();
  await keeping.keepNow();
  expect(asked).toEqual(['keep']);
});
