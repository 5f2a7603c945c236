// A run that was trained before on the bench: a seed of the wall, or a run that was kept.
import { batch } from '@preact/signals';
import type { BenchRun, Look, SavedRun } from '../protocol.ts';
import type { Setting } from '../setting.ts';
import type { Connection } from './connection.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import type { LabState } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

export function createAdopting(
  { beside, opening, other, wanted }: LabState,
  {
    connection: { client, forgetEarly, putOnBench },
    notices,
    runs,
    waiting,
    wanting,
  }: { connection: Connection; notices: Notices; runs: Runs; waiting: Waiting; wanting: Wanting },
) {
  /** Puts what the worker answers with in the place of what is on the bench, and looks at it whole. */
  async function put(ask: (look: Look) => Promise<{ run: BenchRun; setting: Setting }>): Promise<void> {
    waiting.cancelOpening();
    notices.notify(null);
    wanting.want({ own: null, ablated: [], cuts: [], viewed: null });
    const look = wanting.lookFor(null);
    try {
      const { run, setting } = await ask(look);
      batch(() => {
        other.value = null;
        beside.value = null;
        putOnBench(run, setting);
        if (opening.value === null && wanted.value.viewed === null) runs.fitTo(run);
      });
    } catch (error) {
      forgetEarly();
      wanting.keepLook(look.request as number);
      notices.report(error);
    }
  }

  return {
    /** A saved run as it stood; `setting` is what it trains. */
    adopt: (saved: SavedRun, setting: Setting): Promise<void> =>
      put(async (look) => ({ run: await client.ask('adopt', { saved, look }), setting })),

    /** A kept run as it stood. */
    reopen: (key: string): Promise<void> =>
      put(async (look) => {
        const { run, setting } = await client.ask('reopen', { key, look });
        return { run, setting: setting as Setting };
      }),
  };
}
