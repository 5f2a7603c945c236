// A checkpoint from a file on the bench.
import { printable, shortened } from '@induction-lab/core/printable';
import { batch } from '@preact/signals';
import { DEFAULTS } from '../link.ts';
import type { Connection } from './connection.ts';
import type { Looking } from './looking.ts';
import type { Notices } from './notices.ts';
import { type LabState, longestPeriod } from './state.ts';
import type { Waiting } from './waiting.ts';

/** Letters of a file's name that are shown. */
const LONGEST_NAME = 80;

/** Bytes of a file that the page reads. */
const LARGEST = 200e6;

export function createLoading(
  { other, selected, setting, wanted }: LabState,
  {
    connection,
    looking,
    notices,
    waiting,
  }: { connection: Connection; looking: Looking; notices: Notices; waiting: Waiting },
) {
  return {
    /** A checkpoint from a file takes the place of the run. */
    async loadFile(file: File): Promise<void> {
      waiting.cancelOpening();
      const name = shortened(printable(file.name), LONGEST_NAME);
      try {
        if (file.size > LARGEST)
          throw new Error(
            `${name} has ${(file.size / 1e6).toFixed(0)} MB, too much for this page; audit it with the command line.`,
          );
        const bytes = new Uint8Array(await file.arrayBuffer());
        const info = await connection.client.ask('load', { bytes, file: name });
        batch(() => {
          other.value = null;
          selected.value = null;
          connection.putOnBench(info, setting.value);
          const { period, kind } = wanted.value;
          const { own, ablated, cuts, viewed } = DEFAULTS;
          const fitting = Math.min(period, longestPeriod(info.experiment.model));
          notices.notify({
            tone: 'plain',
            text: `${name} is on the bench. It was trained elsewhere, so it can be looked at, broken and audited, not trained on.`,
          });
          looking.change({ period: fitting, kind, own, ablated, cuts, viewed });
        });
      } catch (error) {
        notices.report(error);
      }
    },
  };
}
