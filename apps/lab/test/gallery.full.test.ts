// The gallery's files, trained anew: what lies in the repository is what its script makes.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error a script without types
import { galleryModels } from '../build/galleryModels.mjs';

test('the models of the gallery are what their script makes of them', async () => {
  const made = (await galleryModels()) as Record<string, Uint8Array>;
  expect(Object.keys(made)).toHaveLength(2);
  for (const [name, bytes] of Object.entries(made)) {
    const there = readFileSync(new URL(`../src/gallery/${name}`, import.meta.url));
    expect(Buffer.compare(there, bytes), name).toBe(0);
  }
});
