// The gallery: ready models that are opened, guessed, and then audited.
import { type Signal, signal } from '@preact/signals';
import type { GalleryModel } from '../gallery/models.ts';
import type { Lab } from './createLab.ts';

/** A model of the gallery on the bench. */
export interface Exhibit {
  readonly model: GalleryModel;
  /** The run that it is on the bench. */
  readonly run: number;
  /** What the reader takes it for; null until that is said. */
  readonly guess: string | null;
}

export type Gallery = ReturnType<typeof createGallery>;

/** `fetchBytes` gets a file, and rejects with an Error that says why it cannot be had. */
export function createGallery(
  lab: Pick<Lab, 'judge' | 'loadFile' | 'report' | 'run'>,
  fetchBytes: (url: string) => Promise<Uint8Array<ArrayBuffer>>,
) {
  const exhibit: Signal<Exhibit | null> = signal(null);
  /** The model that is on its way. */
  const coming: Signal<GalleryModel | null> = signal(null);
  return {
    exhibit,
    coming,

    /** Puts a model onto the bench under its unknown name. */
    async open(model: GalleryModel): Promise<void> {
      coming.value = model;
      try {
        const bytes = await fetchBytes(model.url);
        if (coming.value !== model) return; // another one was asked for meanwhile
        const before = lab.run.value;
        await lab.loadFile([new File([bytes], model.name)]);
        const run = lab.run.value;
        if (run && run !== before && run.file) exhibit.value = { model, run: run.id, guess: null };
      } catch (error) {
        lab.report(error);
      } finally {
        if (coming.value === model) coming.value = null;
      }
    },

    /** What the reader takes it for; the audit answers. */
    async answer(guess: string): Promise<void> {
      const shown = exhibit.value;
      if (!shown || shown.guess !== null || lab.run.value?.id !== shown.run) return;
      exhibit.value = { ...shown, guess };
      await lab.judge();
    },
  };
}
