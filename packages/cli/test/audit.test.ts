// `audit` on models whose circuit was written down by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERDICTS } from '@induction-lab/core/node';
import { expect, test } from 'vitest';
import { expectRefusal } from './support/command.ts';
import { filesIn, temporaryFolder, withHeader, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction, writePositionalCopier, writeSmallModel } from './support/models.ts';

const folder = temporaryFolder();
const induction = writeInduction(join(folder, 'induction.safetensors'));
const misnamedInduction = writeInduction(join(folder, 'positional-shortcut-not-learned.safetensors'));
const withStart = writeInduction(join(folder, 'start.safetensors'), { dVocab: 31, nCtx: 26, bos: 30 });
const copier = writePositionalCopier(join(folder, 'model.safetensors'));
const misnamedCopier = writePositionalCopier(join(folder, 'induction-varied.safetensors'));
const blank = writeSmallModel(join(folder, 'blank.safetensors'));

interface AuditJson {
  readonly verdict: string;
  readonly sentence: string;
  readonly schemaVersion: number;
  readonly checkpoint: { readonly file: string; readonly sha256: string };
  readonly evidence: { readonly periods: readonly unknown[]; readonly solved: readonly number[] };
  readonly heads: readonly { readonly label: string }[];
  readonly followers: readonly string[];
  readonly positionalHeads: readonly string[];
}

const auditJson = async (...args: string[]): Promise<AuditJson> =>
  JSON.parse((await succeed('audit', ...args, '--json', '--sequences', '16')).stdout);

test('a start token, of the file or given by --bos, stands in front of what is measured', async () => {
  const [given, own] = [await auditJson(induction, '--bos', '30'), await auditJson(withStart)];
  expect(own).toMatchObject({ bos: 30, verdict: 'induction', evidence: { lnVocab: Math.log(30) } });
  expect({ ...given, checkpoint: 0 }).toEqual({ ...own, checkpoint: 0 });
  expect('bos' in (await auditJson(induction))).toBe(false);
  const { stdout } = await succeed('audit', withStart, '--sequences', '16');
  expect(stdout).toMatch(/start\.safetensors, with its start token 30 in front\n/);
});

test('a start token that the model does not have is refused', async () => {
  expectRefusal(
    await run('audit', induction, '--bos', '31'),
    /--bos 31 is no token of .*induction\.safetensors, which has 0 to 30/,
  );
  expectRefusal(await run('audit', induction, '--bos', '-1'), /--bos/);
});

test('any number of threads prints the same record', async () => {
  const printed = async (threads: number): Promise<string> =>
    (await succeed('audit', induction, '--json', '--sequences', '16', '--threads', String(threads))).stdout;
  expect(await printed(3)).toBe(await printed(1));
});

test.for([
  [induction, 'induction', ['L1H0'], []],
  [misnamedInduction, 'induction', ['L1H0'], []],
  [copier, 'positional shortcut', [], ['L0H0']],
  [misnamedCopier, 'positional shortcut', [], ['L0H0']],
  [blank, 'not learned', [], []],
] as const)('--json of %s: %s, whatever the file is called', async ([path, verdict, followers, positionalHeads]) => {
  const record = await auditJson(path);
  expect(VERDICTS).toContain(record.verdict);
  expect(record).toMatchObject({ schemaVersion: 1, verdict, followers, positionalHeads });
  expect(record.sentence.length).toBeGreaterThan(20);
  expect(record.evidence.periods.length).toBeGreaterThan(5);
  expect(record.heads.length).toBeGreaterThan(0);
  for (const head of record.heads)
    for (const score of ['previousToken', 'inductionStripe', 'prefixMatching', 'inductionExcess'])
      expect(head, head.label).toMatchObject({
        [score]: { value: expect.any(Number), interval: [expect.any(Number), expect.any(Number)] },
      });
});

test('the text has every head, every period, and ends with the verdict and its reason', async () => {
  const { stdout, stderr } = await succeed('audit', induction, '--sequences', '16');
  expect(stderr).toBe('');
  for (const label of ['L0H0', 'L0H1', 'L1H0', 'L1H1']) expect(stdout).toMatch(new RegExp(`^${label} +[\\d.]+ `, 'm'));
  expect(stdout).toMatch(/^Verdict: induction\nPlaces are solved by content.*\n$/m);
  expect(stdout).not.toMatch(/NaN|undefined|\p{Cc}(?<!\n)/u);
  expect((await succeed('audit', misnamedCopier, '--sequences', '16')).stdout).toMatch(
    /^Verdict: positional shortcut$/m,
  );
});

test('tokens that were never trained are not drawn, and what sequences begin with is told', async () => {
  const tokens = join(folder, 'tokens.jsonl');
  writeFileSync(tokens, '[3, 5, 7, 9, 11]\n[2, 4, 6, 8, 10, 12, 13, 14, 15, 16, 17]\n');
  const mapOf = async (...options: string[]): Promise<{ tokens: number; prefix: number[] }> =>
    JSON.parse((await succeed('audit', induction, '--json', '--sequences', '8', ...options)).stdout).map;
  const all = (await mapOf()).tokens;
  expect(await mapOf('--exclude-tokens', '0,2-4')).toMatchObject({ tokens: all - 4, prefix: [] });
  expect(await mapOf('--tokens-from', '3')).toMatchObject({ tokens: all - 3 });
  expect(await mapOf('--tokens-from', tokens)).toMatchObject({ tokens: 16 });
  expect(await mapOf('--bos', '1', '--prefix', '5')).toMatchObject({ tokens: all - 2, prefix: [1, 5] });
  expectRefusal(
    await run('audit', induction, '--prefix', '999'),
    /--prefix names 999, which is no token of .*induction\.safetensors, which has 0 to 30; leave it out/,
  );
  expectRefusal(await run('audit', induction, '--exclude-tokens', '5-2'), /5-2 is no range of tokens/);
  expectRefusal(await run('audit', induction, '--bos', '-1'), /--bos/);
  expectRefusal(
    await run('audit', induction, '--exclude-tokens', '40'),
    /--exclude-tokens names 40, which is no token of .*induction\.safetensors/,
  );
});

test('what sequences begin with, and what is not drawn, holds for every analysis, and is said', async () => {
  const given = ['--prefix', '5', '--exclude-tokens', '7-9', '--quiet'];
  const few = ['--sequences', '8', '--json'];
  const jsonOf = async (command: string): Promise<object> =>
    JSON.parse((await succeed(command, induction, ...given, ...few)).stdout);
  for (const command of ['audit', 'evaluate', 'ablate'])
    expect(await jsonOf(command)).toMatchObject({ prefix: [5], excludeTokens: [7, 8, 9] });
  const { stdout } = await succeed('ablate', induction, ...given, '--sequences', '8');
  expect(stdout).toMatch(/^.*induction\.safetensors, with 5 in front\n/);
  const prompts = join(folder, 'prompts.json');
  writeFileSync(prompts, '[{ "tokens": [3, 1, 3] }]');
  expectRefusal(
    await run('audit', induction, '--prompts', prompts, ...given),
    /--prefix and --exclude-tokens have no effect with --prompts/,
  );
});

test('a context below eight has what can be said, and what the weights say', async () => {
  const short = writeInduction(join(folder, 'short.safetensors'), { dVocab: 9, nCtx: 6 });
  const { stdout } = await succeed('audit', short, '--sequences', '8', '--quiet');
  expect(stdout).toMatch(/What the weights say of each head[\s\S]*L1H0 +1\.00 +1\.00/);
  expect(stdout).toMatch(/Not tested: periods other than 3[^\n]*prefix matching: four copies of a block of two/);
  expect(stdout).toMatch(/Verdict: induction/);
  const none = writeInduction(join(folder, 'three.safetensors'), { dVocab: 9, nCtx: 3 });
  const { stdout: three } = await succeed('audit', none, '--sequences', '8', '--quiet');
  expect(three).toMatch(/Nothing of a repeat can be told: 3 tokens/);
  expect(three).not.toMatch(/NaN|Infinity|undefined/);
});

test('the same seed gives the same record, byte for byte', async () => {
  const [one, two] = await Promise.all(
    [0, 0].map(() => succeed('audit', induction, '--json', '--seed', '3', '--sequences', '16')),
  );
  expect(one!.stdout).toBe(two!.stdout);
});

test('--csv has a row per head', async () => {
  const { stdout } = await succeed('audit', induction, '--csv', '--sequences', '16');
  const [header, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  expect(header!.slice(0, 2)).toEqual(['head', 'previousToken']);
  expect(rows.map((row) => row[0])).toEqual(['L0H0', 'L0H1', 'L1H0', 'L1H1']);
  for (const row of rows) expect(row).toHaveLength(header!.length);
});

test('--figures writes every figure as SVG and PNG, light and dark', async () => {
  const out = join(folder, 'deep', 'figures');
  await succeed('audit', induction, '--figures', out, '--sequences', '16');
  const names = ['scores', 'loss-by-period', 'map', 'patterns', 'patterns-other-period', 'patterns-control'];
  expect(filesIn(out)).toEqual(names.flatMap((n) => [`${n}.svg`, `${n}.png`, `${n}-dark.svg`, `${n}-dark.png`]).sort());
  for (const name of names) {
    const [light, dark] = ['', '-dark'].map((ending) => readFileSync(join(out, `${name}${ending}.svg`), 'utf8')) as [
      string,
      string,
    ];
    expect(light).toMatch(/^<svg [\s\S]*<title>[^<]{10,}[\s\S]*<\/svg>\s*$/);
    expect(dark).not.toBe(light);
    for (const ending of ['', '-dark']) {
      const png = readFileSync(join(out, `${name}${ending}.png`));
      expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
      expect(png.readUInt32BE(16)).toBeGreaterThan(400); // width
      expect(png.length).toBeGreaterThan(2000);
    }
  }
});

test('--model-config gives a file without a config the same verdict and scores', async () => {
  let config = '';
  const stripped = withHeader(new Uint8Array(readFileSync(induction)), (header) => {
    config = header.__metadata__.config as string;
    return { ...header, __metadata__: undefined };
  });
  const path = join(folder, 'stripped.safetensors');
  writeFileSync(path, stripped);
  const json = writeJson(join(folder, 'config.json'), JSON.parse(config));
  const [one, other] = [await auditJson(path, '--model-config', json), await auditJson(induction)];
  expect(one.checkpoint.sha256).not.toBe(other.checkpoint.sha256);
  expect({ ...one, checkpoint: null }).toEqual({ ...other, checkpoint: null });
});

test('figures are not written over others, and two formats at once are refused', async () => {
  const figures = join(folder, 'taken');
  await succeed('audit', copier, '--sequences', '8', '--figures', figures);
  const before = filesIn(figures);
  expectRefusal(
    await run('audit', copier, '--sequences', '8', '--figures', figures),
    /is not empty; choose another --figures/,
  );
  expect(filesIn(figures)).toEqual(before);
  expect((await run('audit', copier, '--json', '--csv')).code).toBe(2);
});
