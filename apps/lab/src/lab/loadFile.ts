// A checkpoint from a file on the bench.
import { printable, shortened } from '@induction-lab/core/internal/printable';
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

/** Bytes of a config that are read: none is nearly as long. */
const LARGEST_CONFIG = 1e6;

/** The model among the files that were dropped, and its config where that came too. */
function chosen(files: readonly File[]): { model: File; config: File | null } {
  const configs = files.filter(({ name }) => /\.json$/i.test(name));
  const models = files.filter((file) => !configs.includes(file));
  const [model, config = null] = [models[0], configs[0]];
  if (model && models.length === 1 && configs.length <= 1) return { model, config };
  throw new Error(
    model
      ? `${files.length} files were dropped; drop one model at a time, with its config.json where it has one.`
      : 'A config says nothing without its model; drop both together.',
  );
}

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
    /** A model from a file takes the place of the run; a config.json may come with it. */
    async loadFile(files: readonly File[]): Promise<void> {
      waiting.cancelOpening();
      try {
        const { model, config: given } = chosen(files);
        const name = shortened(printable(model.name), LONGEST_NAME);
        if (model.size > LARGEST)
          throw new Error(
            `${name} has ${(model.size / 1e6).toFixed(0)} MB, too much for this page; audit it with the command line.`,
          );
        const bytes = new Uint8Array(await model.arrayBuffer());
        const config = given ? await given.slice(0, LARGEST_CONFIG).text() : null;
        const info = await connection.client.ask('load', { bytes, file: name, config });
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
