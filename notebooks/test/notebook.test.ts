// The notebook's text, and knobs that are refused. notebook.full.test.ts runs it, as it is committed and with other knobs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { committed, file, root } from './execute.ts';
import { codeCells, joined, shownText, textCells } from './ipynb.ts';
import { cellsWith, executeWith } from './knobs.ts';

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
  const shown = codeCells(committed).map(shownText).join('\n');
  const printed = [...shown.match(NUMBER)!, ...shown.match(SHARE)!];
  const told = textCells(committed).flatMap((cell) => {
    const text = joined(cell.source).replace(/`[^`]*`/g, ''); // code in the text is a suggestion, not a result
    const numbers = (text.match(NUMBER) ?? []).filter((n) => /[.,]/.test(n) || n.length > 2);
    return [...numbers, ...(text.match(SHARE) ?? [])];
  });
  expect(told.length).toBeGreaterThan(20);
  const known = [...printed, ...printed.map((n) => n.replace(/^-/, '')), ...KNOB_NUMBERS];
  expect([...new Set(told)].filter((n) => !known.includes(n))).toEqual([]);
});

const NUMBER = /\d+(?:[.,]\d+)*/g;
const SHARE = /\d+ %/g;
/** Told in section 14 as a value to put into a knob. */
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

// Which knobs are refused, and how, support.test.ts tells; here, that the sentence reaches whoever runs the cell.
test('a cell of knobs that cannot be run says so in one sentence', { timeout: 120_000 }, async () => {
  const run = await executeWith(cellsWith({ nHeads: '5' }).slice(0, 2));
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^Cell knobs failed\. KnobError: /m);
  expect(run.stderr).toContain('nHeads (5) must divide dModel (64)');
  const error = run.result().cells[1]!.outputs!.find((o) => o.output_type === 'error')!;
  expect(JSON.stringify(error)).not.toContain(root);
});
