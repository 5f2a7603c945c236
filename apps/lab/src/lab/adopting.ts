// A run that was trained elsewhere on the bench: a seed of the wall, or a run that was kept.
import { batch } from '@preact/signals';
import type { SavedRun } from '../protocol.ts';
import type { Setting } from '../setting.ts';
import type { Connection } from './connection.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import type { LabState } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

export type Adopting = ReturnType<typeof createAdopting>;

export function createAdopting(
  { beside, opening, other, wanted }: LabState,
  {
    connection,
    notices,
    runs,
    waiting,
    wanting,
  }: { connection: Connection; notices: Notices; runs: Runs; waiting: Waiting; wanting: Wanting },
) {
  return {
    /** Puts a saved run, as it stood, in the place of what is on the bench; `setting` is what it trains. */
    async adopt(saved: SavedRun, setting: Setting): Promise<void> {
      waiting.cancelOpening();
      notices.notify(null);
      wanting.want({ own: null, ablated: [], cuts: [], viewed: null });
      const look = wanting.lookFor(null);
      try {
        const info = await connection.client.ask('adopt', { saved, look });
        batch(() => {
          other.value = null;
          beside.value = null;
          connection.putOnBench(info, setting);
          if (opening.value === null && wanted.value.viewed === null) runs.fitTo(info);
        });
      } catch (error) {
        connection.forgetEarly();
        wanting.keepLook(look.request as number);
        notices.report(error);
      }
    },
  };
}
