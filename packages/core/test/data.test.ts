// Data that users give: modules and files, in one thread and in several, stopped and resumed; and every mistake's sentence.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  DataError,
  type DataModule,
  type Experiment,
  encodeSafetensors,
  loadData,
  loadEngine,
  parseExperiment,
  readTokenFile,
  type StepRecord,
  startInline,
  startWorkers,
  type TrainingData,
  type TrainingState,
  train,
  trainOnTask,
} from '../src/node.ts';
import { tableData } from '../src/training/data/tableSource.ts';
import { sourceOf } from '../src/training/sourceOf.ts';
import { hashWeights } from './support/hash.ts';

const engine = await loadEngine({ exact: true });
const folder = mkdtempSync(join(tmpdir(), 'induction-lab-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NCTX = 14;
const experimentWith = (training: object = {}): Experiment =>
  parseExperiment({
    name: 'given',
    model: {
      nLayers: 2,
      nHeads: 2,
      dModel: 14,
      dHead: 6,
      nCtx: NCTX,
      dVocab: 18,
      positions: 'shortformer',
      normalization: 'LN',
    },
    task: { kind: 'data' },
    training: { steps: 24, batch: 5, learningRate: 0.01, ...training },
  });
const experiment = experimentWith();
const RECALL = fileURLToPath(new URL('data/recall.mjs', import.meta.url));

interface Trained {
  readonly hash: string;
  readonly records: readonly StepRecord[];
  readonly states: Readonly<Record<number, TrainingState>>;
}

async function trained(
  data: TrainingData,
  options: { threads?: number; experiment?: Experiment; resume?: TrainingState; seed?: number } = {},
): Promise<Trained> {
  const { threads = 1, resume, seed = 3, experiment: of = experiment } = options;
  const records: StepRecord[] = [];
  const states: Record<number, TrainingState> = {};
  const { weights } = await train({
    ...{ engine, experiment: of, seed, threads, data },
    startPool: threads === 1 ? startInline() : startWorkers(),
    pauseAt: [11],
    ...(resume ? { resume } : {}),
    observer: {
      onStep: (record) => records.push(record),
      onPause: (pause) => {
        states[pause.step] = pause.state();
      },
    },
  });
  return { hash: hashWeights(weights), records, states };
}

const refusal = async (data: unknown, options: Parameters<typeof trained>[1] = {}): Promise<string> =>
  trained(data as TrainingData, options).then(
    () => 'accepted',
    (error: Error) => error.message,
  );

/** Sequences of several lengths. */
const sequences = Array.from({ length: 13 }, (_, i) =>
  Array.from({ length: 4 + (i % (NCTX - 3)) }, (_, t) => (3 * i + t * t) % 18),
);
const file = (name: string, contents: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
};
const jsonl = file('some.jsonl', sequences.map((s) => `${JSON.stringify(s)}\n`).join(''));

describe.each([
  ['a module', RECALL],
  ['a file of lines', jsonl],
])('%s', (_, path) => {
  test('trains to the same bits with 1, 2 and 3 threads, and resumed', async () => {
    const data = await loadData(path, { experiment });
    const one = await trained(data);
    expect((await trained(data, { threads: 2 })).hash).toBe(one.hash);
    expect((await trained(data, { threads: 3 })).hash).toBe(one.hash);
    expect((await trained(data, { threads: 2, resume: one.states[11]! })).hash).toBe(one.hash);
    expect((await trained(data, { seed: 4 })).hash).not.toBe(one.hash);
  });
});

test('a module names its segments and what can be predicted: trained on that alone, its loss falls', async () => {
  const data = await loadData(RECALL, { experiment });
  const of = experimentWith({ steps: 150, lossOn: 'predictable', batch: 16 });
  const { records } = await trained(data, { experiment: of, threads: 2 });
  const [first, last] = [records[0]!, records.at(-1)!];
  expect(Object.keys(first.segments)).toEqual(['answer', 'prompt']);
  expect(first.loss).toBeCloseTo(first.segments.answer!, 10); // they are the same queries
  expect(first.segments.answer).toBeGreaterThan(2.5);
  expect(last.segments.answer).toBeLessThan(2.3); // the values alone would be ln 9 = 2.2
  expect(last.segments.prompt).toBeGreaterThan(2.5); // never trained on
});

test('a module as a plain object stays in the calling thread', async () => {
  const module: DataModule = {
    sequence: ({ step, index, length }) => Array.from({ length }, (_, t) => (step + index + t) % 18),
  };
  const { records } = await trained(module);
  expect(Object.keys(records[0]!.segments)).toEqual(['all']);
  expect(records[0]!.segments.all).toBeCloseTo(records[0]!.loss, 10);
  expect(await refusal(module, { threads: 2 })).toBe(
    'startWorkers: a data module reaches threads as a file that each loads; pass data: await loadData(file, { experiment }), or use startInline().',
  );
});

test('every sequence comes once in an epoch, in an order that the seed names and each epoch has its own', () => {
  const numbered = { sequences: Array.from({ length: 7 }, (_, i) => [i, i]) };
  const orderOf = (seed: number): number[] => {
    const source = sourceOf(
      { experiment, seed },
      tableData(readTokenFile(bytesOf(numbered.sequences), { name: 'x.jsonl', nCtx: NCTX })),
    );
    const tokens = new Int32Array(NCTX);
    return Array.from({ length: 21 }, (_, g) => {
      source.fill(1 + Math.floor(g / 5), g % 5, tokens, new Int32Array(NCTX));
      return tokens[0]!;
    });
  };
  const order = orderOf(1);
  const epochs = [order.slice(0, 7), order.slice(7, 14), order.slice(14)];
  for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(epochs[1]).not.toEqual(epochs[0]);
  expect(orderOf(2)).not.toEqual(order);
});
const bytesOf = (lines: readonly (readonly number[])[]): Uint8Array =>
  new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join('\n'));

test('sequences shorter than the context count only where they have tokens', async () => {
  const short = {
    sequences: [
      [1, 2, 3],
      [4, 5, 6, 7, 8],
    ],
  };
  const { records } = await trained(short, { experiment: experimentWith({ steps: 1, batch: 2 }) });
  const { loss, perPosition } = records[0]!;
  expect(perPosition.map((x) => x === null)).toEqual(Array.from({ length: NCTX - 1 }, (_, t) => t >= 4));
  const [a, b, c, d] = perPosition as number[];
  expect(loss).toBeCloseTo((2 * a! + 2 * b! + c! + d!) / 6, 6);
});

test('lines, a stream of either type and a tensor with the same tokens are the same data', async () => {
  const rows = Array.from({ length: 6 }, (_, i) => Array.from({ length: NCTX }, (_, t) => (i * 5 + t * 3) % 18));
  const flat = rows.flat();
  const tensor = encodeSafetensors({ tokens: { shape: [6, NCTX], data: flat } }, {});
  const text = new TextDecoder('latin1').decode(tensor).replace('"F32"', '"I32"');
  const asI32 = Uint8Array.from(text, (c) => c.charCodeAt(0));
  asI32.set(new Uint8Array(Int32Array.from(flat).buffer), asI32.length - 4 * flat.length);
  const hashes = await Promise.all(
    [
      loadData(file('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')), { experiment }),
      loadData(file('train.bin', new Uint8Array(Uint16Array.from([...flat, 1, 2]).buffer)), { experiment }),
      loadData(file('wide.bin', new Uint8Array(Int32Array.from(flat).buffer)), { experiment, dtype: 'int32' }),
      loadData(file('rows.safetensors', asI32), { experiment }),
    ].map(async (data) => (await trained(await data)).hash),
  );
  expect(new Set(hashes).size).toBe(1);
});

describe('a file that cannot be trained on is refused with its name, its line and what came', () => {
  const stream = (values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
  test.each<[string, string, string | Uint8Array, RegExp]>([
    [
      'a token that the model does not know',
      'a.jsonl',
      '[1,2]\n[3,18]\n',
      /^data: line 2 of a\.jsonl has token 18 at position 1, where this model knows 0 to 17; raise/,
    ],
    [
      'half a token',
      'b.jsonl',
      '[1,2.5]',
      /^data: line 1 of b\.jsonl: a token must be a whole number from 0 on, got 2\.5 at position 1\.$/,
    ],
    [
      'no JSON',
      'c.jsonl',
      '[1,2]\n\n[3,4]',
      /^data: line 2 of c\.jsonl is not JSON; a line is an array of tokens, as \[3, 1, 4\]\.$/,
    ],
    ['no array', 'd.jsonl', '[1,2]\n7', /^data: line 2 of d\.jsonl must be an array of tokens, got 7\.$/],
    [
      'a line too long',
      'e.jsonl',
      JSON.stringify(new Array(15).fill(1)),
      /^data: line 1 of e\.jsonl has 15 tokens, where this model takes 2 to 14; cut it, or raise model\.nCtx\.$/,
    ],
    ['nothing', 'f.jsonl', '', /^data: f\.jsonl holds no sequences; give at least one\.$/],
    ['too short a stream', 'g.bin', stream([1, 2, 3]), /^data: g\.bin holds 3 tokens, fewer than one window of 14;/],
    [
      'a stream of odd bytes',
      'h.bin',
      new Uint8Array(29),
      /^data: h\.bin has 29 bytes, no whole number of uint16 tokens;/,
    ],
    [
      'a token beyond the vocabulary in a stream',
      'i.bin',
      stream([...new Array(14).fill(0), ...new Array(13).fill(1), 50256]),
      /^data: window 1 of i\.bin has token 50256 at position 13,/,
    ],
    [
      'a tensor of floats',
      'j.safetensors',
      encodeSafetensors({ x: { shape: [1, 2], data: [1, 2] } }, {}),
      /^data: j\.safetensors must hold one tensor of whole numbers of shape \[sequences, length\], got x, "F32" of shape \[1,2\]\.$/,
    ],
    [
      'another ending',
      'k.txt',
      'hello',
      /^data: k\.txt is no file of tokens by its name; it must end in \.jsonl, \.bin or \.safetensors\.$/,
    ],
  ])('%s', async (_, name, contents, sentence) => {
    const found = await loadData(file(name, contents), { experiment }).catch((error: Error) => error);
    expect(found).toBeInstanceOf(DataError);
    expect((found as Error).message).toMatch(sentence);
  });

  test('no such file, a type where there is none, and lossOn that a file knows nothing of', async () => {
    await expect(loadData(join(folder, 'none.bin'), { experiment })).rejects.toThrow(
      /^data: .*none\.bin could not be read \(ENOENT/,
    );
    await expect(loadData(jsonl, { experiment, dtype: 'int32' })).rejects.toThrow(
      /says itself how its tokens are stored; leave dtype out/,
    );
    await expect(loadData(RECALL, { experiment, dtype: 'int32' })).rejects.toThrow(
      /is a module, which has no type of tokens/,
    );
    expect(await refusal({ sequences }, { experiment: experimentWith({ lossOn: 'predictable' }) })).toMatch(
      /^data: training\.lossOn is "predictable", and sequences of tokens do not say what is/,
    );
  });
});

describe('a module that goes wrong is told by file, step and sequence', () => {
  const body = (text: string): string =>
    `export const segments = ['answer'];\nexport function sequence({ step, index, length, dVocab }) { ${text} }\n`;
  const after = (text: string): string => body(`if (step < 3 || index < 2) return new Array(length).fill(1); ${text}`);
  test.each<[string, string, RegExp]>([
    [
      'throws',
      after('throw new Error("no\\u001b[2Jbook");'),
      /step 3, sequence [2-4]: sequence\(\) threw( at line 2)?: no␛\[2Jbook$/,
    ],
    [
      'a wrong token',
      after('return [1, dVocab];'),
      /step 3, sequence [2-4]: a token must be a whole number from 0 to 17, got 18 at position 1\.$/,
    ],
    [
      'half a token',
      after('return [1, 0.5];'),
      /: a token must be a whole number from 0 to 17, got 0\.5 at position 1\.$/,
    ],
    [
      'a promise',
      after('return Promise.reject(new Error("x"));'),
      /: sequence\(\) returned a promise, and training does not wait;/,
    ],
    [
      'nothing',
      after('return;'),
      /: sequence\(\) must return tokens or \{ tokens, segments, predictable \}, got undefined\.$/,
    ],
    [
      'too many tokens',
      after('return new Array(length + 1).fill(1);'),
      /: it has 15 tokens, where this model takes 2 to 14;/,
    ],
    ['one token', after('return { tokens: [1] };'), /: it has one token, where this model takes 2 to 14;/],
    [
      'a segment that it does not name',
      after('return { tokens: [1, 2], segments: { end: [0, 1] } };'),
      /: it has a segment "end", where the module names "answer"; add it/,
    ],
    [
      'queries beyond the end',
      after('return { tokens: [1, 2], segments: { answer: [0, 2] } };'),
      /: segments\.answer must be queries \[from, to\) within 0 to 1, .* got \[0,2\]\.$/,
    ],
  ])('%s', async (what, text, sentence) => {
    const path = file(`${what.replaceAll(' ', '-')}.mjs`, text);
    const data = await loadData(path, { experiment });
    for (const threads of [1, 2]) {
      const message = await refusal(data, { threads });
      expect(message).toMatch(sentence);
      expect(message.startsWith(`data: ${path}, step 3, `)).toBe(true);
    }
  });

  test.each<[string, string, string, RegExp]>([
    ['no export', 'a.mjs', 'export const sequences = 3;', /^data: a\.mjs exports no function sequence\(/],
    ['no syntax', 'b.mjs', 'export function sequence( {', /^data: b\.mjs could not be loaded: /],
    [
      'segments that are none',
      'c.mjs',
      'export const segments = ["An answer"]; export const sequence = () => [1, 2];',
      /c\.mjs: segments must be names such as "answer" .*, got "An answer"\.$/,
    ],
    [
      'a segment twice',
      'd.mjs',
      'export default { segments: ["a", "a"], sequence: () => [1, 2] };',
      /d\.mjs: segments must be .*, got "a" twice\.$/,
    ],
  ])('%s', async (_, name, text, sentence) => {
    await expect(loadData(file(name, text), { experiment })).rejects.toThrow(sentence);
  });

  test('nothing that is predictable where only that is trained on', async () => {
    const of = experimentWith({ lossOn: 'predictable' });
    const silent = { sequence: () => [1, 2] };
    expect(await refusal(silent, { experiment: of })).toMatch(
      /^data: the module, step 1, sequence 0: training\.lossOn is "predictable", and it names no/,
    );
    const empty = { sequence: () => ({ tokens: [1, 2], predictable: [] }) };
    expect(await refusal(empty, { experiment: of })).toMatch(
      /^data: the module, step 1: no sequence has a predictable query/,
    );
  });

  test('a default export, function or object, is as good as names', async () => {
    for (const [name, text] of [
      ['e.mjs', 'export default () => [1, 2, 3];'],
      [
        'f.mjs',
        'export default { segments: ["end"], sequence: () => ({ tokens: [1, 2], segments: { end: [0, 1] } }) };',
      ],
    ] as const)
      expect((await trained(await loadData(file(name, text), { experiment }), { threads: 2 })).records).toHaveLength(
        24,
      );
  });
});

test('TypeScript is read where this Node strips types, and refused in one sentence elsewhere', async () => {
  const path = file(
    'typed.ts',
    'export const sequence = ({ length }: { length: number }): number[] => new Array(length).fill(1);',
  );
  // In a process of its own: the tests' own loader reads TypeScript anywhere.
  const library = new URL('../dist/node.js', import.meta.url).href;
  const script = `import { loadData } from ${JSON.stringify(library)};
    const experiment = ${JSON.stringify(experiment)};
    await loadData(${JSON.stringify(path)}, { experiment }).then(() => console.log('read'), (e) => console.log(e.message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const strips = 'typescript' in process.features && Boolean(process.features.typescript);
  expect(stdout).toMatch(
    strips
      ? /^read$/m
      : /^data: typed\.ts is TypeScript, which this Node \(v[\d.]+\) does not read; write it as \.mjs, or use Node 22\.18 or newer\.$/m,
  );
});

test('data and task go together', async () => {
  const repeated = parseExperiment({ ...experiment, task: { kind: 'repeated', period: 4 } });
  expect(await refusal({ sequences }, { experiment: repeated })).toMatch(
    /^train: data is given, and the experiment’s task is "repeated"; set its task to \{ "kind": "data" \}/,
  );
  expect(await refusal(undefined)).toMatch(
    /^train: the experiment’s task is "data", and none is given; pass data: \{ sequences \}/,
  );
  expect(await refusal('mine.jsonl')).toMatch(/^train: data must be \{ sequences \}, .* got "mine\.jsonl"\.$/);
  expect(await refusal(loadData(RECALL, { experiment }))).toMatch(/^train: data must be .*got a Promise\.$/);
  expect(await refusal({ sequences: [[1, 2], [3]] })).toMatch(/^data: sequence 1 of data\.sequences has one token,/);
});

test('training on a task alone gives the bits of train, and refuses data', async () => {
  const repeated = parseExperiment({ ...experiment, task: { kind: 'repeated', period: 4 } });
  const options = { engine, experiment: repeated, seed: 3, threads: 1, startPool: startInline() };
  const { weights } = await trainOnTask(options);
  expect(hashWeights(weights)).toBe(hashWeights((await train(options)).weights));
  const sentence = 'trainOnTask: takes no data, and no experiment whose task is "data"; use train.';
  await expect(trainOnTask({ ...options, experiment })).rejects.toThrow(sentence);
  const given = { ...options, data: { sequences } };
  await expect(trainOnTask(given)).rejects.toThrow(sentence);
});

test('the document shows the module that is tested here', () => {
  const page = readFileSync(new URL('../../../docs/data.md', import.meta.url), 'utf8');
  expect(page).toContain(readFileSync(RECALL, 'utf8').split('\n').slice(1).join('\n').trim());
});
