// The lab without its page: signals that say what is shown, and what can be done. A test drives it with any worker.
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
import { createNotices } from './notices.ts';
import { readOwnData } from './ownData.ts';
import { createRuns } from './runs.ts';
import { watchSleep } from './sleep.ts';
import { createState } from './state.ts';
import { createWaiting } from './waiting.ts';
import { createWanting } from './wanted.ts';

export type Lab = ReturnType<typeof createLab>;

export interface LabOptions {
  /** Starts the worker that owns the models; called again when one has died. */
  readonly worker: () => LabWorker;
  readonly viewport: Viewport;
}

/** A lab in which nothing has happened; its worker is started. */
export function createLab({ worker, viewport }: LabOptions) {
  const state = createState();
  const notices = createNotices(state);
  const waiting = createWaiting(state);
  const wanting = createWanting(state);
  const connection = createConnection(state, { startWorker: worker, viewport, notices, waiting, wanting });
  const { client } = connection;
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
    ...createJudging(state, { client, notices }),
    loadFile: loading.loadFile,
    /** Starts a run of the present setting on the sequences, or the text, of a file. */
    dropData: async (file: File): Promise<void> =>
      runs.start({ ...state.setting.value, data: readOwnData(await file.text(), file.name) }),
    /** Opens a model that comes with this page. */
    openModel: (name: ShippedName): Promise<void> => links.open(loading.shippedLink(name)),
    viewport,
    /** Asks the worker a question of a panel's own. */
    ask: client.ask.bind(client) as typeof client.ask,
    watchSleep: (): void => watchSleep(state, notices),
  };
}
