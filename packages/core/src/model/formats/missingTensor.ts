// What is said when a file lacks a tensor that its config calls for: what was found instead, and the line that mends it.
import { listed, nearest } from '../../errors/names.ts';
import { printable, quoted } from '../../errors/printable.ts';
import { FileFormatError } from './fileFormatError.ts';
import { mergeShards, shardOf } from './foreignFormats.ts';
import type { HeaderEntry } from './safetensorsHeader.ts';
import { legacyName } from './spellings.ts';

/** Names that are compared with the missing one: enough to find a near one, few enough for a file with a million. */
const COMPARED = 1000;

/** Modules that wrap a model and put their name into those of its weights. */
const WRAPPERS: readonly (readonly [part: string, who: string])[] = [
  ['_orig_mod.', 'torch.compile'],
  ['_fsdp_wrapped_module.', 'FSDP'],
  ['_checkpoint_wrapped_module.', 'activation checkpointing'],
  ['_original_component.', "TransformerLens 4's bridge"],
  ['module.', 'DataParallel'],
];

/** `name` is the legacy name of what is missing, `entries` what the file has under its own names. */
export function missingTensor(name: string, entries: ReadonlyMap<string, HeaderEntry>, file: string): FileFormatError {
  const names = [...entries.keys()];
  const whole = names.find((other) => legacyName(other).name === name); // there, but of whole numbers
  const type = whole === undefined ? '' : ` of fractions (what it has there is ${entries.get(whole)?.type})`;
  return new FileFormatError(
    `${printable(file)} has no tensor ${name}${type}, which its config calls for; ${remedy(name, names, file)}.`,
  );
}

function remedy(name: string, names: readonly string[], file: string): string {
  const shard = shardOf(file);
  if (shard) return `by its name it is shard ${shard.number} of ${shard.total} of a model: ${mergeShards(file)}`;
  const wrapped = wrapper(name, names);
  if (wrapped) return wrapped;
  const embedding = name === 'unembed.W_U' && names.find((other) => legacyName(other).name === 'embed.W_E');
  if (embedding) return writeOutTied(embedding);
  if (names.length === 0) return 'it has none at all: check the file';
  const near = nearest(name, names.slice(0, COMPARED));
  return `the nearest of its ${names.length.toLocaleString('en')} ${names.length === 1 ? 'name is' : 'names are'} ${listed(near)}: check the file and the config`;
}

/** A tied model is saved without its W_U, since that shares the memory of W_E. */
function writeOutTied(embedding: string): string {
  const { spelling } = legacyName(embedding);
  const [W_U, transpose] =
    spelling === 'legacy'
      ? ['unembed.W_U', '.T.contiguous()']
      : [spelling === 'native' ? 'head.weight' : 'unembed.weight', '.clone()'];
  return `if the unembedding is tied to the embedding, write it out before saving, in Python: \`weights["${W_U}"] = weights[${quoted(embedding)}]${transpose}\``;
}

/** The remedy where the names would be right but for what a wrapper put into them. */
function wrapper(name: string, names: readonly string[]): string | null {
  for (const [part, who] of WRAPPERS) {
    const having = names.filter((other) => `.${other}`.includes(`.${part}`));
    if (having.length === 0) continue;
    const all = having.length === names.length ? 'all its names' : `${having.length} of its ${names.length} names`;
    const place = having.every((other) => other.startsWith(part)) ? 'begin with' : 'hold';
    return `${all} ${place} ${quoted(part)}, which ${who} puts there: take it out before saving, in Python: \`weights = {k.replace(${quoted(part)}, ""): v for k, v in weights.items()}\``;
  }
  const found = names.slice(0, COMPARED).find((other) => isWrapped(other, name));
  if (found === undefined) return null;
  const prefix = found.slice(0, found.length - ownLength(found, name));
  const count = names.filter((other) => other.startsWith(prefix)).length;
  const all = count === names.length ? 'all its names' : `${count} of its ${names.length} names`;
  return `${all} begin with ${quoted(prefix)}: take it off before saving, in Python: \`weights = {k.removeprefix(${quoted(prefix)}): v for k, v in weights.items()}\``;
}

/** Whether a name is one of another spelling of `name` behind a prefix. */
const isWrapped = (other: string, name: string): boolean =>
  ownLength(other, name) < other.length && ownLength(other, name) > 0;

/** The length of the end of `other` that spells `name`, 0 where none does. */
function ownLength(other: string, name: string): number {
  for (let dot = -1; ; ) {
    const rest = other.slice(dot + 1);
    if (legacyName(rest).name === name) return rest.length;
    dot = other.indexOf('.', dot + 1);
    if (dot < 0) return 0;
  }
}
