// The wall of seeds: workers, each with some seeds that train side by side, and what they say on tiles.
import { batch, type Signal, signal } from '@preact/signals';
import type { GpuChoice } from '../../protocol.ts';
import { experimentOf, knobsOf, type Setting } from '../../setting.ts';
import type { Glimpse, WallMessage, WallQuestions } from '../../wallProtocol.ts';
import { Client, type LabWorker, WorkerGone } from '../client.ts';
import type { Lab } from '../createLab.ts';
import { createWallState, type Tile } from './wallState.ts';

/** What is to be trained. */
export interface WallOrder {
  /** Its seed is the first. */
  readonly setting: Setting;
  readonly count: number;
  readonly until: number;
  /** Null for the CPU. */
  readonly gpu: GpuChoice | null;
}

export interface WallOptions {
  readonly lab: Pick<Lab, 'adopt' | 'control' | 'report' | 'wanted'>;
  /** Starts a worker of the wall. */
  readonly startWorker: () => LabWorker;
  /** Threads that this machine has. */
  readonly cores: number;
}

/** Bytes that the kept states of all seeds may take together. */
const KEPT_BYTES = 64e6;

type WallClient = Client<WallQuestions, WallMessage>;
interface WallWorker {
  readonly client: WallClient;
  readonly seeds: readonly number[];
}

export type Wall = ReturnType<typeof createWall>;

/** A wall on which nothing trains. */
export function createWall({ lab, startWorker, cores }: WallOptions) {
  const state = createWallState();
  const { going, judging, note, subject, tiles } = state;
  let workers: WallWorker[] = [];

  const tileOf = (seed: number): Signal<Tile> | undefined => tiles.value.find((tile) => tile.value.seed === seed);

  function change(seed: number, part: Partial<Tile>): void {
    const tile = tileOf(seed);
    if (tile) tile.value = { ...tile.value, ...part };
  }

  function receive(message: WallMessage): void {
    if (message.kind === 'failed') change(message.seed, { trouble: message.sentence });
    else if (message.kind === 'leftGpu') note.value = message.sentence;
    else take(message);
  }

  function take({ seed, losses, from, ...seen }: Glimpse): void {
    const tile = tileOf(seed);
    if (!tile) return;
    const all = tile.value.losses as number[];
    all.length = Math.min(all.length, from - 1);
    all.push(...losses);
    change(seed, { glimpse: { seed, losses, from, ...seen }, losses: all });
  }

  function startWith(seeds: readonly number[]): WallWorker {
    const died = (reason: string): void => {
      for (const seed of seeds) change(seed, { trouble: `Its worker died: ${reason}.` });
    };
    const client: WallClient = new Client(startWorker, { message: receive, death: died, silence: () => {} });
    return { client, seeds };
  }

  function endWorkers(): void {
    for (const { client } of workers) client.end();
    workers = [];
  }

  /** Ends everything: workers, tiles, and what they showed. */
  function close(): void {
    endWorkers();
    batch(() => {
      tiles.value = [];
      subject.value = null;
      going.value = false;
      judging.value = false;
      note.value = null;
    });
  }

  /** Trains so many seeds side by side, in place of what trained here. */
  async function begin(order: WallOrder): Promise<void> {
    close();
    const { setting, count, until } = order;
    const experiment = experimentOf(setting);
    const { steps } = experiment.training as { steps: number };
    const goal = Math.min(until, steps);
    const lnVocab = Math.log(experiment.model.dVocab - Number(knobsOf(setting).bos));
    const seeds = Array.from({ length: count }, (_, i) => setting.seed + i);
    batch(() => {
      subject.value = { setting, name: experiment.name as string, lnVocab, steps, until: goal, gpu: null };
      tiles.value = seeds.map((seed) =>
        signal<Tile>({ seed, glimpse: null, losses: [], verdict: null, guessed: false, trouble: null }),
      );
      going.value = true;
    });
    lab.control('pause'); // the processor is for the seeds
    const keptBytes = KEPT_BYTES / count;
    const { period } = lab.wanted.value;
    const ask = { experiment, until: goal, period, gpu: order.gpu, keptBytes };
    const threads = order.gpu ? 1 : Math.max(1, Math.min(cores, count));
    const mine = Array.from({ length: threads }, (_, t) => startWith(seeds.filter((_, i) => i % threads === t)));
    workers = mine;
    try {
      const begun = await Promise.all(
        mine.map(({ client, seeds: some }) => client.ask('begin', { ...ask, seeds: some })),
      );
      if (subject.value) subject.value = { ...subject.value, gpu: begun[0]?.gpu ?? null };
    } catch (error) {
      if (error instanceof WorkerGone || workers !== mine) return; // told on its tiles, or closed meanwhile
      const { message } = error as Error;
      if (order.gpu === null) {
        close();
        note.value = `Not possible: ${message}`;
        return;
      }
      await begin({ ...order, gpu: null });
      note.value = `The GPU is not used: ${message} The CPU trains.`;
    }
  }

  const tell = async (until: number | null): Promise<void> => {
    await Promise.all(workers.map(({ client }) => client.ask('train', { until }))).catch(lab.report);
  };

  async function pause(): Promise<void> {
    going.value = false;
    await tell(null);
  }

  /** Goes on to a step. */
  async function goOn(until: number): Promise<void> {
    const on = subject.value;
    if (!on || judging.value) return;
    const goal = Math.min(until, on.steps);
    batch(() => {
      subject.value = { ...on, until: goal };
      going.value = true;
      for (const tile of tiles.value) {
        const { glimpse } = tile.value;
        if (glimpse && glimpse.step < goal) tile.value = { ...tile.value, glimpse: { ...glimpse, resting: false } };
      }
    });
    await tell(goal);
  }

  /** Audits every seed where it stands. */
  async function reveal(): Promise<void> {
    if (judging.value) return;
    const mine = workers;
    judging.value = true;
    await pause();
    await Promise.all(
      mine.map(async ({ client, seeds }) => {
        for (const seed of seeds) {
          if (tileOf(seed)?.value.trouble !== null) continue;
          try {
            change(seed, { verdict: await client.ask('judge', { seed }) });
          } catch (error) {
            if (error instanceof WorkerGone) return;
            change(seed, { trouble: (error as Error).message });
          }
        }
      }),
    );
    if (workers === mine) judging.value = false;
  }

  return {
    ...state,
    begin,
    pause,
    goOn,
    reveal,
    close,

    /** Marks a seed as one that has found the circuit, or takes the mark away. */
    guess(seed: number): void {
      const tile = tileOf(seed);
      if (tile && !state.revealed.value && !judging.value) change(seed, { guessed: !tile.value.guessed });
    },

    /** Puts a seed onto the bench as it stands; the wall waits. */
    async open(seed: number): Promise<void> {
      const on = subject.value;
      const worker = workers.find(({ seeds }) => seeds.includes(seed));
      if (!on || !worker) return;
      try {
        await pause();
        const saved = await worker.client.ask('take', { seed });
        await lab.adopt(saved, { ...on.setting, seed });
      } catch (error) {
        lab.report(error);
      }
    },
  };
}
