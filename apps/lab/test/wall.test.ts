// The wall of seeds without a page: workers in this thread, or ones that say only what a test lets them say.
import { afterEach, expect, test, vi } from 'vitest';
import { lossPath } from '../src/bench/wall/lossPath.ts';
import { countText, guessText } from '../src/bench/wall/wallText.ts';
import { WorkerGone } from '../src/lab/client.ts';
import { createWall, type Wall } from '../src/lab/wall/createWall.ts';
import type { Tile } from '../src/lab/wall/wallState.ts';
import type { HeadBars } from '../src/protocol.ts';
import type { Setting } from '../src/setting.ts';
import type { WallMessage } from '../src/wallProtocol.ts';
import { twoBest } from '../src/worker/wall/glimpse.ts';
import { labInProcess, wallWorker, workers } from './inProcess.ts';

const setting: Setting = { preset: 'literal-1-layer', seed: 4, turned: { batch: 8, heads: 2 } };
const noLab = {
  adopt: vi.fn(async () => {}),
  control: vi.fn(),
  report: (error: unknown): void => {
    if (!(error instanceof WorkerGone)) throw error;
  },
  wanted: { value: { period: 9 } },
};
const open: Wall[] = [];
const wallWith = (options: Partial<Parameters<typeof createWall>[0]> = {}): Wall => {
  const wall = createWall({ lab: noLab as never, startWorker: () => wallWorker(), cores: 2, ...options });
  open.push(wall);
  return wall;
};
afterEach(() => {
  for (const wall of open.splice(0)) wall.close();
});

const tilesOf = (wall: Wall): Tile[] => wall.tiles.value.map((tile) => tile.value);
const until = (what: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 20_000, interval: 5 });

test('seeds train side by side with the bits of the bench, a tile opens there and goes on, and all of them get a verdict', async () => {
  const lab = labInProcess();
  const wall = wallWith({ lab });
  const before = workers.length;
  await wall.begin({ setting, count: 2, until: 4, gpu: null });
  expect(workers.length - before).toBe(2); // as many as there are cores
  await until(() => tilesOf(wall).every(({ glimpse }) => glimpse?.step === 4 && glimpse.resting));
  expect(wall.training.value).toBe(false);
  expect(tilesOf(wall).map(({ seed, losses }) => [seed, losses.length])).toEqual([
    [4, 4],
    [5, 4],
  ]);
  for (const head of tilesOf(wall)[1]!.glimpse!.heads) {
    expect(head.pattern.length).toBe(tilesOf(wall)[1]!.glimpse!.length ** 2);
    expect(head.pattern[0]).toBe(1); // the first token sees itself alone
  }
  const { fingerprint } = tilesOf(wall)[1]!.glimpse!;

  await wall.open(5);
  await until(() => lab.view.value?.fingerprint === fingerprint);
  expect([lab.step.value, lab.setting.value.seed, lab.noLink.value]).toEqual([4, 5, null]);
  expect(lab.subject.value?.losses.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  lab.control('step');
  await until(() => lab.view.value?.step === 5);
  const wentOn = lab.view.value?.fingerprint;
  await lab.start({ ...setting, seed: 5 });
  await lab.ask('control', { action: 'play', until: 5 });
  await until(() => lab.view.value?.step === 5);
  expect(lab.view.value?.fingerprint).toBe(wentOn);

  wall.guess(5);
  await wall.goOn(5);
  await until(() => tilesOf(wall).every(({ glimpse }) => glimpse?.step === 5 && glimpse.resting));
  expect(tilesOf(wall)[1]!.glimpse!.fingerprint).toBe(wentOn);
  await wall.reveal();
  expect(wall.revealed.value).toBe(true);
  expect(countText(tilesOf(wall))).toBe('0 of 2 found the circuit; 2 not learned.');
  expect(guessText(tilesOf(wall))).toBe('You had marked 1: 0 right.');
  wall.guess(4); // too late
  expect(tilesOf(wall)[0]!.guessed).toBe(false);
});

test('a paused wall rests where it stands; one that is closed ends its workers and hears them no more', async () => {
  const wall = wallWith();
  const before = workers.length;
  await wall.begin({ setting, count: 2, until: 600, gpu: null });
  await until(() => tilesOf(wall).every(({ glimpse }) => (glimpse?.step ?? 0) > 0));
  await wall.pause();
  await until(() => tilesOf(wall).every(({ glimpse }) => glimpse?.resting === true));
  const steps = tilesOf(wall).map(({ glimpse }) => glimpse!.step);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(tilesOf(wall).map(({ glimpse }) => glimpse!.step)).toEqual(steps);
  expect(wall.training.value).toBe(false);
  void wall.goOn(600);
  wall.close();
  expect(workers.slice(before).every(({ ended }) => ended)).toBe(true);
  expect([wall.subject.value, wall.tiles.value.length, wall.training.value]).toEqual([null, 0, false]);
});

test('a GPU that cannot be used is told of, and the CPU trains the same seeds', async () => {
  const refuse = async (): Promise<never> => {
    throw new Error('The GPU x is wrong.');
  };
  const wall = wallWith({ startWorker: () => wallWorker(refuse) });
  await wall.begin({ setting, count: 2, until: 1, gpu: 'hardware' });
  expect(wall.note.value).toBe('The GPU is not used: The GPU x is wrong. The CPU trains.');
  await until(() => tilesOf(wall).every(({ glimpse }) => glimpse?.step === 1));
  expect(wall.subject.value?.gpu).toBe(null);
});

test('what a setting may not be is said in a sentence, and nothing stays open', async () => {
  const wall = wallWith();
  await wall.begin({ setting: { ...setting, turned: { shortest: 20, longest: 10 } }, count: 2, until: 1, gpu: null });
  expect(wall.note.value).toMatch(/^Not possible: .*period/);
  expect(wall.subject.value).toBe(null);
});

test('a worker that dies takes its seeds along, and no others', async () => {
  const made: { onmessage: ((event: { data: unknown }) => void) | null; onerror: ((e: object) => void) | null }[] = [];
  const startWorker = (): never => {
    const worker = {
      onmessage: null,
      onerror: null,
      onmessageerror: null,
      terminate: () => {},
      postMessage: ({ id, kind }: { id: number; kind: string }) => {
        if (kind) setTimeout(() => made.at(-1)?.onmessage?.({ data: { kind: 'answer', id, answer: { gpu: null } } }));
      },
    };
    made.push(worker);
    return worker as never;
  };
  const wall = wallWith({ startWorker });
  void wall.begin({ setting, count: 4, until: 9, gpu: null });
  made[0]?.onerror?.({ message: 'out of memory', preventDefault: () => {} });
  const glimpse: Partial<WallMessage> = { kind: 'glimpse', seed: 5, step: 2, losses: [3, 2], from: 1, heads: [] };
  made[1]?.onmessage?.({ data: glimpse });
  made[1]?.onmessage?.({ data: { ...glimpse, step: 3, losses: [1], from: 3 } });
  made[1]?.onmessage?.({ data: { kind: 'failed', seed: 7, sentence: 'The loss is not a finite number.' } });
  expect(tilesOf(wall).map(({ seed, trouble }) => [seed, trouble])).toEqual([
    [4, 'Its worker died: out of memory.'],
    [5, null],
    [6, 'Its worker died: out of memory.'],
    [7, 'The loss is not a finite number.'],
  ]);
  expect(tilesOf(wall)[1]!.losses).toEqual([3, 2, 1]);
});

const bars = (label: string, layer: number, part: Partial<HeadBars>): HeadBars => ({
  ...{ layer, head: Number(label.at(-1)), label, previousToken: 0, induction: 0, control: 0, excess: 0, offset: 0 },
  ...part,
});

test('the two heads of a tile are the one that keeps to something, and of the others the best at the token before', () => {
  const heads = [
    bars('L0H0', 0, { previousToken: 0.5, offset: 0.2 }),
    bars('L0H1', 0, { previousToken: 0.9, offset: 0.9 }),
    bars('L1H0', 1, { excess: 0.95 }),
  ];
  expect(twoBest(heads).map(({ label }) => label)).toEqual(['L0H1', 'L1H0']);
  expect(twoBest(heads.slice(0, 2)).map(({ label }) => label)).toEqual(['L0H0', 'L0H1']);
  expect(twoBest(heads.slice(0, 1)).map(({ label }) => label)).toEqual(['L0H0']);
});

test('a curve is thinned to means, and guessing lies near its top', () => {
  expect(lossPath([], { until: 10, lnVocab: 1 })).toBe('');
  expect(lossPath([1.15, 0], { until: 2, lnVocab: 1 })).toBe('M60.0,0.0L120.0,40.0');
  const long = lossPath(
    Array.from({ length: 600 }, () => 0.575),
    { until: 600, lnVocab: 1 },
  );
  expect(long.split('L')).toHaveLength(60);
  expect(long.split('L').every((point) => point.endsWith(',20.0'))).toBe(true);
});
