// docs/python.md: its lines run in their order, Python's and the shell's, and what they leave is what both sides say it is.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { distanceOf } from './compare.ts';
import {
  decodeSafetensors,
  handBuiltInduction,
  loadModel,
  readTokenFile,
  referenceEngine,
  saveModel,
} from './library.ts';

const { python } = (await import(new URL('environment.mjs', import.meta.url).href)) as {
  python(code: string, where: { cwd: string; path?: string }): string;
};
const root = new URL('../../', import.meta.url);
const folder = fileURLToPath(new URL('.cache/bridge/python', root));
const at = (name: string): string => join(folder, name);

/** The page as one program: lines of the shell are run by Python, and everything that it names is told at its end. */
const page = readFileSync(new URL('docs/python.md', root), 'utf8');
const lines = [...page.matchAll(/```(python|sh)\n([\s\S]*?)```/g)].map(([, language, code]) =>
  language === 'python'
    ? code!
    : `import subprocess; subprocess.run(${JSON.stringify(code!.trim())}, shell=True, check=True)\n`,
);
const TOLD = `
print(json.dumps({
    "config": config, "W_Q": weights["blocks.0.attn.W_Q"].tolist(), "pattern": pattern.tolist(), "gradient": gradient.tolist(),
    "verdict": verdict, "heads": len(heads), "trained": json.loads(open(sorted(__import__("glob").glob("runs/*/metrics.jsonl"))[0]).readlines()[-1])["step"],
}))`;

interface Told {
  readonly config: { n_heads: number };
  readonly W_Q: number[][][];
  readonly pattern: number[][][][];
  readonly gradient: number[][][];
  readonly verdict: string;
  readonly heads: number;
  readonly trained: number;
}
let told: Told;

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(at('node_modules/.bin'), { recursive: true });
  symlinkSync(fileURLToPath(new URL('packages/cli/bin/induction-lab.js', root)), at('node_modules/.bin/induction-lab'));
  await saveModel(handBuiltInduction(referenceEngine, { dVocab: 9, nCtx: 12 }), at('model.safetensors'));
  writeFileSync(
    at('mine.json'),
    JSON.stringify({
      ...{ name: 'mine', task: { kind: 'data' }, training: { steps: 3, batch: 2, learningRate: 0.01 } },
      model: {
        nLayers: 1,
        nHeads: 1,
        dModel: 4,
        dHead: 4,
        nCtx: 8,
        dVocab: 9,
        positions: 'standard',
        normalization: 'LN',
      },
    }),
  );
  const said = python([...lines, TOLD].join('\n'), { cwd: folder })
    .trim()
    .split('\n')
    .at(-1)!;
  told = JSON.parse(said) as Told;
}, 3_600_000);

const flat = (x: unknown): number[] => (Array.isArray(x) ? x.flatMap(flat) : [x as number]);

test('Python reads the weights and the config of our file', async () => {
  const model = await loadModel(at('model.safetensors'), { engine: referenceEngine });
  expect(told.config.n_heads).toBe(model.config.nHeads);
  expect(distanceOf(flat(told.W_Q), model.getWeights()['blocks.0.attn.W_Q']!.data, 'W_Q')).toBe(0);
});

test('we read what Python wrote: the model with a head that writes nothing', async () => {
  const [model, edited] = await Promise.all(
    ['model', 'edited'].map((name) => loadModel(at(`${name}.safetensors`), { engine: referenceEngine })),
  );
  expect(edited!.config).toEqual(model!.config);
  const W_O = edited!.getWeights()['blocks.1.attn.W_O']!.data;
  const [off, all] = [W_O.length / model!.config.nHeads, W_O.length];
  expect(W_O.slice(0, off).every((x) => x === 0)).toBe(true);
  expect(W_O.slice(off, all)).toEqual(model!.getWeights()['blocks.1.attn.W_O']!.data.slice(off, all));
});

test('activations and gradients come back as they were computed', async () => {
  const tokens = JSON.parse(readFileSync(at('tokens.json'), 'utf8')) as number[][];
  const model = await loadModel(at('model.safetensors'), { engine: referenceEngine });
  const { cache } = model.runWithCache(tokens);
  expect(distanceOf(flat(told.pattern), cache.get('blocks.1.attn.hook_pattern').data, 'pattern')).toBeLessThan(2e-5);
  const { gradients } = model.runWithGradients(tokens);
  expect(distanceOf(flat(told.gradient), gradients['blocks.0.attn.W_Q']!.data, 'gradient')).toBeLessThan(2e-5);
});

test('a record of JSON, and a run on tokens of Python', () => {
  expect(told.verdict).toBe('induction');
  expect(told.heads).toBe(4);
  expect(told.trained).toBe(3);
  const { tensors } = decodeSafetensors(readFileSync(at('cache.safetensors')), 'cache');
  expect(tensors.logits!.shape).toEqual([2, 8, 9]);
  expect(existsSync(at('tokens.bin'))).toBe(true);
  expect(readTokenFile(readFileSync(at('tokens.bin')), { name: 'tokens.bin', nCtx: 8 })).toBeDefined();
});
