// A model from a file on the bench: one that was dropped, or one that comes with the page.
import { batch } from '@preact/signals';
import { DEFAULTS, type LinkState } from '../link.ts';
import { orNotFetched } from '../notFetched.ts';
import type { BenchRun, GivenModel } from '../protocol.ts';
import type { ShippedName } from '../shippedNames.ts';
import type { Connection } from './connection.ts';
import type { Looking } from './looking.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import { type LabState, longestPeriod } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

export type Loading = ReturnType<typeof createLoading>;

const ELSEWHERE = 'It was trained elsewhere, so it can be looked at, broken and audited, not trained on.';
const IN_WORDS = 'It reads text: type a sentence in words.';

/** What comes with this page is read out of a script of its own: few open it. */
const shipped = (): Promise<typeof import('./shipped.ts')> => orNotFetched(import('./shipped.ts'));

export function createLoading(
  { opening, other, run, selected, setting, wanted }: LabState,
  {
    connection,
    looking,
    notices,
    runs,
    waiting,
    wanting,
  }: {
    connection: Connection;
    looking: Looking;
    notices: Notices;
    runs: Runs;
    waiting: Waiting;
    wanting: Wanting;
  },
) {
  /** Puts a model in the place of the run. */
  function put(info: BenchRun): void {
    other.value = null;
    selected.value = null;
    connection.putOnBench(info, setting.value);
    const { period, kind } = wanted.value;
    const { own, ablated, cuts, viewed } = DEFAULTS;
    wanting.want({ period: Math.min(period, longestPeriod(info.experiment.model)), kind, own, ablated, cuts, viewed });
  }

  const load = (given: GivenModel): Promise<BenchRun> => connection.client.ask('load', given);

  let files: readonly File[] | null = null;

  return {
    /** The files that the model on the bench was opened from. */
    lastFiles: (): readonly File[] | null => files,

    /** A model from files takes the place of the run: a config.json and a tokenizer.json may come with it. `look` is how it is looked at. */
    async loadFile(dropped: readonly File[], look?: LinkState): Promise<void> {
      waiting.cancelOpening();
      try {
        const { modelAmong } = await orNotFetched(import('./brought.ts'));
        const given = await modelAmong(dropped);
        const info = await load(given);
        files = dropped;
        batch(() => {
          put(info);
          if (look) wanting.wantAs(look);
          if (look) runs.fitTo(info);
          const says = info.file?.readsText ? `${ELSEWHERE} ${IN_WORDS}` : ELSEWHERE;
          notices.notify({ tone: 'plain', text: `${given.file} is on the bench. ${says}` });
          looking.look();
        });
      } catch (error) {
        notices.report(error);
      }
    },

    /** Brings what a link says of a model of this page onto the bench. False where it was overtaken. */
    async openShipped(name: ShippedName, link: LinkState): Promise<boolean> {
      if (run.value?.file?.shipped !== name) {
        const { fetchShipped } = await shipped();
        const info = await load(await fetchShipped(name));
        if (opening.value !== link) return false;
        put(info);
      }
      const on = run.value as BenchRun;
      batch(() => {
        selected.value = link.selected;
        wanting.wantAs(link);
        runs.fitTo(on);
        opening.value = null;
        looking.look();
      });
      return true;
    },

    /** The link of a model of this page, with a text that repeats something. */
    async shippedLink(name: ShippedName): Promise<LinkState> {
      const { SHIPPED } = await shipped();
      return { ...DEFAULTS, shipped: name, own: SHIPPED[name].text };
    },
  };
}
