// Every program in examples/ runs and prints what its first comment promises; the gallery's figures are what they draw.
// UPDATE=1 writes the figures anew.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const examples = readdirSync(at('examples')).filter((name) => name.endsWith('.mjs') && name !== 'draw.mjs');

const GALLERY: Record<string, RegExp> = {
  stripe: /^query 17 looks at position 6$/,
  sameScore: /^L0H0: stripe 1\.00, without a repeat 1\.00\nL1H0: stripe 1\.00, without a repeat 0\.0\d$/,
  mapOfPlaces: /^positional shortcut: distances 9$/,
  knownCircuit:
    /^L0H0 → L1H0 k: \+[23]\.\d\d nats\nL0H0 at position 8 undoes 1\.00\nL1H0 at position 21 undoes 1\.00\nAn induction circuit: L1H0 matches keys that L0H0 built/,
  setsOfHeads: /without L1H0: \+0\.00 nats; without L1H1: \+0\.00; without both: \+4\.\d\d/,
  patching: /^L0H0 at position 6 undoes 1\.00\nL1H0 at position 15 undoes 1\.00$/,
  logitLens: /^on the repeat: 0\.0\d after layer 0, 1\.00 after layer 1$/,
  copyingMatrix: /^induction head: trace 320\npair hub: trace 0$/,
  ownDetector: /^L0H0: 0\.0\d\nL0H1: 0\.0\d\nL1H0: 1\.00\nL1H1: 0\.0\d$/,
  ownMeasure: /^lead 1\.00; without L0H0 -1\.00, without L0H1 0\.00, without L1H0 -1\.00, without L1H1 0\.00$/,
  trainAndWatch: /^loss on the repeat: [12]\.\d\d nats at step 100, 0\.\d\d at step 400$/,
  realModel: /^induction: none; previous token: L3H6, L1H3/,
};
/** What takes longer is run by examples.full.test.ts. */
const LONG = ['holdAHead'];

const drawn = process.env.UPDATE === '1' ? at('docs/images/gallery') : mkdtempSync(join(tmpdir(), 'gallery-'));
afterAll(() => process.env.UPDATE === '1' || rmSync(drawn, { recursive: true }));

const run = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
};

test('each example has a promise here', () => {
  expect(examples.sort()).toEqual([...Object.keys(GALLERY), ...LONG].map((name) => `${name}.mjs`).sort());
  expect(Object.keys(GALLERY)).toHaveLength(12);
});

test('the gallery: what its programs promise, print and draw, in under 40 lines each', { timeout: 300_000 }, () => {
  const page = readFileSync(at('docs/gallery.md'), 'utf8');
  const shown = [...page.matchAll(/^\[examples\/(\w+)\.mjs\]/gm)].map(([, name]) => name);
  expect(shown).toEqual(Object.keys(GALLERY));
  const programs = Object.keys(GALLERY).map((name) => at(`examples/${name}.mjs`));
  const printed = JSON.parse(run(at('scripts/docs/runPrograms.mjs'), drawn, ...programs)) as string[];
  for (const [i, [name, promise]] of Object.entries(GALLERY).entries()) {
    expect(printed[i], name).toMatch(promise);
    expect(readFileSync(at(`examples/${name}.mjs`), 'utf8').split('\n').length, name).toBeLessThan(41);
    for (const file of [`${name}.svg`, `${name}-dark.svg`])
      expect(
        readFileSync(join(drawn, file), 'utf8') === readFileSync(at(`docs/images/gallery/${file}`), 'utf8'),
        file,
      ).toBe(true);
  }
});
