// The notebook runs from top to bottom from a clean kernel, shows what its text says, and is committed as it runs. Minutes
// of training on all cores: `npm run test:full`, and CI.
import { decode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { committed, execute, file } from './execute.ts';
import { EXPECTED } from './expectations.ts';
import { codeCells, comparable, images, joined, type Notebook, shownText } from './ipynb.ts';
import { cellsWith, executeWith } from './knobs.ts';

describe('run from a clean kernel', () => {
  let executed: Notebook;
  beforeAll(async () => {
    const run = await execute(file);
    expect(run.stderr).not.toMatch(/Error|fail/);
    expect(run.status).toBe(0);
    executed = run.result();
  }, 900_000);

  test('every code cell has an expectation, and the other way round', () => {
    expect(codeCells(committed).map(({ id }) => id)).toEqual(Object.keys(EXPECTED));
  });

  test.for(Object.entries(EXPECTED))('cell %s shows what it must', ([id, { text, images: count = 0 }]) => {
    const cell = executed.cells.find((c) => c.id === id)!;
    for (const part of text) expect(shownText(cell)).toMatch(part);
    expect(images(cell)).toHaveLength(count);
    expect(cell.outputs!.filter((o) => o.output_type === 'error' || o.name === 'stderr')).toEqual([]);
  });

  test('every figure comes as SVG and PNG with the same text alternative, and is not blank', () => {
    for (const { data, metadata } of codeCells(executed).flatMap(images)) {
      const svg = joined(data!['image/svg+xml']);
      const alt = joined(data!['text/plain']);
      expect(alt.length).toBeGreaterThan(60);
      expect(metadata!.alt).toBe(alt);
      expect(svg).toContain('role="img"');
      expect(svg).toMatch(/<title>.+<\/title><desc>.+<\/desc>/);
      const png = decode(Buffer.from(joined(data!['image/png']), 'base64'));
      expect(png.width / png.height).toBeCloseTo(metadata!['image/png']!.width / metadata!['image/png']!.height, 2);
      expect(inkOf(png.data, png.channels)).toBeGreaterThan(0.02);
    }
  });

  test('the committed outputs are those of this code', () => {
    const remedy = 'Run "npm run notebook -- --execute" and commit the notebook.';
    codeCells(executed).forEach((cell, i) => {
      const before = codeCells(committed)[i]!;
      expect(before.execution_count, `${before.id} was committed out of order. ${remedy}`).toBe(i + 1);
      expect(comparable(before), `The outputs of ${before.id} are older than the code. ${remedy}`).toEqual(
        comparable(cell),
      );
    });
  });
});

/** Share of pixels that differ from the first one, which is background. */
function inkOf(pixels: ArrayLike<number>, channels: number): number {
  let ink = 0;
  for (let i = 0; i < pixels.length; i += channels)
    for (let c = 0; c < channels; c++)
      if (pixels[i + c] !== pixels[c]) {
        ink++;
        break;
      }
  return (ink * channels) / pixels.length;
}

const SHORT = { steps: '30', controlSteps: '20', variedSteps: '60', pictureSteps: '60', batch: '8' };

test('with other knobs every cell runs, and runs again after another change in the same kernel', async () => {
  const [setUp, ...rest] = cellsWith({ ...SHORT, period: '12', periods: '[5, 12]', nHeads: '2', nLayers: '3' });
  const [, ...again] = cellsWith({
    ...SHORT,
    nLayers: '1',
    normalization: 'null',
    positions: "'sinusoidal'",
    competition: '0',
  });
  const cells = [setUp!, ...rest, ...again].map((cell, i) => ({ ...cell, id: `${cell.id}-${i}` }));
  const run = await executeWith(cells);
  expect(run.stderr).not.toMatch(/Error|fail/);
  expect(run.status).toBe(0);
  const shown = run.result().cells.map(shownText).join('\n');
  expect(shown).toContain('context: 24 tokens, two blocks of 12');
  expect(shown).toContain('heads: 3 layers × 2, each 32 wide');
  expect(shown).toContain('heads: 1 layers × 4, each 16 wide');
  expect(shown.match(/to the model that will be trained: 0$/gm)).toHaveLength(2);
}, 300_000);
