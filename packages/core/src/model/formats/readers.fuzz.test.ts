// Whatever bytes, headers and configs come: each is read, or refused with a FileFormatError of one printable sentence, in
// bounded time and memory.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzz } from '../../../test/support/fuzz.ts';
import { randomModel } from '../../../test/support/models.ts';
import { fileOf } from '../../../test/support/safetensorsFile.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { POSITIONS } from '../config.ts';
import { Model } from '../model.ts';
import { decodeCheckpoint, encodeCheckpoint, toTransformerLensConfig } from './checkpoint.ts';
import { FileFormatError } from './fileFormatError.ts';
import { readJsonText } from './jsonText.ts';
import { decodeSafetensors } from './safetensors.ts';
import { KNOWN_FIELDS } from './transformerLensFields.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 5, dHead: 2, nCtx: 7, dVocab: 11, biases: true };
const models = POSITIONS.map((positions) => randomModel(referenceEngine, { ...SIZES, positions }));
const files = models.map((model) => encodeCheckpoint(model.config, model.getWeights()));
const ggufs = ['llama', 'gpt2'].map((name) =>
  readFileSync(new URL(`../../../test/golden/gguf/${name}.gguf`, import.meta.url)),
);

/** Milliseconds of this process that one small input may take: a thousand times what it does. */
const SLOWEST = 2000;
/** Bytes of arrays that one input may be given, beside a few for each of its own. */
const SPARE = 1e6;

/** Runs a reader. What it throws must be a sentence; what it takes must be in proportion to the bytes. */
function expectSentence(bytes: Uint8Array, read: () => unknown): void {
  const [start, before] = [process.cpuUsage(), process.memoryUsage().arrayBuffers];
  try {
    read();
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    const { message } = error;
    if (!/^fuzz.st\b[^\p{Cc}\p{Cs}\u2028\u2029]{5,990}\.$/u.test(message))
      throw new Error(`no sentence: ${JSON.stringify(message)}`);
  }
  const taken = process.memoryUsage().arrayBuffers - before;
  const milliseconds = process.cpuUsage(start).user / 1e3;
  if (milliseconds > SLOWEST) throw new Error(`took ${milliseconds} ms`);
  if (taken > 20 * bytes.length + SPARE) throw new Error(`took ${taken} bytes for ${bytes.length}`);
}

/** Every reader on the same bytes; what decodes as a checkpoint is a model that can be made. */
function readAll(bytes: Uint8Array, config?: unknown): void {
  expectSentence(bytes, () => decodeSafetensors(bytes, 'fuzz.st'));
  expectSentence(bytes, () => readJsonText(bytes, 'fuzz.st'));
  expectSentence(bytes, () => {
    const checkpoint = decodeCheckpoint(bytes, 'fuzz.st', config === undefined ? {} : { config });
    const { nLayers, nHeads, nCtx } = checkpoint.config;
    if (nLayers * nHeads * nCtx > 1e4) return; // sizes that weights do not bound
    new Model(referenceEngine, checkpoint.config).setWeights(checkpoint.weights);
  });
}

const anyFile = fc.constantFrom(...files, ...ggufs, ...ggufs);
const anyByte = fc.integer({ min: 0, max: 255 });
const headerLength = (file: Uint8Array): number =>
  Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));

/** Where the tensors begin, of a GGUF file about where. */
const headerEnd = (file: Uint8Array): number => (file[0] === 0x47 ? 2000 : 8 + headerLength(file));

test('good files with bytes changed, cut out, put in or repeated', async () => {
  const edit = fc.record({
    kind: fc.constantFrom('change', 'cut', 'insert', 'repeat', 'truncate'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    inHeader: fc.boolean(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  });
  await fuzz('readers: edited files', fc.tuple(anyFile, fc.array(edit, { minLength: 1, maxLength: 3 })), {
    runs: 200,
    check: ([file, edits]) => {
      let bytes: Uint8Array = file;
      for (const { kind, at, inHeader, bytes: change } of edits) {
        const place = Math.floor(at * (inHeader ? Math.min(bytes.length, headerEnd(file)) : bytes.length));
        const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
        if (kind === 'change')
          bytes = Uint8Array.of(...before, ...change.subarray(0, after.length), ...after.subarray(change.length));
        else if (kind === 'cut') bytes = Uint8Array.of(...before, ...after.subarray(change.length));
        else if (kind === 'insert') bytes = Uint8Array.of(...before, ...change, ...after);
        else if (kind === 'repeat') bytes = Uint8Array.of(...before, ...after.subarray(0, 40), ...after);
        else bytes = before;
      }
      readAll(bytes);
    },
  });
});

const anyNumber = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(0, -0, 0.5, 1e-300, 65536, 65537, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308),
);
const anyValue = fc.oneof(
  anyNumber,
  fc.constantFrom(null, true, false, '', '1', 'LN', 'LNPre', 'rotary', 'none', '\u001b[2J\n'),
  fc.jsonValue({ maxDepth: 2 }),
);

test('headers of any tensors: any types, shapes and ranges under names of weights or of anything', async () => {
  const anyName = fc.oneof(
    fc.constantFrom(
      'embed.W_E',
      'blocks.0.attn.W_Q',
      'layers.0.attn.q.weight',
      'head.weight',
      'unembed.weight',
      '__proto__',
      'toString',
      '',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'BF16', 'F64', 'I64', 'BOOL', 'F4', 'F6_E2M3', 'C64'), anyValue),
      shape: fc.oneof(fc.array(anyNumber, { maxLength: 4 }), anyValue),
      data_offsets: fc.oneof(fc.tuple(anyNumber, anyNumber), anyValue),
    },
    { requiredKeys: [] },
  );
  const config = JSON.stringify(toTransformerLensConfig(models[0]!.config));
  const header = fc.record({
    tensors: fc.array(fc.tuple(anyName, fc.oneof(entry, anyValue)), { maxLength: 5 }),
    metadata: fc.oneof(fc.constant({ config }), fc.dictionary(anyName, anyValue, { maxKeys: 3 }), anyValue),
  });
  await fuzz('readers: headers', fc.tuple(header, fc.integer({ min: 0, max: 64 }), fc.boolean()), {
    runs: 200,
    check: ([{ tensors, metadata }, data, given]) => {
      const text = [['__metadata__', metadata] as const, ...tensors].map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`,
      );
      readAll(fileOf(`{${text.join()}}`, data), given ? JSON.parse(config) : undefined);
    },
  });
});

test('configs with any fields set to anything, in the file and beside it', async () => {
  const anyField = fc.oneof(fc.constantFrom(...KNOWN_FIELDS), fc.string({ unit: 'binary', maxLength: 9 }));
  const changed = fc.tuple(
    fc.nat(models.length - 1),
    fc.dictionary(anyField, anyValue, { maxKeys: 3, noNullPrototype: true }),
    fc.oneof(fc.constant(undefined), anyValue),
  );
  await fuzz('readers: configs', changed, {
    runs: 200,
    share: 0.3,
    check: ([which, changes, own]) => {
      const config = { ...toTransformerLensConfig(models[which]!.config), ...changes };
      const file = files[which] as Uint8Array;
      readAll(file, config);
      const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength(file))));
      header.__metadata__ = {
        config: JSON.stringify(config),
        ...(own === undefined ? {} : { induction_lab: JSON.stringify(own) }),
      };
      readAll(fileOf(header, file.subarray(8 + headerLength(file))));
    },
  });
});

test('any bytes behind the first ones of other formats', async () => {
  const signature = fc.constantFrom(
    'PK\x03\x04',
    '\x80\x02',
    'GGUF',
    '\x93NUMPY',
    '\x89HDF\r\n\x1a\n',
    '\x08\x07\x12',
    '{"weight_map":',
    '[',
    '<html',
    '\xff\xfe',
    'version https://git-lfs.github.com/',
    '',
  );
  await fuzz('readers: other formats', fc.tuple(signature, fc.array(anyByte, { maxLength: 120 })), {
    runs: 200,
    share: 3,
    check: ([first, bytes]) => {
      readAll(Uint8Array.of(...[...first].map((c) => c.charCodeAt(0)), ...bytes));
    },
  });
});

test('the good files, for comparison, are read as they were written', () => {
  for (const [i, file] of files.entries()) expect(decodeCheckpoint(file, 'fuzz.st').config).toEqual(models[i]!.config);
});
