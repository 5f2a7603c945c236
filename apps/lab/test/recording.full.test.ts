// The recording of the first screen is what training gives today.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expanded, makeRecording } from '../build/recording.ts';
import { readRecording } from '../src/recording.ts';

test('every recorded frame has the fingerprint, the losses and the patterns that training gives', async () => {
  const there = expanded(readFileSync(fileURLToPath(new URL('../src/recording.bin', import.meta.url))));
  const made = await makeRecording();
  const fingerprints = (bytes: Uint8Array): unknown =>
    readRecording(bytes).runs.map(({ frames }) =>
      frames.map(({ step, period, fingerprint }) => [step, period, fingerprint]),
    );
  expect(fingerprints(there), 'run npm run recording and commit what it changes').toEqual(fingerprints(made));
  expect(Buffer.compare(there, made), 'run npm run recording and commit what it changes').toBe(0);
}, 240_000);
