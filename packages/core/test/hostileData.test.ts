// Data that means no good: what it answers is copied, what it leaves behind changes nothing, and all else is one sentence.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { dataSegments } from '../src/internal.ts';
import {
  DataError,
  type DataModule,
  type Experiment,
  loadData,
  loadEngine,
  parseExperiment,
  readTokenFile,
  startInline,
  startWorkers,
  train,
} from '../src/node.ts';
import { tableSource } from '../src/training/data/tableSource.ts';
import { hashWeights } from './support/hash.ts';

const engine = await loadEngine({ exact: true });
const folder = mkdtempSync(join(tmpdir(), 'induction-lab-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const experimentWith = (training: object = {}): Experiment =>
  parseExperiment({
    name: 'hostile',
    model: {
      nLayers: 1,
      nHeads: 2,
      dModel: 14,
      dHead: 6,
      nCtx: 13,
      dVocab: 17,
      positions: 'shortformer',
      normalization: 'LN',
    },
    task: { kind: 'data' },
    training: { steps: 6, batch: 5, learningRate: 0.01, ...training },
  });
const experiment = experimentWith();
const file = (name: string, contents: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
};
const trained = async (data: DataModule, of = experiment, threads = 1): Promise<string> => {
  const startPool = threads === 1 ? startInline() : startWorkers();
  const { weights } = await train({ engine, experiment: of, seed: 1, threads, startPool, data });
  return hashWeights(weights);
};
const refusal = async (sequence: unknown): Promise<string> =>
  trained({ sequence } as DataModule).then(
    () => 'accepted',
    (error: Error) => {
      expect(error).toBeInstanceOf(DataError);
      return error.message;
    },
  );

test('a module may use its arrays again: every answer is copied', async () => {
  const of = experimentWith({ lossOn: 'predictable' });
  const answer = (
    tokens: Int32Array,
    range: [number, number],
    { random, index }: Parameters<DataModule['sequence']>[0],
  ) => {
    for (let t = 0; t < 8; t++) tokens[t] = random.below(17);
    range[0] = index % 5;
    range[1] = range[0] + 1;
    return { tokens, segments: { a: range }, predictable: range };
  };
  const [tokens, range] = [new Int32Array(8), [0, 0] as [number, number]];
  const again: DataModule = { segments: ['a'], sequence: (request) => answer(tokens, range, request) };
  const anew: DataModule = { segments: ['a'], sequence: (request) => answer(new Int32Array(8), [0, 0], request) };
  expect(await trained(again, of)).toBe(await trained(anew, of));
});

test('a module that gives two answers to one request is refused', async () => {
  let calls = 0;
  const why = /^data: the module, step 1, sequence 0: sequence\(\) gave two answers to one request; let it depend/;
  expect(await refusal(() => [1, 2, calls++ % 17])).toMatch(why);
  const path = file('drawn.mjs', 'export const sequence = () => [1, 2, Math.floor(1e9 * Math.random()) % 16];');
  const data = { ...(await loadData(path, { experiment })), sequence: () => [1, 2] };
  let message = '';
  for (let tries = 0; tries < 20 && message === ''; tries++)
    message = await trained(data, experiment, 2).then(
      () => '', // two draws may be the same
      (error: Error) => error.message,
    );
  expect(message).toMatch(/drawn\.mjs, step 1, sequence 0: sequence\(\) gave two answers/);
});

describe('an answer that is none', () => {
  function* endless(): Generator<number> {
    for (;;) yield 1;
  }
  test.each<[string, () => unknown, RegExp]>([
    ['endless tokens', () => ({ tokens: endless() }), /: tokens must be an array of tokens, got /],
    ['a generator', () => endless(), /: its answer must be an array of tokens, got /],
    ['a length beyond all memory', () => ({ length: 1e15 }), /: it has 1000000000000000 tokens, where/],
    ['a length that is none', () => ({ length: Number.POSITIVE_INFINITY }), /: its answer must be an array of tokens/],
    ['a text', () => ({ tokens: '123' }), /: tokens must be an array of tokens, got "123"\.$/],
    ['bigints', () => [1n, 2n], /: a token must be a whole number from 0 to 16, got the bigint 1 at position 0\.$/],
    [
      'a getter that throws',
      () => ({
        get tokens() {
          throw new Error('no');
        },
      }),
      /: sequence\(\) threw: no$/,
    ],
    [
      'what throws when it is told',
      () => {
        throw new Proxy(new Error('x'), {
          get() {
            throw new Error('y');
          },
        });
      },
      /: sequence\(\) threw: an Error$/,
    ],
    ['segments in a list', () => ({ tokens: [1, 2], segments: [[0, 1]] }), /: segments must be an object such as/],
  ])('%s', async (_, sequence, sentence) => {
    expect(await refusal(sequence)).toMatch(sentence);
  });
});

test('segments may be called as anything of Object is', async () => {
  const sequence = () => ({ tokens: [1, 2, 3], segments: { toString: [0, 1] as const } });
  expect(await trained({ segments: ['constructor', 'toString'], sequence })).toMatch(/^[0-9a-f]+$/);
});

test('segments are what records can hold, and nothing else', () => {
  const segmentsOf = (segments: unknown) => dataSegments({ sequence: () => [1, 2], segments } as unknown as DataModule);
  expect(
    segmentsOf([
      { name: 'a', predictable: false },
      { name: 'b', title: 'B\u001b', predictable: true },
    ]),
  ).toEqual([
    { name: 'a', title: 'a' },
    { name: 'b', title: 'B␛', predictable: true },
  ]);
  for (const wrong of [{ name: 'a', title: 5 }, { name: 'a', predictible: true }, { name: 'a', f() {} }, null, ['a']])
    expect(() => segmentsOf([wrong])).toThrow(/^data: the module: segments must be names such as "answer"/);
});

describe('what a module exports', () => {
  test.each<[string, string]>([
    ['an object with a method that needs it', 'export default { end: 3, sequence() { return [1, 2, this.end]; } };'],
    ['a name beside a default of another kind', 'export default {}; export const sequence = () => [1, 2, 3];'],
  ])('%s', async (what, text) => {
    const data = (await loadData(file(`${what.replaceAll(' ', '-')}.mjs`, text), { experiment })) as DataModule;
    expect(data.sequence({} as never)).toEqual([1, 2, 3]);
    await trained(data, experiment, 2);
  });

  test('segments stand on a function, too', async () => {
    const text = 'const f = () => [1, 2]; f.segments = ["end"]; export default f;';
    const data = await loadData(file('on.mjs', text), { experiment });
    expect(dataSegments(data)).toEqual([{ name: 'end', title: 'end' }]);
  });

  test('a module that has changed is loaded anew, in every thread', async () => {
    const path = file('changing.mjs', 'export const sequence = () => [1, 2, 3];');
    const before = (await loadData(path, { experiment })) as DataModule;
    file('changing.mjs', 'export const sequence = () => [4, 5, 6];');
    const after = (await loadData(path, { experiment })) as DataModule;
    expect(after.origin!.sha256).not.toBe(before.origin!.sha256);
    expect(after.sequence({} as never)).toEqual([4, 5, 6]);
    expect(await trained(after, experiment, 2)).toBe(await trained(after));
  });

  test('the line where it throws is named, and what never comes is not waited for', () => {
    // In a process of its own: the tests' own loader gives modules other places.
    const library = new URL('../dist/node.js', import.meta.url).href;
    const told = (name: string, text: string): string => {
      const script = `import { loadData } from ${JSON.stringify(library)};
        loadData(${JSON.stringify(file(name, text))}, { experiment: ${JSON.stringify(experiment)} })
          .then(() => console.log('read'), (error) => console.log(error.message));`;
      return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
    };
    expect(told('a b#c?.mjs', '\n\nthrow new Error("no");')).toBe('data: a b#c?.mjs could not be loaded at line 3: no');
    expect(told('never.mjs', 'await new Promise(() => {}); export const sequence = () => [1, 2];')).toBe(
      'data: never.mjs waits while it loads for something that never comes; see what it awaits at its top.',
    );
  });
});

test('files say which number is no token, and hold arrays alone', () => {
  const read = (name: string, bytes: Uint8Array) => () => readTokenFile(bytes, { name, nCtx: 3, dtype: 'int32' });
  const stream = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
  expect(read('a.bin', stream(1, 2, 3, 4, -7, 6))).toThrow(
    /^data: window 1 of a\.bin: a token must be a whole number from 0 on, below 2\^31, got -7 at position 1;/,
  );
  for (const line of ['{"length":2,"0":1,"1":2}', '{"length":1e12}', '{"length":-5}'])
    expect(() => readTokenFile(new TextEncoder().encode(line), { name: 'b.jsonl', nCtx: 3 })).toThrow(
      /^data: line 1 of b\.jsonl must be an array of tokens, got \{/,
    );
});

test('a thread that puts many sequences in order shows that it is there', () => {
  const count = 2 ** 17;
  const table = {
    tokens: new Int32Array(2 * count),
    starts: Float64Array.from({ length: count + 1 }, (_, i) => 2 * i),
  };
  const called = { part: 'row', of: 'x' } as const;
  let signs = 0;
  tableSource({ ...table, called }, { seed: 1, batch: 3, length: 2 }).counted(1, () => signs++);
  expect(signs).toBeGreaterThanOrEqual(7);
});

test('what an experiment cannot do with a file is said when the file is loaded', async () => {
  const path = file('c.jsonl', '[1,2]');
  await expect(loadData(path, { experiment: experimentWith({ lossOn: 'predictable' }) })).rejects.toThrow(
    /^data: training\.lossOn is "predictable", and sequences of tokens do not say what is/,
  );
});

test('a table made by hand is looked at before anything is trained on it', async () => {
  const called = { part: 'row', of: 'mine' } as const;
  for (const starts of [
    [0, 100],
    [0, Number.NaN, 4],
    [0, 3, 2, 4],
    [1, 4],
  ]) {
    const data = { tokens: new Int32Array(4), starts: Float64Array.from(starts), called };
    const training = train({ engine, experiment, seed: 1, threads: 1, startPool: startInline(), data });
    await expect(training).rejects.toThrow(/^data: starts of mine must ascend from 0 to the number of tokens, 4;/);
  }
});

test('a worker script that Node cannot start is named', async () => {
  for (const workerUrl of ['./worker.js', 'https://example.com/worker.js']) {
    const data = { sequences: [[1, 2]] };
    expect(() =>
      train({ engine, experiment, seed: 1, threads: 1, startPool: startWorkers({ workerUrl }), data }),
    ).toThrow(/^startWorkers: options\.workerUrl must be a file's URL, .*, got "/);
  }
});
