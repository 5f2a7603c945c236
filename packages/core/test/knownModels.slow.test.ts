// The verdict on every known model and on trained ones of the presets, as a table by kind in docs/results.md.
import { expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import type { Model } from '../src/model/model.ts';
import { loadEngine } from '../src/node.ts';
import { KNOWN_MODELS, type KnownModel, wrongAbout } from './support/knownModels.ts';
import { writeResults } from './support/results.ts';
import { trainedPreset } from './support/trainedPreset.ts';

const engine = await loadEngine();

/** Presets whose verdict their task leaves no doubt about. */
const PRESETS = [
  { name: 'literal', steps: 1000, verdict: 'positional shortcut' },
  { name: 'literal-1-layer', steps: 1000, verdict: 'positional shortcut' },
  { name: 'varied', steps: 800, verdict: 'induction' },
  { name: 'two-heads', steps: 600, verdict: 'induction' },
] as const;

test('the verdict is right on models whose answer is known', async () => {
  const results: { model: KnownModel; wrong: string | null; close: boolean }[] = [];
  const judge = (model: KnownModel, built: Model): void => {
    const record = audit(built, { sequences: 16, ...model.options });
    results.push({ model, wrong: wrongAbout(model, record), close: record.evidence.close });
  };
  for (const model of KNOWN_MODELS) judge(model, model.build(engine));
  for (const { name, steps, verdict } of PRESETS)
    for (const seed of [201, 202]) {
      const build = (): never => {
        throw new Error('trained below');
      };
      judge(
        { kind: `trained: ${name}`, name: `seed ${seed}`, verdict, build },
        await trainedPreset(name, { steps, seed }),
      );
    }
  const kinds = [...new Set(results.map(({ model }) => model.kind))];
  const rows = kinds.map((kind) => {
    const all = results.filter(({ model }) => model.kind === kind);
    const missed = all.filter(({ wrong }) => wrong !== null);
    const verdicts = [...new Set(all.map(({ model }) => model.verdict))].join(', ');
    const misses = missed.map(({ model, wrong }) => `${model.name}: ${wrong}`).join('; ') || '–';
    return `| ${kind} | ${verdicts} | ${all.length - missed.length} of ${all.length} | ${misses} |`;
  });
  const right = results.filter(({ wrong }) => wrong === null).length;
  writeResults('known-models', [
    '| kind | known answer | right | missed |',
    '|---|---|---|---|',
    ...rows,
    `| all ${kinds.length} kinds | | ${right} of ${results.length} | |`,
  ]);
  expect(
    results.filter(({ wrong }) => wrong !== null).map(({ model, wrong }) => `${model.kind}: ${model.name}: ${wrong}`),
  ).toEqual([]);
});
