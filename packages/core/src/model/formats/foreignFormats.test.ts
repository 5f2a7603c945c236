// Files of other formats are told by their first bytes, with the line that converts them; JSON is read as UTF-8.
import { describe, expect, test } from 'vitest';
import { decodeCheckpoint } from './checkpoint.ts';
import { FileFormatError } from './fileFormatError.ts';
import { mergeShards } from './foreignFormats.ts';
import { readJsonText } from './jsonText.ts';
import { decodeSafetensors } from './safetensors.ts';

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const latin = (characters: string): Uint8Array => Uint8Array.from(characters, (c) => c.charCodeAt(0));
const hex = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const utf16 = (characters: string, littleEndian = true): Uint8Array => {
  const bytes = new Uint8Array(characters.length * 2);
  for (const [i, c] of [...characters].entries())
    new DataView(bytes.buffer).setUint16(2 * i, c.charCodeAt(0), littleEndian);
  return bytes;
};

/** A zip archive of empty files: their local headers, the directory, its end. */
function zip(...names: string[]): Uint8Array {
  const local = names.map((name) => `PK\x03\x04${'\0'.repeat(22)}${String.fromCharCode(name.length)}\0\0\0${name}`);
  const directory = names.map(
    (name) => `PK\x01\x02${'\0'.repeat(24)}${String.fromCharCode(name.length)}${'\0'.repeat(17)}${name}`,
  );
  const start = local.join('').length;
  return latin(
    `${local.join('')}${directory.join('')}PK\x05\x06${'\0'.repeat(12)}${String.fromCharCode(start & 255, start >> 8)}\0\0\0\0`,
  );
}

const tar = new Uint8Array(512);
tar.set(text('ustar'), 257);

describe('as a checkpoint', () => {
  test.for<[string, Uint8Array, RegExp, RegExp]>([
    [
      'PyTorch',
      zip('model/data.pkl', 'model/version'),
      /PyTorch file/,
      /torch\.load\("m\.pt", map_location="cpu", weights_only=True\).*save_file\(.*"m\.safetensors"\)/,
    ],
    ['TorchScript', zip('m/code/x.py', 'm/constants.pkl', 'm/data.pkl'), /TorchScript/, /torch\.jit\.load/],
    ['PyTorch, cut short', zip('model/data.pkl', 'model/version').subarray(0, 60), /PyTorch file/, /torch\.load/],
    [
      'an old PyTorch file',
      hex('80028a0a6cfc9c46f9206aa850192e8002'),
      /PyTorch file of the old kind/,
      /weights_only=True/,
    ],
    ['a pickle', hex('80049514000000000000007d94'), /a Python pickle/, /if you trust where it comes from/],
    ['a pickle of old', text('(dp0\nS"a"\np1\n'), /a Python pickle/, /if you trust/],
    ['npz', zip('a.npy'), /NumPy archive/, /save_file\(dict\(np\.load\("m\.pt"\)\), "m\.safetensors"\)/],
    ['npy', latin('\x93NUMPY\x01\x00v\x00{'), /one NumPy array/, /np\.load/],
    ['Keras', zip('metadata.json', 'model.weights.h5'), /Keras model/, /h5py/],
    ['another zip', zip('word/document.xml'), /zip archive \(with word\/document\.xml in it\)/, /unpack it/],
    ['GGML', latin('tjgg\x01\0\0\0\0\0\0\0'), /GGML/, /convert the model/],
    ['HDF5', hex('894844460d0a1a0a0000'), /HDF5/, /h5py\.File\("m\.pt"\)/],
    ['ONNX', latin('\x08\x08\x12\x07pytorch\x1a\x052.1.0:'), /ONNX/, /onnx\.load\("m\.pt"\)/],
    ['gzip', hex('1f8b0800000000000003'), /packed with gzip/, /unpack it/],
    ['zstd', hex('28b52ffd0000000000'), /packed with zstd/, /unpack it/],
    ['tar', tar, /a tar archive/, /unpack it/],
    [
      'a Git LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      /Git LFS pointer/,
      /git lfs pull/,
    ],
    ['a web page', text('\n<!DOCTYPE html>\n<html>'), /a web page \(HTML\)/, /download the file itself/],
    ['XML', text('<?xml version="1.0"?><a/>'), /it is XML/, /name the \.safetensors file/],
    [
      'a shard index',
      text(
        '{"metadata": {}, "weight_map": {"a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors"}}',
      ),
      /the index of a model in 2 shards \(m-00001-of-00002\.safetensors, m-00002/,
      /glob\("m-\*-of-00002\.safetensors"\).*"m\.safetensors"/,
    ],
    ['a config', text('{"n_layers": 2}'), /JSON text, such as a config/, /name the \.safetensors file/],
    ['UTF-16', new Uint8Array([0xff, 0xfe, ...utf16('{"a": 1}')]), /text in UTF-16/, /name the/],
    ['text', text('These are my weights.'), /it is text/, /name the/],
  ])('%s', ([, bytes, what, remedy]) => {
    const decode = (): unknown => decodeCheckpoint(bytes, 'folder/m.pt');
    expect(decode).toThrow(FileFormatError);
    expect(decode).toThrow(/^folder\/m\.pt is not a readable safetensors file: [^\n]*\.$/);
    expect(decode).toThrow(what);
    expect(decode).toThrow(remedy);
    expect(decode).not.toThrow(/save or copy it again/);
  });

  test('a format that nobody knows is not told to be copied again', () => {
    expect(() => decodeCheckpoint(hex('080000001000000002000000ff000000'), 'm.bin')).toThrow(
      /header should be 68719476744 bytes long, but only 8 follow \(truncated, or another format\); copying does not help/,
    );
  });

  test('a GGUF file is told where tensors alone are read', () => {
    expect(() => decodeSafetensors(latin('GGUF\x03\0\0\0\0\0\0\0'), 'm.gguf')).toThrow(
      /it is a GGUF file \(llama\.cpp\); name it as the model/,
    );
  });

  test('names of files and of what is in them cannot act on a terminal', () => {
    const decode = (): unknown => decodeCheckpoint(zip('\u001b[2J.xml'), 'a\u001b]0;x\u0007"; import os.pt');
    expect(decode).toThrow(/␛\]0;x␇.*␛\[2J\.xml/);
    expect(() => decodeCheckpoint(zip('x/data.pkl'), 'a"b\n.pt')).toThrow(/torch\.load\("a\\"b\\n\.pt"/);
  });
});

test('shards are put together by a pattern of their names', () => {
  expect(mergeShards('in/model-00002-of-00003.safetensors')).toMatch(
    /glob\("model-\*-of-00003\.safetensors"\).*, "model\.safetensors"\)`$/,
  );
});

describe('as JSON', () => {
  const read = (bytes: Uint8Array): unknown => readJsonText(bytes, 'config.json');
  test('UTF-8 is read, with or without a byte order mark', () => {
    expect(read(text('\ufeff{"a": [1, "ü"]}'))).toEqual({ a: [1, 'ü'] });
    expect(read(text(' {"a": {"b": 1}, "c": {"b": 2}} '))).toEqual({ a: { b: 1 }, c: { b: 2 } });
  });

  test.for<[string, Uint8Array, RegExp]>([
    ['UTF-16 with its mark', new Uint8Array([0xff, 0xfe, ...utf16('{"a": 1}')]), /is text in UTF-16; save it as UTF-8/],
    ['UTF-16, the other way round', new Uint8Array([0xfe, 0xff, ...utf16('{"a": 1}', false)]), /save it as UTF-8/],
    ['UTF-16 without its mark', utf16('{"a": 1}'), /save it as UTF-8/],
    ['UTF-16 without its mark, the other way round', utf16('{"a": 1}', false), /save it as UTF-8/],
    ['Latin-1', latin('{"a": "\xfc"}'), /is not text in UTF-8; save it as UTF-8/],
    ['nothing', new Uint8Array(0), /it is empty/],
    ['a slip', text('{"a": 1,}'), /is not JSON \(.*\); correct it/],
    ['what acts on a terminal', text('{"a": \u001b[2J}'), /is not JSON \([^\n]*␛[^\n]*\); correct it/],
    ['a key twice', text('{"n_heads": 2, "n_heads": 4}'), /has the key "n_heads" twice; correct it/],
    ['a key twice, deep inside', text('[[{"a": {"b": 1, "b": 2}}]]'), /has the key "b" twice/],
    ['nesting without end', text(`${'['.repeat(1e5)}${']'.repeat(1e5)}`), /nested more than 100 deep/],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer.*git lfs pull/],
    ['a web page', text('<html><body>404</body></html>'), /a web page.*download/],
    ['a PyTorch file', zip('m/data.pkl'), /it is a PyTorch file.*name a JSON file/],
  ])('%s is refused', ([, bytes, sentence]) => {
    expect(() => read(bytes)).toThrow(FileFormatError);
    expect(() => read(bytes)).toThrow(sentence);
    expect(() => read(bytes)).toThrow(/^config\.json [^\n]*\.$/);
  });
});
