// From outside: a detector in a module of one's own gets a column, chance, control, interval and bar from `audit`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectRefusal } from './support/command.ts';
import { temporaryFolder } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction } from './support/models.ts';

const folder = temporaryFolder();
const induction = writeInduction(join(folder, 'induction.safetensors'));
const module = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
/** Where the earlier copies are, and one key before or after them. */
const AT = `const at = (shift) => (tokens, query) =>
  [...tokens].flatMap((token, key) => (key + shift >= 0 && key < query && token === tokens[query] ? [key + shift] : []));`;
const mine = module(
  'mine.mjs',
  `${AT}
export const detectors = [{ name: 'before the copy', keys: at(-1) }, { name: 'after, "mine"', keys: at(1) }];`,
);
const audit = ['audit', induction, '--sequences', '16', '--detectors'];

test('the table has a column for it, with chance above and the control beside it', async () => {
  const { stdout } = await succeed(...audit, mine);
  expect(stdout).toMatch(/your detector, on two copies of half the\s+context/);
  expect(stdout).toMatch(/before the copy \(no repeat\)/);
  expect(stdout).toContain('Verdict: induction');
});

test('the record has it with its interval, and nothing else of it changes', async () => {
  const read = async (...args: string[]) => JSON.parse((await succeed(...args, '--json')).stdout);
  const { detectors, ...record } = await read(...audit, mine);
  const plain = await read('audit', induction, '--sequences', '16');
  expect(detectors).toEqual([
    { name: 'before the copy', on: 'repeat', chance: expect.any(Number) },
    { name: 'after, "mine"', on: 'repeat', chance: plain.chance.inductionByContent },
  ]);
  const heads = record.heads.map(
    ({ detectors: own, ...head }: { detectors: Record<string, unknown>; label: string }) => {
      expect(Object.keys(own)).toEqual(['before the copy', 'after, "mine"']);
      if (head.label === 'L1H0')
        expect(own['after, "mine"']).toMatchObject({
          score: { value: expect.closeTo(1, 5), interval: [expect.closeTo(1, 5), expect.closeTo(1, 5)], n: 16 },
          control: { value: expect.any(Number), n: 16 },
        });
      return head;
    },
  );
  expect({ ...record, heads }).toEqual(plain);
});

test('--csv has its columns, and --figures its bars', async () => {
  const { stdout } = await succeed(...audit, mine, '--csv');
  const [header, first] = stdout.split('\n');
  expect(header).toMatch(
    /,positionality,before the copy,before the copy_low,before the copy_high,before the copy_control,"after, ""mine""",/,
  );
  expect(first!.split(',')).toHaveLength(header!.split(',').length - 4); // four names have a comma
  const out = join(folder, 'figures');
  await succeed(...audit, mine, '--figures', out);
  expect(readdirSync(out)).toEqual(expect.arrayContaining(['scores-detector-1.svg', 'scores-detector-2-dark.png']));
  const svg = readFileSync(join(out, 'scores-detector-1.svg'), 'utf8');
  expect(svg).toContain('before the copy, no repeat (control)');
});

test('a module that has none, or one that looks into the future, is refused by its name', async () => {
  const refused = async (file: string, sentence: RegExp): Promise<void> =>
    expectRefusal(await run(...audit, file), sentence);
  await refused(join(folder, 'none.mjs'), /There is no .*none\.mjs; check the path of --detectors/);
  await refused(
    module('empty.mjs', 'export const other = 1;'),
    /empty\.mjs exports no detectors, got undefined; write export/,
  );
  await refused(module('broken.mjs', 'export const detectors = ['), /broken\.mjs could not be loaded: /);
  await refused(module('notes.txt', ''), /notes\.txt is no module by its name/);
  await refused(
    module('future.mjs', "export default { name: 'soon', keys: (tokens, query) => [query + 1] };"),
    /future\.mjs: the detector "soon" looks into the future, at key 1, at query 0 of sequence 0; it must give keys/,
  );
  await refused(
    module('nameless.mjs', 'export default { keys: () => [] };'),
    /nameless\.mjs: detectors\.0\.name is missing/,
  );
});
