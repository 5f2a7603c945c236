// What can be imported: every name of the library stands in one room, and what our other packages need beside it in none.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as internal from '../src/internal.ts';
import * as node from '../src/node.ts';
import * as nodeInternal from '../src/nodeInternal.ts';

const ROOMS = ['circuits', 'engine', 'errors', 'examples', 'model', 'model/formats', 'random', 'tasks', 'training'];
const CIRCUITS = ['attention', 'causal', 'claims', 'data', 'language', 'map', 'statistics', 'weights'];
const at = (path: string): URL => new URL(`../${path}`, import.meta.url);

const namesOf = async (room: string): Promise<string[]> => Object.keys(await import(`../src/${room}/index.ts`));
const repeated = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

test('the library is its rooms, and no name stands in two of them', async () => {
  const rooms = (await Promise.all(ROOMS.map(namesOf))).flat();
  expect(repeated(rooms)).toEqual([]);
  expect(rooms.sort()).toEqual(Object.keys(await import('../src/index.ts')).sort());
  const circuits = (await Promise.all(CIRCUITS.map((room) => namesOf(`circuits/${room}`)))).flat();
  expect(repeated(circuits)).toEqual([]);
});

test('what is internal is nowhere in the library', () => {
  const inside = [...Object.keys(internal), ...Object.keys(nodeInternal), 'hideFuture', 'namedCopies', 'widestMatrix'];
  expect(inside.filter((name) => name in node)).toEqual([]);
});

test('every entry of the package has a source', () => {
  const { exports } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const built = Object.values<string | { types: string; default: string }>(exports).filter(
    (x) => typeof x === 'object',
  );
  expect(built.length).toBeGreaterThan(25);
  for (const { types, default: code } of built) {
    expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
    expect(existsSync(at(code.replace(/^\.\/dist/, 'src').replace(/\.js$/, '.ts'))), code).toBe(true);
  }
});
