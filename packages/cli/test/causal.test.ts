// The commands of causal analysis on models whose circuit was written down by hand.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPreset } from '../src/files/presets.ts';
import { diversityCommand } from '../src/work/diversityCommand.ts';
import { expectRefusal } from './support/command.ts';
import { writeExperiment } from './support/experiment.ts';
import { temporaryFolder } from './support/folders.ts';
import { printedBy, run, succeed } from './support/inProcess.ts';
import { writeHub, writeInduction, writePositionalCopier } from './support/models.ts';

const folder = temporaryFolder();
const induction = writeInduction(join(folder, 'induction.safetensors'));
const copier = writePositionalCopier(join(folder, 'copier.safetensors'));
const hub = writeHub(join(folder, 'hub.safetensors'));

// biome-ignore lint/suspicious/noExplicitAny: JSON of the command line, checked by the tests
const json = async (...args: string[]): Promise<any> => JSON.parse((await succeed(...args, '--json')).stdout);

describe('prove', () => {
  test('names heads and edge of the induction circuit, and measures that it is all there is', async () => {
    const proof = await json('prove', induction, '--sequences', '24');
    expect(proof).toMatchObject({ schemaVersion: 1, verdict: 'induction', kind: 'induction' });
    expect(proof.edges).toEqual([{ source: 'L0H0', target: 'L1H0', input: 'k' }]);
    expect(proof.faithfulness.kept.value).toBeCloseTo(1, 3);
    expect(proof.faithfulness.lost.value).toBeCloseTo(1, 3);
  });

  test('finds the pair hub by its V path', async () => {
    const { stdout } = await succeed('prove', hub, '--sequences', '24');
    expect(stdout).toContain('A pair hub, not an induction circuit: L1H0 reads values that L0H0 and L0H1 gathered');
    expect(stdout).toMatch(/^V +\+\d\.\d\d +\[.*part of the circuit$/m);
  });

  test('says of a positional copier that there is no such circuit', async () => {
    const { stdout } = await succeed('prove', copier, '--sequences', '24');
    expect(stdout).toContain('There is no induction circuit: L0H0 looks a fixed distance back');
  });
});

describe('patch', () => {
  test('only the key’s position of the previous-token head and the query of the induction head restore a changed match', async () => {
    const record = await json('patch', induction, '--period', '8', '--by-position', '--sequences', '8');
    const restored = record.effects
      .filter(
        (e: { position: number | null; effect: { value: number } }) => e.position !== null && e.effect.value > 0.01,
      )
      .map((e: { label: string; position: number }) => [e.label, e.position]);
    expect(restored).toEqual([
      ['L0H0', 5],
      ['L1H0', 12],
    ]); // the query is 8 + 4, the changed token at 4, so that its successor, 5, is the key
  });

  test('says that a changed match does nothing to a positional copier', async () => {
    expect((await succeed('patch', copier)).stdout).toContain('there is nothing to restore');
  });

  test('--edges restores a changed match by the one edge that carries it, and says so', async () => {
    const args = ['patch', induction, '--edges', '--period', '8', '--sequences', '8'];
    const record = await json(...args);
    expect(record).toMatchObject({ corruption: 'change-match', period: 8, sequences: 8, queries: [12, 13] });
    const strong = record.edges.filter((e: { effect: { value: number } }) => Math.abs(e.effect.value) > 0.01);
    expect(strong).toMatchObject([{ source: 'L0H0', target: 'L1H0', input: 'k' }]);
    expect(strong[0].effect.value).toBeCloseTo(1, 3);
    const { stdout } = await succeed(...args);
    expect(stdout).toContain('change-match, period 8, 8 sequences, measured at query 12');
    expect(stdout).toMatch(/^L0H0 → L1H0 K +\+1\.00 +\[.*\+0\.00$/m);
    expect(stdout).toMatch(/^all → L1H0 K +\+1\.00 +\[.*–$/m);
    for (const line of stdout.split('\n').slice(4)) expect([...line].length, line).toBeLessThanOrEqual(80);
    expect((await succeed('patch', copier, '--edges', '--corruption', 'break-repeat')).stdout).toContain(
      'A model of one layer has no edges between heads.',
    );
  });

  test('--integration-steps sets integrated gradients beside first order, which overshoots at a softmax that lets go', async () => {
    const hook = 'blocks.1.attn.hook_attn_scores';
    const args = ['patch', induction, '--period', '8', '--sequences', '8', '--hook', hook, '--integration-steps', '32'];
    const record = await json(...args);
    expect(record.integrationSteps).toBe(32);
    const [head] = record.effects;
    expect(head).toMatchObject({ label: 'L1H0', effect: { value: expect.closeTo(1, 3) } });
    expect(head.attributed).toBeGreaterThan(10);
    expect(Math.abs(head.integrated - 1)).toBeLessThan(0.2);
    expect(record.joint).toMatchObject([{ hook, label: 'L1', effect: { value: expect.closeTo(1, 3) } }]);
    const { stdout } = await succeed(...args);
    expect(stdout).toMatch(/integr\./);
    expect(stdout).toMatch(/^all L1 +all +\+1\.00/m);
  });

  test('takes a pair of prompts', async () => {
    const { stdout } = await succeed('patch', induction, '--clean', '7 3 9 7 3', '--corrupted', '5,3,9,7,3');
    expect(stdout).toMatch(/given prompts, measured at the last token[\s\S]*^L0H0 +all +\+1\.00/m);
  });

  test.for([
    [
      ['--clean', '1 2 3', '--corrupted', '1 2'],
      /clean prompt has 3 tokens, the corrupted one 2; use prompts of equal length/,
    ],
    [['--clean', '1 2 3'], /give both/],
    [['--clean', '1 two 3', '--corrupted', '1 2 3'], /--clean must be tokens as whole numbers/],
    [['--clean', '1 2 999', '--corrupted', '1 2 3'], /tokens are whole numbers from 0 to/],
    [['--hook', 'blocks.0.attn.hook_zz'], /no hook point "blocks\.0\.attn\.hook_zz"; the nearest are .*hook_z"/],
    [['--hook', 'blocks.7.attn.hook_z'], /no hook point/],
    [['--period', '400'], /--period 400 is too long.*at most/],
    [['--integration-steps', '0'], /It must be a whole number, 1 or more/],
    [['--edges', '--by-position', '--hook', '*'], /--hook and --by-position have no effect with --edges/],
    [['--edges', '--integration-steps', '4'], /--integration-steps has no effect with --edges/],
    [['--edges', '--clean', '1 2 3', '--corrupted', '1 2'], /clean prompt has 3 tokens, the corrupted one 2/],
    [['--corruption', 'noise'], /Allowed choices are break-repeat, change-match, shift-block/],
  ] as const)('refuses %j', async ([args, sentence]) => {
    expectRefusal(await run('patch', induction, ...args), sentence);
  });
});

test('compose sets each path’s measured effect beside its score, and says what does not apply to one layer', async () => {
  const { paths } = await json('compose', induction, '--sequences', '12');
  const effect = (input: string): number =>
    paths.cells.find(
      (c: { source: string; target: string; input: string }) =>
        c.source === 'L0H0' && c.target === 'L1H0' && c.input === input,
    ).increase.value;
  expect(effect('k')).toBeGreaterThan(1);
  expect(effect('q')).toBeCloseTo(0, 4);
  expect(effect('v')).toBeCloseTo(0, 4);
  expect((await succeed('compose', copier)).stdout).toContain('A model of one layer has no paths');
});

test('compose --integration-steps sets integrated gradients beside first order, and their sums beside the joint effects', async () => {
  const args = ['compose', induction, '--sequences', '12', '--integration-steps', '16'];
  const { paths } = await json(...args);
  const keys = paths.cells.find(
    (c: { source: string; target: string; input: string }) => `${c.source} ${c.target} ${c.input}` === 'L0H0 L1H0 k',
  );
  expect(paths.integrationSteps).toBe(16);
  expect(keys.attributed.value).toBeCloseTo(0, 6);
  expect(keys.integrated.value).toBeGreaterThan(0.5);
  const { stdout } = await succeed(...args);
  expect(stdout).toMatch(/K integr\./);
  expect(stdout).toMatch(/at "all", their sum/);
  expectRefusal(await run('compose', induction, '--integration-steps', '0'), /It must be a whole number, 1 or more/);
});

describe('--figures', () => {
  test.for([
    ['ablate', ['ablation']],
    ['prove', ['faithfulness', 'logits']],
    ['patch', ['patching']],
    ['patch --edges', ['path-patching']],
    [
      'compose',
      ['composition', 'full-ov', 'full-qk', 'path-attribution', 'path-effects', 'path-stripes', 'positional-qk'],
    ],
    [
      'compose --integration-steps 2',
      [
        ...['composition', 'full-ov', 'full-qk', 'path-attribution', 'path-effects'],
        ...['path-integrated-gradients', 'path-stripes', 'positional-qk'],
      ],
    ],
  ] as const)('%s draws %j as SVG and PNG, light and dark', async ([command, names]) => {
    const out = join(folder, `figures-${command}`);
    await succeed(...command.split(' '), induction, '--figures', out, '--sequences', '12');
    const expected = names.flatMap((name) => ['.svg', '.png', '-dark.svg', '-dark.png'].map((end) => `${name}${end}`));
    expect(readdirSync(out).sort()).toEqual(expected.sort());
    for (const file of expected.filter((f) => f.endsWith('.svg')))
      expect(readFileSync(join(out, file), 'utf8')).toMatch(/<title>[^<]*model/);
  });

  test('a folder that is not empty is refused before anything is measured', async () => {
    expectRefusal(await run('prove', induction, '--figures', folder), /is not empty; choose another --figures/);
  });
});

describe('dynamics', () => {
  const out = join(folder, 'run');
  const figures = join(folder, 'dynamics');

  test('measures the checkpoints of a run, and says whether there was a phase change', async () => {
    const oneLayer = writeExperiment(folder, { model: { nLayers: 1 }, training: { steps: 60 } });
    await succeed('train', '--config', oneLayer, '--out', out, '--quiet', '--checkpoint-every', '20');
    expect(readdirSync(join(out, 'checkpoints'))).toContain('step-000040.safetensors');
    const record = await json('dynamics', out, '--checkpoints', '4', '--sequences', '4', '--figures', figures);
    expect(record.points).toHaveLength(4);
    expect(record.points.at(-1).step).toBe(60);
    expect(record.points[0].pathEffects).toBeNull();
    expect(record.phase).toMatchObject({ step: null, previousTokenHead: null });
    expect(existsSync(join(figures, 'dynamics.png'))).toBe(true);
    expect(existsSync(join(figures, 'stripe-being-born-dark.svg'))).toBe(true);
    const { stdout } = await succeed('dynamics', out, '--checkpoints', '3', '--sequences', '4');
    expect(stdout).toContain('No phase change');
  });

  test('refuses a folder without a run, and a run without checkpoints', async () => {
    expectRefusal(await run('dynamics', folder), /holds no run \(no run\.json\)/);
    rmSync(join(out, 'checkpoints'), { recursive: true });
    expectRefusal(await run('dynamics', out), /holds no checkpoints; dynamics needs two or more/);
  });
});

describe('train --clamp', () => {
  test('keeps an ablated head silent in every checkpoint from its step on', async () => {
    const out = join(folder, 'clamped');
    const config = writeExperiment(folder, { training: { steps: 6, warmupSteps: 0 } });
    await succeed('train', '--config', config, '--out', out, '--quiet', '--clamp', 'L0H1:ablate@4');
    const silent = async (step: number): Promise<boolean> => {
      const file = join(out, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
      const { heads } = await json('compose', file, '--sequences', '6');
      return heads.find((h: { label: string }) => h.label === 'L0H1').copying === 0;
    };
    expect([await silent(2), await silent(6)]).toEqual([false, true]);
    expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')).experiment.training.clamps).toEqual([
      { kind: 'ablate', layer: 0, head: 1, fromStep: 4 },
    ]);
  });

  test.for([
    ['L0H1', /It must look like L0H1:ablate@100/],
    ['L0H1:melt@3', /It must look like/],
    ['L5H0:ablate@3', /training\.clamps names L5H0; this model has heads L0H0 to L1H3/],
  ] as const)('refuses %s', async ([clamp, sentence]) => {
    const ended = await run('train', '--preset', 'literal', '--clamp', clamp, '--out', join(folder, 'none'));
    expectRefusal(ended, sentence);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});

test('diversity trains every setting of a sweep and draws every run as a dot', async () => {
  const out = join(folder, 'diversity');
  const varied = loadPreset('varied');
  const model = { ...varied.model, nHeads: 2, dModel: 12, dVocab: 23 };
  const experiment = { ...varied, model, training: { ...varied.training, batch: 6 } };
  const options = { sweep: 'width', seeds: 1, steps: 60, threads: 1, out, quiet: true, experiment } as const;
  const { printed } = await printedBy(() => diversityCommand(options));
  const runs = readFileSync(join(out, 'runs.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(runs.map((r) => r.setting)).toEqual(['25 only', '24–25', '23–25', '21–25', '17–25', '10–25']);
  expect(runs.every((r) => r.verdict === 'not learned')).toBe(true); // 60 steps are too few for anything
  expect(readdirSync(join(out, 'figures'))).toContain('diversity-width.svg');
  expect(readdirSync(join(out, 'figures'))).not.toContain('diversity-share.svg');
  expect(printed.stdout).toContain('not learned 1 of 1');
  expect((await succeed('sweep', 'status', out)).stdout).toContain('diversity: 6 of 6 runs done'); // it is one
});
