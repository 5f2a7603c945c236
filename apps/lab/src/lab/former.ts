// The view before a button of the lesson changed it, and the way back there: Undo, and the browser's Back.
import { signal } from '@preact/signals';
import type { LinkState } from '../link.ts';
import { titleAt } from '../viewText.ts';
import type { Links } from './links.ts';
import type { Loading } from './loadFile.ts';
import type { LabState } from './state.ts';

/** What stood on the bench. */
export interface Former {
  readonly id: number;
  /** In words. */
  readonly title: string;
  readonly link: LinkState;
  /** The files that a model was opened from, which no link can name. */
  readonly files: readonly File[] | null;
}

/** So many former views are remembered. */
const MOST = 20;

export function createFormer({ view }: LabState, { links, loading }: { links: Links; loading: Loading }) {
  const former = signal<readonly Former[]>([]);
  let nextId = 1;

  async function bring({ link, files }: Former): Promise<void> {
    if (files) await loading.loadFile(files, link);
    else await links.open({ ...link });
  }

  return {
    /** Views that Undo can bring back, the latest last. */
    former,

    /** Remembers what is shown, and opens something else. Returns the number under which it is remembered; null where nothing was shown. */
    remember(): number | null {
      const shown = view.value;
      if (!shown) return null;
      const id = nextId++;
      const files = shown.run.file && !shown.run.file.shipped ? loading.lastFiles() : null;
      const entry = { id, title: titleAt(shown.run, shown.step), link: links.linkState(), files };
      former.value = [...former.value, entry].slice(-MOST);
      return id;
    },

    /** Brings the latest former view back. */
    async undo(): Promise<void> {
      const last = former.value.at(-1);
      if (!last) return;
      former.value = former.value.slice(0, -1);
      await bring(last);
    },

    /** Brings a remembered view back; false where it is not remembered any more. */
    async bringBack(id: number): Promise<boolean> {
      const at = former.value.findIndex((one) => one.id === id);
      const found = former.value[at];
      if (!found) return false;
      former.value = former.value.slice(0, at);
      await bring(found);
      return true;
    },
  };
}
