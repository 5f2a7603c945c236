// Files that are no safetensors: what they are, told by their first bytes, and the lines of Python (or of a shell) that
// make a safetensors file of them. Copying such a file again would not help.
import { listed } from '../../errors/names.ts';
import { quoted } from '../../errors/printable.ts';
import { isZip, zipNames } from './zipNames.ts';

/** What a file is and what to do, as two parts of one sentence. */
export interface ForeignFormat {
  readonly what: string;
  readonly remedy: string;
}

/** The other format that these bytes are in, or null where nothing tells. `file` is named in the lines that convert it. */
export function foreignFormat(bytes: Uint8Array, file: string): ForeignFormat | null {
  const name = baseName(file);
  return binaryFormat(bytes, name) ?? textFormat(bytes, name);
}

/** Lines of Python, each a statement, fit for pasting: backticks keep the sentence's full stop out of them. */
const python = (...lines: readonly string[]): string => `convert it in Python: \`${lines.join('; ')}\``;

const inPython = (name: string): string => quoted(name, 120);
const target = (name: string): string => inPython(`${name.replace(/\.\w{1,8}$/, '')}.safetensors`);

const fromTorch = (name: string, load: string): string =>
  python(
    'import torch',
    'from safetensors.torch import save_file',
    `weights = ${load}`,
    `save_file({k: v.clone().contiguous() for k, v in weights.items()}, ${target(name)})`,
  );

const fromNumpy = (name: string, imports: string, arrays: string): string =>
  python(imports, 'from safetensors.numpy import save_file', `save_file(${arrays}, ${target(name)})`);

function binaryFormat(bytes: Uint8Array, name: string): ForeignFormat | null {
  const is = (signature: string, at = 0): boolean => startsWith(bytes, signature, at);
  const path = inPython(name);
  if (isZip(bytes)) return zipFormat(bytes, name);
  if (is('8002 8a0a6cfc9c46f9206aa85019'))
    return {
      what: 'it is a PyTorch file of the old kind (a pickle)',
      remedy: fromTorch(name, `torch.load(${path}, map_location="cpu", weights_only=True)`),
    };
  if (isPickle(bytes))
    return {
      what: 'it is a Python pickle, which may run any program when it is loaded',
      remedy: `if you trust where it comes from, ${fromTorch(name, `torch.load(${path}, map_location="cpu", weights_only=False)`)}`,
    };
  if (is('934e554d5059'))
    return {
      what: 'it is one NumPy array without a name (.npy)',
      remedy: `put it with the model's other arrays and ${fromNumpy(name, 'import numpy as np', `{"embed.W_E": np.load(${path})}`)}`,
    };
  if (is('47475546')) return { what: 'it is a GGUF file (llama.cpp)', remedy: 'name it as the model, as a .gguf file' };
  if (['6c6d6767', '666d6767', '746a6767', '616c6767'].some((signature) => is(signature)))
    return { what: 'it is a GGML file (llama.cpp of old)', remedy: 'convert the model that it was made from instead' };
  if (is('894844460d0a1a0a'))
    return {
      what: 'it is an HDF5 file (Keras, h5py)',
      remedy: python(
        'import h5py',
        'from safetensors.numpy import save_file',
        'arrays = {}',
        `h5py.File(${path}).visititems(lambda n, d: arrays.update({n.replace("/", "."): d[()]}) if isinstance(d, h5py.Dataset) else None)`,
        `save_file(arrays, ${target(name)})`,
      ),
    };
  if (isOnnx(bytes))
    return {
      what: 'it is an ONNX model',
      remedy: python(
        'import onnx',
        'from safetensors.numpy import save_file',
        `weights = onnx.load(${path}).graph.initializer`,
        `save_file({t.name: onnx.numpy_helper.to_array(t) for t in weights}, ${target(name)})`,
      ),
    };
  const packed = PACKED.find(([signature, , at]) => is(signature, at ?? 0));
  if (packed) return { what: `it is ${packed[1]}`, remedy: 'unpack it and name the .safetensors file in it' };
  if (is('54464c33', 4))
    return { what: 'it is a TensorFlow Lite model', remedy: 'convert the model that it was made from instead' };
  return null;
}

const PACKED: readonly (readonly [signature: string, what: string, at?: number])[] = [
  ['1f8b', 'packed with gzip'],
  ['28b52ffd', 'packed with zstd'],
  ['fd377a585a00', 'packed with xz'],
  ['425a68', 'packed with bzip2'],
  ['377abcaf271c', 'a 7z archive'],
  ['526172211a07', 'a RAR archive'],
  ['7573746172', 'a tar archive', 257],
];

function zipFormat(bytes: Uint8Array, name: string): ForeignFormat {
  const names = zipNames(bytes);
  const path = inPython(name);
  const has = (pattern: RegExp): boolean => names.some((inside) => pattern.test(inside));
  if (has(/(^|\/)constants\.pkl$/))
    return {
      what: 'it is a PyTorch program (TorchScript)',
      remedy: fromTorch(name, `torch.jit.load(${path}, map_location="cpu").state_dict()`),
    };
  if (has(/(^|\/)data\.pkl$/))
    return {
      what: 'it is a PyTorch file (a zip archive with a pickle in it)',
      remedy: fromTorch(name, `torch.load(${path}, map_location="cpu", weights_only=True)`),
    };
  if (has(/\.npy$/))
    return {
      what: 'it is a NumPy archive (.npz)',
      remedy: fromNumpy(name, 'import numpy as np', `dict(np.load(${path}))`),
    };
  if (has(/^model\.weights\.h5$/))
    return { what: 'it is a Keras model', remedy: 'unpack it and convert model.weights.h5, an HDF5 file, with h5py' };
  return {
    what: `it is a zip archive (with ${listed(names)} in it)`,
    remedy: 'unpack it and name the .safetensors file in it',
  };
}

/** A pickle of protocol 2 to 5 begins with that number and an opcode; one of protocol 0 with a mark and a container. */
function isPickle(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x80 && bytes.length > 2)
    return (
      (bytes[1] as number) >= 2 &&
      (bytes[1] as number) <= 5 &&
      '}]()cXK\x8a\x8c\x95\x8f'.includes(String.fromCharCode(bytes[2] as number))
    );
  return /^\((d|l)p?\d*\n|^ccollections\n/.test(beginning(bytes, 40));
}

/** ONNX is protobuf without a signature: a version as field 1, then the producer's name or another short field. */
function isOnnx(bytes: Uint8Array): boolean {
  const [field, version, next, length] = bytes as unknown as number[];
  return (
    bytes.length > 16 &&
    field === 0x08 &&
    version! > 0 &&
    version! < 32 &&
    [0x12, 0x1a, 0x22, 0x32, 0x3a, 0x42].includes(next as number) &&
    (next !== 0x12 || /^[\w. -]*$/.test(beginning(bytes.subarray(4), Math.min(length as number, 12))))
  );
}

function textFormat(bytes: Uint8Array, name: string): ForeignFormat | null {
  if (isUtf16(bytes)) return { what: 'it is text in UTF-16', remedy: 'name the .safetensors file with the weights' };
  const text = beginning(bytes, 400)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  if (text.startsWith('version https://git-lfs.github.com/'))
    return {
      what: 'it is a Git LFS pointer, a few lines of text in place of the weights',
      remedy: 'fetch the file itself with `git lfs pull`',
    };
  if (/^<(!doctype\s+html|html|head|body)\b/i.test(text))
    return {
      what: 'it is a web page (HTML), most likely what a server answered instead of the file',
      remedy: 'download the file itself (a link with /resolve/, not /blob/, on huggingface.co)',
    };
  if (/^<[?!\w]/.test(text)) return { what: 'it is XML', remedy: 'name the .safetensors file with the weights' };
  if (/^[{[]\s*(["}\]{[]|-?\d)/.test(text)) return jsonFormat(bytes, name);
  const isText = bytes.length > 8 && [...text].every((character) => isPrintable(character.charCodeAt(0)));
  return isText ? { what: 'it is text', remedy: 'name the .safetensors file with the weights' } : null;
}

function jsonFormat(bytes: Uint8Array, name: string): ForeignFormat {
  const shards = shardsOfIndex(bytes);
  const [first] = shards;
  if (first !== undefined) {
    const total = Math.max(shards.length, shardOf(first)?.total ?? 1);
    return {
      what: `it is the index of a model in ${total} ${total === 1 ? 'file' : 'shards'} (${listed(shards)})`,
      remedy: total === 1 ? 'name that file' : mergeShards(first),
    };
  }
  return {
    what: 'it is JSON text, such as a config, without any weights',
    remedy: `name the .safetensors file that belongs to ${quoted(name)}`,
  };
}

/** What `model.safetensors.index.json` names, or nothing where this is no such file. */
function shardsOfIndex(bytes: Uint8Array): string[] {
  try {
    const { weight_map: map } = JSON.parse(new TextDecoder().decode(bytes)) as { weight_map?: Record<string, unknown> };
    return [...new Set(Object.values(map ?? {}).filter((shard) => typeof shard === 'string'))];
  } catch {
    return [];
  }
}

/** How to put shards together, from the name of one of them. */
export function mergeShards(shard: string): string {
  const pattern = baseName(shard).replace(SHARD, '-*-of-$2');
  return `put them together in Python: \`${[
    'from glob import glob',
    'from safetensors.torch import load_file, save_file',
    `save_file({k: v for f in glob(${inPython(pattern)}) for k, v in load_file(f).items()}, ${inPython(baseName(shard).replace(SHARD, ''))})`,
  ].join('; ')}\``;
}

const SHARD = /-(\d{3,6})-of-(\d{3,6})(?=\.)/;

/** Which shard of how many a file is by its name: `model-00002-of-00003.safetensors`; null for a whole model. */
export function shardOf(file: string): { readonly number: number; readonly total: number } | null {
  const match = baseName(file).match(SHARD);
  const total = Number(match?.[2] ?? 1);
  return match && total > 1 ? { number: Number(match[1]), total } : null;
}

/** Whether bytes are text in UTF-16: by its mark, or by a NUL beside every one of the first characters. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  if (bytes.length < 8) return false;
  const nul = (parity: number): boolean =>
    [0, 2, 4, 6].every((i) => bytes[i + parity] === 0 && isPrintable(bytes[i + 1 - parity] as number));
  return nul(0) || nul(1);
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 9;

const baseName = (file: string): string => file.split(/[/\\]/).at(-1) as string;

/** The first bytes as characters of the same numbers. */
const beginning = (bytes: Uint8Array, most: number): string => String.fromCharCode(...bytes.subarray(0, most));

function startsWith(bytes: Uint8Array, signature: string, at: number): boolean {
  const want = signature.replaceAll(' ', '');
  for (let i = 0; i < want.length; i += 2)
    if (bytes[at + i / 2] !== Number.parseInt(want.slice(i, i + 2), 16)) return false;
  return true;
}
