// Commands on prompts of a file: what they measure, how they name it, and what they refuse.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefusal } from './support/command.ts';
import { temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction } from './support/models.ts';

const folder = temporaryFolder();
const model = writeInduction(join(folder, 'induction.safetensors'), { dVocab: 17, nCtx: 20 });
/** "… a b … a" asks for b; in the twin the earlier a is 16. */
const PROMPTS = [
  [1, 3, 5, 8, 3],
  [4, 2, 7, 6, 0, 2],
  [6, 8, 2, 1, 8],
  [5, 1, 4, 7, 3, 1],
  [2, 10, 3, 4, 1, 6, 10],
  [7, 5, 6, 2, 8, 1, 5],
].map((tokens) => ({
  tokens,
  queries: [tokens.length - 1],
  answers: [tokens[2]],
  wrong: [tokens[3]],
  corrupted: tokens.map((t, p) => (p === 1 ? 16 : t)),
}));
const file = writeJson(join(folder, 'prompts.json'), PROMPTS);
const on = (...more: string[]): string[] => [model, '--prompts', file, ...more];

// biome-ignore lint/suspicious/noExplicitAny: JSON of the command line, checked by the tests
const json = async (...args: string[]): Promise<any> => JSON.parse((await succeed(...args, '--json')).stdout);

describe('--prompts and --measure', () => {
  test('ablate names the measure, its unit and which way is worse', async () => {
    const record = await json('ablate', ...on('--measure', 'logit-diff'));
    expect(record).toMatchObject({
      prompts: { file: 'prompts.json', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      periods: [],
      seed: null,
      sequences: 6,
      measure: { name: 'logit-diff', unit: 'logits', better: 'higher' },
    });
    expect(record.cleanLoss.value).toBeCloseTo(20, 4);
    expect(record.heads[0].increase.value).toBeCloseTo(-20, 4);
    const { stdout } = await succeed('ablate', ...on('--measure', 'logit-diff'));
    expect(stdout).toContain('zero ablation on 6 given prompts\nclean logit difference 20.000 logits');
    expect(stdout).toMatch(/change, logits: of\s+the logit difference; below 0 is worse/);
  });

  test('patch restores from the twins; compose and evaluate find the edge; audit scores heads without a verdict', async () => {
    const patched = await json('patch', ...on('--measure', 'probability'));
    expect(patched).toMatchObject({ corruption: 'given prompts', queries: null, measure: { unit: 'probability' } });
    expect(patched.effects[0]).toMatchObject({ label: 'L0H0', effect: { value: expect.closeTo(1, 5) } });
    const edges = await json('patch', ...on('--measure', 'probability', '--edges'));
    expect(edges).toMatchObject({
      corruption: 'given prompts',
      prompts: { file: 'prompts.json' },
      measure: { unit: 'probability' },
    });
    expect(edges.edges.filter((e: { effect: { value: number } }) => Math.abs(e.effect.value) > 0.01)).toMatchObject([
      { source: 'L0H0', target: 'L1H0', input: 'k', effect: { value: expect.closeTo(1, 5) } },
    ]);
    const { paths } = await json('compose', ...on('--measure', 'logit-diff'));
    const strong = paths.cells.filter((c: { increase: { value: number } }) => Math.abs(c.increase.value) > 1);
    expect(strong).toMatchObject([{ source: 'L0H0', target: 'L1H0', input: 'k' }]);
    for (const command of ['evaluate', 'prove']) {
      const found = await json(command, ...on('--measure', 'logit-diff'));
      expect(found.edges).toEqual([{ source: 'L0H0', target: 'L1H0', input: 'k' }]);
      expect(found).toMatchObject({ verdict: null, selected: { sequences: 3 }, measured: { sequences: 3 } });
      expect(found.faithfulness.kept.value).toBeCloseTo(1, 4);
    }
    const { stdout } = await succeed('audit', ...on('--measure', 'logit-diff'));
    expect(stdout).toContain('6 given prompts: logit difference 20.000 logits');
    expect(stdout).toMatch(/^L0H0 +1\.00/m);
    expect(stdout).toContain('have no meaning on given');
    expect(stdout).not.toMatch(/verdict: /);
  });

  test('without prompts another measure is taken on repeats, the wrong answer being the next token of the block', async () => {
    const { stdout } = await succeed('ablate', model, '--measure', 'logit-diff', '--sequences', '12');
    expect(stdout).toContain('clean logit difference on the repeat 20.000 logits');
    const patched = await json('patch', model, '--measure', 'logit-diff', '--sequences', '6');
    expect(patched.cleanLoss.value).toBeCloseTo(20, 4);
    const evaluated = await succeed('evaluate', model, '--measure', 'probability', '--sequences', '12');
    expect(evaluated.stdout).toContain('of the drop in probability');
    expect(evaluated.stdout).toContain('An induction circuit: L1H0 matches keys that L0H0 built');
  });

  test('evaluate says faithfulness and completeness beside kept and lost', async () => {
    const { stdout } = await succeed('evaluate', ...on());
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'What the circuit keeps is its faithfulness, what is lost without it its completeness.',
    );
  });

  test('figures name measure and unit', async () => {
    for (const command of ['ablate', 'evaluate']) {
      const out = join(folder, `figures-${command}`);
      await succeed(command, ...on('--measure', 'logit-diff', '--figures', out));
    }
    const svg = (path: string): string => readFileSync(join(folder, path), 'utf8');
    expect(svg('figures-ablate/ablation.svg')).toContain('change of the logit difference (logits)');
    expect(svg('figures-evaluate/logits.svg')).toContain('logit of the right token above the wrong one');
  });
});

describe('refused in one sentence', () => {
  const write = (name: string, value: unknown): string => writeJson(join(folder, name), value);
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '[{ "tokens": [1, 2');
  const bare = { tokens: [1, 2, 3] };

  test.for([
    ['ablate', [broken], /broken\.json/],
    ['ablate', [join(folder, 'none.json')], /There is no prompt file at .*none\.json; check the path/],
    ['ablate', [write('object.json', { prompts: [] })], /object\.json must hold an array of prompts, such as \[/],
    ['ablate', [write('empty.json', [])], /empty\.json: prompts must be at least 1 entries long/],
    [
      'ablate',
      [write('typo.json', [{ token: [1] }])],
      /typo\.json: prompts\.0 has an unknown field "token"; the nearest known one is "tokens"/,
    ],
    [
      'ablate',
      [write('outside.json', [bare, { ...bare, queries: [3] }])],
      /outside\.json: sequence 1 has no query 3; its positions are/,
    ],
    [
      'ablate',
      [write('none-asked.json', [{ ...bare, queries: [] }])],
      /sequence 0 has no query, so there is nothing to measure/,
    ],
    [
      'compose',
      [write('vocabulary.json', [{ ...bare, queries: [1], answers: [17] }])],
      /answers of sequence 0 has token 17 at query 1/,
    ],
    [
      'patch',
      [write('twins.json', [{ ...bare, corrupted: [1, 2] }])],
      /sequence 0 has 3 tokens, its corrupted twin 2; use twins of equal length/,
    ],
    ['patch', [write('alone.json', [bare])], /alone\.json: sequence 0 has no corrupted twin to patch into/],
    ['evaluate', [write('few.json', [bare, bare])], /2 prompts leave fewer than two to choose the circuit on/],
    [
      'ablate',
      [write('wrong.json', [bare]), '--measure', 'logit-diff'],
      /wrong\.json: sequence 0 has no wrong answer at query 0/,
    ],
    [
      'ablate',
      [file, '--sequences', '9'],
      /--sequences has no effect with --prompts: the prompts of the file are all that is run/,
    ],
    ['patch', [file, '--period', '4', '--clean', '1 2'], /--period and --clean have no effect with --prompts/],
    ['audit', [file, '--csv'], /--csv has no effect with --prompts/],
    ['patch', [file, '--by-position'], /position by position needs prompts of one length/],
    [
      'ablate',
      [write('odd.json', [bare, bare, { tokens: [1, 2] }]), '--kind', 'resample'],
      /sequence 2 is the only one of 2 tokens/,
    ],
    ['ablate', [file, '--measure', 'accuracy'], /Allowed choices are loss, logit-diff, probability/],
  ] as const)('%s --prompts %j', async ([command, [path, ...more], sentence]) => {
    const ended = await run(command, model, '--prompts', path, ...more);
    expectRefusal(ended, sentence);
  });

  test('a measure where there is nothing to measure by it', async () => {
    expectRefusal(await run('audit', model, '--measure', 'loss'), /--measure has no effect without --prompts/);
    const pair = ['--clean', '1 2 1', '--corrupted', '3 2 1', '--measure', 'logit-diff'];
    expectRefusal(await run('patch', model, ...pair), /--clean and --corrupted name one/);
  });
});
