// Models of the gallery are what is said of them, and what they are is said after a guess.
import { readFileSync, statSync } from 'node:fs';
import { audit, loadModel, VERDICTS } from '@induction-lab/core/node';
import { expect, test, vi } from 'vitest';
import { ANSWERS, GALLERY, type GalleryModel } from '../src/gallery/models.ts';
import { createGallery } from '../src/lab/gallery.ts';
import { engine, labInProcess } from './inProcess.ts';

const fileOf = ({ url }: GalleryModel): string => (url.startsWith('file:') ? new URL(url) : bundled(url)).pathname;
const bundled = (url: string): URL =>
  new URL(`../../..${url.replace(/^\/@fs.*?(?=\/(apps|examples))/, '')}`, import.meta.url);

test.each(GALLERY.map((model) => [model.name, model] as const))(
  '%s audits to what it is said to be',
  async (_, model) => {
    expect(statSync(fileOf(model)).size).toBeLessThan(230_000);
    const loaded = await loadModel(fileOf(model), { engine });
    expect(audit(loaded, { sequences: 4, mostPeriods: 3 }).verdict).toBe(model.verdict);
  },
);

test('every verdict of the audit may be guessed', () => {
  expect(ANSWERS).toEqual(VERDICTS);
});

test('a model comes onto the bench unnamed, and is audited once there is a guess', async () => {
  const lab = labInProcess();
  const judged = vi.fn(async () => {});
  const read = async (url: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(readFileSync(fileOf({ url } as GalleryModel)));
  const gallery = createGallery({ ...lab, judge: judged }, read);
  const hub = GALLERY[2] as GalleryModel;
  await gallery.answer('induction'); // of nothing
  await Promise.all([gallery.open(GALLERY[0] as GalleryModel), gallery.open(hub)]); // the later one wins
  expect(lab.run.value?.name).toBe('Model C');
  expect(lab.run.value?.file).not.toBe(null);
  expect(JSON.stringify([lab.run.value?.experiment.about, lab.runTitle.value])).not.toMatch(/hub/);
  expect(gallery.exhibit.value).toMatchObject({ model: hub, guess: null });
  expect(judged).not.toHaveBeenCalled();
  await gallery.answer('induction');
  await gallery.answer('mixed'); // one guess
  expect([gallery.exhibit.value?.guess, judged.mock.calls.length]).toEqual(['induction', 1]);
});

test('a model that cannot be fetched is told of, and the bench stays as it is', async () => {
  const lab = labInProcess();
  const gallery = createGallery(lab, async () => {
    throw new Error('The model could not be fetched (404).');
  });
  await gallery.open(GALLERY[0] as GalleryModel);
  expect(lab.notice.value?.text).toBe('The model could not be fetched (404).');
  expect([gallery.exhibit.value, gallery.coming.value, lab.run.value]).toEqual([null, null, null]);
});
