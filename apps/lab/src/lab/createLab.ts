// The lab without its page: signals that say what is shown, and what can be done. A test drives it with any worker.
import { orNotFetched } from '../notFetched.ts';
import type { Recording } from '../recording.ts';
import type { ShippedName } from '../shippedNames.ts';
import type { Viewport } from '../viewport.ts';
import { createAdopting } from './adopting.ts';
import type { LabWorker } from './client.ts';
import { createConnection } from './connection.ts';
import { createFormer } from './former.ts';
import { createGuessing } from './guessing.ts';
import { createJudging } from './judging.ts';
import { createLinks } from './links.ts';
import { createLoading } from './loadFile.ts';
import { createLooking } from './looking.ts';
import { createMarking } from './marking.ts';
import { createNotices } from './notices.ts';
import { createPlayer } from './player.ts';
import { createRewinding } from './rewinding.ts';
import { createRuns } from './runs.ts';
import { watchSleep } from './sleep.ts';
import { createState } from './state.ts';
import { createStory } from './story.ts';
import { createWaiting } from './waiting.ts';
import { createWanting } from './wanted.ts';

export type Lab = ReturnType<typeof createLab>;

export interface LabOptions {
  /** Starts the worker that owns the models; called again when one has died. */
  readonly worker: () => LabWorker;
  readonly viewport: Viewport;
  /** Fetches the recording of the first screen; without it the story trains what it shows. */
  readonly recording?: () => Promise<Recording>;
}

const none = (): Promise<never> => Promise.reject(new Error('There is no recording.'));

/** A lab in which nothing has happened; its worker is started. */
export function createLab({ worker, viewport, recording = none }: LabOptions) {
  const state = createState();
  const notices = createNotices(state);
  const waiting = createWaiting(state);
  const wanting = createWanting(state);
  const worked = createConnection(state, { startWorker: worker, viewport, notices, waiting, wanting });
  const player = createPlayer(state, { connection: worked, notices, wanting });
  const { client } = player;
  /** What is asked of recorded frames is answered by the player. */
  const connection = { ...worked, client };
  const looking = createLooking(state, { client, notices, viewport, wanting });
  const runs = createRuns(state, { connection, looking, notices, waiting, wanting });
  const loading = createLoading(state, { connection, looking, notices, runs, waiting, wanting });
  const links = createLinks(state, { connection, loading, looking, notices, runs, waiting, wanting });
  const { fitTo: _, begin: __, ...steering } = runs;
  return {
    ...state,
    ...notices,
    ...looking,
    ...steering,
    ...links,
    ...createFormer(state, { links, loading }),
    ...createAdopting(state, { connection, notices, runs, waiting, wanting }),
    ...createGuessing(state),
    ...createMarking(state, { client }),
    ...createRewinding(state, { looking }),
    ...createStory(state, { looking, notices, player, recording, runs }),
    ...createJudging(state, { client, notices }),
    loadFile: loading.loadFile,
    /** Starts a run of the present setting on the sequences, or the text, of a file. */
    async dropData(file: File): Promise<void> {
      const { readOwnData } = await orNotFetched(import('./brought.ts'));
      await runs.start({ ...state.setting.value, data: readOwnData(await file.text(), file.name) });
    },
    /** Opens a model that comes with this page. */
    openModel: async (name: ShippedName): Promise<void> => links.open(await loading.shippedLink(name)),
    viewport,
    /** Asks the worker a question of a panel's own. */
    ask: client.ask,
    /** How far the run has been trained behind the recorded frames that are shown. */
    unseen: player.unseen,
    watchSleep: (): void => watchSleep(state, notices),
  };
}
