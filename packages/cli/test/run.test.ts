// The whole experiment, once, with smaller models: one trained until it has the circuit, the others for some steps only,
// which is enough for everything that is made of a run. run.slow.test.ts has `run --quick` as a newcomer runs it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, parseExperiment, VERDICTS } from '@induction-lab/core/node';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import type { StoryName } from '../src/files/presetNames.ts';
import { loadPreset } from '../src/files/presets.ts';
import { taught } from '../src/report/story.ts';
import { runCommand, storyExperiment } from '../src/work/runCommand.ts';
import { expectNoStackTrace, start } from './support/command.ts';
import {
  countTo,
  filesIn,
  loadAllCheckpoints,
  metrics,
  readJson,
  stepsOf,
  temporaryFolder,
} from './support/folders.ts';
import { printedBy } from './support/inProcess.ts';

const folder = temporaryFolder();
const out = join(folder, 'quick');
const STEPS = { literal: 25, 'literal-1-layer': 25, varied: 25, picture: 150, hub: 25 };
const NAMES = Object.keys(STEPS) as (keyof typeof STEPS)[];

/** A preset with half its heads, half their inputs and half its context. */
function halved(name: keyof typeof STEPS): Experiment {
  const { model, task, training, ...preset } = loadPreset(name);
  const { bos, ...sizes } = model;
  const more = bos === undefined ? 0 : 1;
  return parseExperiment({
    ...preset,
    model: { ...sizes, nHeads: 2, dModel: 32, nCtx: 24 + more, dVocab: 23 + more },
    task: { ...task, ...(task.kind === 'varied' ? { periods: [5, 12] } : { period: 12 }) },
    training: {
      ...training,
      steps: STEPS[name],
      batch: 32,
      warmupSteps: Math.min(20, training.warmupSteps),
      ...(training.competition > 0 ? { competitionSteps: [1, 90] } : {}),
    },
  });
}

describe('run', () => {
  const ended = { stdout: '', stderr: '' };
  let html = '';
  beforeAll(async () => {
    const experiments = Object.fromEntries(NAMES.map((name) => [name, halved(name)])) as Record<StoryName, Experiment>;
    const ran = await printedBy(() => runCommand({ seed: 1, quick: true, experiments, out, csv: true, threads: 2 }));
    Object.assign(ended, ran.printed);
    html = readFileSync(join(out, 'report.html'), 'utf8');
  }, 240_000);

  const verdict = (name: string): string => readJson(out, name, 'analysis.json').verdict as string;

  test('ends with a table of verdicts and the place of the report', () => {
    for (const name of NAMES) {
      expect(ended.stdout).toMatch(new RegExp(`^${name} .*${verdict(name)}$`, 'm'));
      expect(ended.stdout).toContain(`${name}: ${taught(name, verdict(name))}`);
    }
    expect(ended.stdout).toContain(`Report: ${join(out, 'report.html')}`);
    expect(ended.stdout + ended.stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  test('finds the circuit where there was time to learn it, and none elsewhere', () => {
    expect(NAMES.map(verdict)).toEqual(['not learned', 'not learned', 'not learned', 'induction', 'not learned']);
  });

  test('tells the same losses in the table and in the report: means of the last 20 steps', () => {
    for (const name of NAMES) {
      const last = metrics(join(out, name))
        .filter(({ scores }) => scores === undefined)
        .slice(-20) as unknown as Record<'lossFirst' | 'lossRepeat', number>[];
      const mean = (part: 'lossFirst' | 'lossRepeat'): number => last.reduce((sum, step) => sum + step[part], 0) / 20;
      const [first, repeat] = [mean('lossFirst').toFixed(2), mean('lossRepeat').toFixed(3)];
      expect(ended.stdout).toMatch(new RegExp(`^${name} +${first} +${repeat} `, 'm'));
      expect(html).toContain(`It ended at ${repeat} nats on the repeat and ${first} on the first occurrence`);
    }
  });

  test.for(NAMES)('%s: record, metrics, checkpoints, analysis and figures', (name) => {
    const info = readJson(out, name, 'run.json');
    expect(info).toMatchObject({
      schemaVersion: 1,
      name,
      seed: 1,
      status: 'done',
      step: STEPS[name],
      experiment: { name, model: { nHeads: expect.any(Number) }, task: {}, training: { steps: STEPS[name] } },
      backend: expect.stringMatching(/^(relaxed|simd)$/),
      threads: expect.any(Number),
      versions: { inductionLab: expect.any(String), node: process.versions.node },
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      finishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      seconds: expect.any(Number),
    });
    expect(stepsOf(join(out, name))).toEqual(countTo(STEPS[name]));
    expect(
      readFileSync(join(out, name, 'metrics.csv'), 'utf8')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(STEPS[name] + 1);
    expect(loadAllCheckpoints(join(out, name)).length).toBeGreaterThan(10);
    expect(VERDICTS).toContain(verdict(name));
    // biome-ignore lint/suspicious/noExplicitAny: JSON of the command line, checked here
    const analysis: any = readJson(out, name, 'analysis.json');
    expect(analysis).toMatchObject({ evidence: {}, heads: expect.any(Array), proof: { sentence: expect.any(String) } });
    expect(analysis.heads[0]).toHaveProperty('inductionStripe');
    expect(analysis.ablations.heads).toHaveLength(analysis.heads.length);
    // biome-ignore lint/suspicious/noExplicitAny: the same
    const { points, phase }: any = readJson(out, name, 'dynamics.json');
    expect(points.at(-1).step).toBe(STEPS[name]);
    expect(phase.step === null).toBe(verdict(name) !== 'induction');
    const figures = filesIn(join(out, name, 'figures'));
    const kinds = [
      ...[
        'loss',
        'loss-log',
        'scores',
        'loss-by-period',
        'map',
        'patterns',
        'patterns-other-period',
        'patterns-control',
      ],
      ...['ablation', 'logits', 'dynamics', 'stripe-being-born', 'full-ov', 'full-qk'],
      ...(name === 'picture' || name === 'hub' ? [] : ['positional-qk']), // rotary positions are no vectors
      ...(name === 'literal-1-layer' ? [] : ['path-effects', 'path-attribution', 'path-stripes', 'composition']),
      ...(verdict(name) === 'induction' ? ['faithfulness'] : []),
    ];
    const files = kinds.flatMap((kind) => ['.svg', '.png', '-dark.svg', '-dark.png'].map((end) => `${kind}${end}`));
    expect([...figures].sort()).toEqual(files.sort());
    for (const figure of figures) expect(readFileSync(join(out, name, 'figures', figure)).length).toBeGreaterThan(1000);
  });

  test('analysis.json has all runs', () => {
    const analysis = readJson(out, 'analysis.json') as { runs: { name: string; verdict: string }[] };
    expect(analysis.runs.map((r) => [r.name, r.verdict])).toEqual(NAMES.map((name) => [name, verdict(name)]));
  });

  test('leaves nothing half written', () => {
    expect(filesIn(out).filter((path) => path.includes('.tmp'))).toEqual([]);
  });

  describe('report.html', () => {
    type Page = ReturnType<typeof parseHTML>['document'];
    let page: Page;
    beforeAll(() => {
      page = parseHTML(html).document;
    });
    const all = (selector: string): Element[] => [...page.querySelectorAll(selector)] as unknown as Element[];

    test('is one file that asks for nothing else', () => {
      for (const element of all('*'))
        for (const { name, value } of [...element.attributes])
          if (/^(src|srcset|href|xlink:href|data|poster|action)$/.test(name) && element.localName !== 'a')
            expect(value, `${element.localName} ${name}`).toMatch(/^(data:|#)/);
      expect(all('link, iframe, object, embed, script[src], base, meta[http-equiv]')).toEqual([]);
      for (const style of all('style, [style]'))
        expect(style.textContent + (style.getAttribute('style') ?? '')).not.toMatch(/@import|url\((?!["']?(data:|#))/);
      for (const script of all('script:not([type])'))
        expect(script.textContent).not.toMatch(/fetch\(|import\(|https?:/);
    });

    test('names every run with its verdict and sentence', () => {
      const text = page.querySelector('main')!.textContent!;
      const boxes = all('.verdict').map((box) => box.textContent!);
      for (const name of NAMES) {
        expect(text).toContain(name);
        const box = boxes.find((content) => content.startsWith(`${name}: ${verdict(name)}`));
        expect(box).toContain(readJson(out, name, 'analysis.json').sentence);
        const { proof } = readJson(out, name, 'analysis.json') as unknown as { proof: { sentence: string } };
        expect(page.querySelector('#proof')!.textContent).toContain(proof.sentence);
      }
      expect(page.documentElement.textContent).not.toMatch(/\bundefined\b|\bNaN\b|\[object/);
    });

    test('shows on its first screen every run with its curve, two patterns, verdict and lesson', () => {
      const acts = all('#picture .act');
      expect(acts.map((act) => act.querySelector('h3')!.textContent)).toEqual(NAMES);
      acts.forEach((act, i) => {
        const name = NAMES[i]!;
        expect(act.querySelector('.said')!.textContent).toBe(verdict(name));
        expect(act.querySelector('.lesson')!.textContent).toBe(taught(name, verdict(name)));
        expect(act.querySelectorAll('figure')).toHaveLength(2);
        expect(act.querySelectorAll('image.pattern')).toHaveLength(2);
      });
      expect(acts[3]!.textContent).toContain('Six heads are deleted by a pressure');
      expect(page.querySelector('main section:last-of-type')!.id).toBe('hyper-parameters');
    });

    test('gives every figure a text alternative', () => {
      const figures = all('figure');
      expect(figures.length).toBeGreaterThanOrEqual(5 * 7);
      for (const figure of figures) {
        const svg = figure.querySelector('svg')!;
        expect(svg.getAttribute('role')).toBe('img');
        const title = svg.getAttribute('aria-label') ?? svg.querySelector('title')?.textContent ?? '';
        expect(title.length, figure.id).toBeGreaterThan(15);
      }
      for (const image of all('img')) expect(image.getAttribute('alt')).toBeTruthy();
    });

    test('is well formed: a language, one heading, links that lead somewhere, ids that are unique', () => {
      expect(page.documentElement.getAttribute('lang')).toBe('en');
      expect(page.querySelector('title')!.textContent).toBeTruthy();
      expect(all('h1')).toHaveLength(1);
      const ids = all('[id]').map(({ id }) => id);
      expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
      for (const link of all('a[href^="#"]')) expect(ids).toContain(link.getAttribute('href')!.slice(1));
      const data = JSON.parse(page.getElementById('patterns')!.textContent!) as { figures: Record<string, unknown> };
      for (const id of Object.keys(data.figures)) expect(ids).toContain(id);
    });
  });
});

test('--mlp gives every training of the story an MLP, and changes nothing else', () => {
  for (const name of NAMES) {
    const [plain, wide] = [storyExperiment(name, {}), storyExperiment(name, { mlp: 256 })];
    expect(wide.model).toEqual({ ...plain.model, dMlp: 256, actFn: 'gelu' });
    const decayed = [...plain.training.decayed, '*.mlp.*'];
    expect(wide).toMatchObject({ task: plain.task, training: { ...plain.training, decayed } });
  }
});

test('run interrupted by Ctrl-C saves the model under way and says how to go on with it', async () => {
  const stopped = join(folder, 'stopped');
  const { child, ended } = start(['run', '--quick', '--out', stopped]);
  child.stderr!.on('data', (text: string) => {
    if (text.includes('step 25/')) child.kill('SIGINT');
  });
  const result = await ended;
  expect(result.code, result.stderr).toBe(130);
  expectNoStackTrace(result);
  expect(result.stderr).toContain(
    `Go on with this model: npx induction-lab train --resume ${join(stopped, 'literal')}`,
  );
  expect(readJson(stopped, 'literal', 'run.json').status).toBe('stopped');
  expect(existsSync(join(stopped, 'report.html'))).toBe(false);
});
