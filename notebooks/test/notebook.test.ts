// The notebook runs from top to bottom from a clean kernel, shows what its text says, and is committed as it runs.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPECTED } from './expectations.ts';
import {
  codeCells,
  comparable,
  images,
  joined,
  type Notebook,
  readNotebook,
  shownText,
  textCells,
  writeNotebook,
} from './ipynb.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const file = join(root, 'notebooks/induction_heads.ipynb');
const committed = readNotebook(file);
const folder = mkdtempSync(join(tmpdir(), 'notebook-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Execution {
  readonly status: number | null;
  readonly stderr: string;
  result(): Notebook;
}

/** Runs a notebook as `npm run notebook -- --execute` does: kernel and, where it is missing, Jupyter's client set up first. */
async function execute(from: string): Promise<Execution> {
  const to = join(folder, 'executed.ipynb');
  const child = spawn(process.execPath, [join(root, 'scripts/notebook.mjs'), '--execute', from, to]);
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr, result: () => readNotebook(to) };
}

/** Runs cells of the notebook with other knobs. */
function executeWith(cells: Notebook['cells']): Promise<Execution> {
  const from = join(folder, 'changed.ipynb');
  writeNotebook(from, { ...committed, cells });
  return execute(from);
}

/** The cells from the set-up on, with knobs changed in the source of the cell of knobs. */
function cellsWith(knobs: Readonly<Record<string, string>>): Notebook['cells'] {
  return codeCells(committed).map((cell) => {
    if (cell.id !== 'knobs') return cell;
    let source = joined(cell.source);
    for (const [name, value] of Object.entries(knobs)) {
      const line = new RegExp(`^( +${name}: )(\\[.*\\]|[^,]+),`, 'm');
      if (!line.test(source)) throw new Error(`The cell of knobs has no knob ${name}.`);
      source = source.replace(line, `$1${value},`);
    }
    return { ...cell, source };
  });
}

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

test('every file that the text links to exists', () => {
  const links = textCells(committed).flatMap(({ source }) =>
    [...joined(source).matchAll(/\]\(([^)#]+)\)/g)].map((m) => m[1]!),
  );
  expect(links.length).toBeGreaterThan(2);
  for (const link of links) expect(existsSync(join(dirname(file), link)), link).toBe(true);
});

test('no output holds a place or a name of the machine that it ran on', () => {
  const outputs = JSON.stringify(
    codeCells(committed).map((c) => c.outputs?.map(({ text, data }) => [text, { ...data, 'image/png': '' }])),
  );
  const names = [root, homedir(), tmpdir(), '/home/', '/Users/', 'file://', 'node_modules', ':\\\\'];
  for (const name of names.filter((n) => n.length > 1)) expect(outputs).not.toContain(name);
  if (hostname().length > 3) expect(outputs).not.toContain(hostname());
});

test('every number in the text is printed by a cell', () => {
  const printed = codeCells(committed).map(shownText).join('\n').match(NUMBER)!;
  const told = textCells(committed).flatMap((cell) => {
    const text = joined(cell.source).replace(/`[^`]*`/g, ''); // code in the text is a suggestion, not a result
    return (text.match(NUMBER) ?? []).filter((n) => /[.,]/.test(n) || n.length > 2);
  });
  expect(told.length).toBeGreaterThan(20);
  expect([...new Set(told)].filter((n) => !printed.includes(n) && !printed.includes(`-${n}`))).toEqual(KNOB_NUMBERS);
});

const NUMBER = /\d+(?:[.,]\d+)*/g;
/** Told in section 13 as a value to put into a knob. */
const KNOB_NUMBERS = ['0.001'];

test('the cells pass the type checker', () => {
  const place = join(root, 'notebooks/.jupyter/cells');
  mkdirSync(place, { recursive: true });
  const source = codeCells(committed).map((cell) => joined(cell.source).replaceAll("'./support/", "'../../support/"));
  writeFileSync(join(place, 'cells.ts'), `${source.join('\n')}\nexport {};\n`);
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.tests.json',
      compilerOptions: { noUnusedLocals: true },
      include: ['cells.ts'],
    }),
  );
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', place], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
});

const SHORT = { steps: '30', controlSteps: '20', variedSteps: '60', twoHeadsSteps: '60', batch: '8' };

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

// Which knobs are refused, and how, support.test.ts tells; here, that the sentence reaches whoever runs the cell.
test('a cell of knobs that cannot be run says so in one sentence', { timeout: 120_000 }, async () => {
  const run = await executeWith(cellsWith({ nHeads: '5' }).slice(0, 2));
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^Cell knobs failed\. KnobError: /m);
  expect(run.stderr).toContain('nHeads (5) must divide dModel (64)');
  const error = run.result().cells[1]!.outputs!.find((o) => o.output_type === 'error')!;
  expect(JSON.stringify(error)).not.toContain(root);
});
