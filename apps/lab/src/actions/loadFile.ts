// A checkpoint from a file on the bench.
import { printable, shortened } from '@induction-lab/core/printable';
import { batch } from '@preact/signals';
import {
  ablated,
  audited,
  cuts,
  kept,
  longestPeriod,
  losses,
  lossesVersion,
  other,
  own,
  period,
  selected,
  status,
  step,
  viewed,
} from '../state.ts';
import { adopt, client } from './hearing.ts';
import { look } from './looking.ts';
import { say, tell } from './notices.ts';
import { overtake } from './waiting.ts';

/** A checkpoint from a file takes the place of the run. */
export async function loadFile(file: File): Promise<void> {
  overtake();
  const name = shortened(printable(file.name), LONGEST_NAME);
  try {
    if (file.size > 200e6)
      throw new Error(
        `${name} has ${(file.size / 1e6).toFixed(0)} MB, too much for this page; audit it with the command line.`,
      );
    const bytes = new Uint8Array(await file.arrayBuffer());
    const info = await client.ask('load', { bytes, file: name });
    losses.all = [];
    batch(() => {
      step.value = 0;
      status.value = 'done';
      kept.value = [0];
      viewed.value = null;
      own.value = null;
      other.value = null;
      audited.value = null;
      ablated.value = [];
      cuts.value = [];
      selected.value = null;
      lossesVersion.value++;
      period.value = Math.min(period.value, longestPeriod(info.experiment.model));
      adopt(info);
      say({
        tone: 'plain',
        text: `${name} is on the bench. It was trained elsewhere, so it can be looked at, broken and audited, not trained on.`,
      });
    });
    look();
  } catch (error) {
    tell(error);
  }
}

/** Letters of a file's name that are shown. */
const LONGEST_NAME = 80;
