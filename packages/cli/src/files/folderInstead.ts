// What is said to somebody who named a folder where a file was wanted: which file in it they may have meant.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { mergeShards } from '@induction-lab/core/internal';
import { listed } from '@induction-lab/core/internal/names';
import { printable } from '@induction-lab/core/internal/printable';

/** The sentence for a folder given in place of a `what` (checkpoint, model config, token file ...). */
export function folderInstead(path: string, what: string): string {
  const sentence = `${printable(path)} is a folder; name the ${what} in it`;
  const inside = namesIn(path);
  if (what !== 'checkpoint')
    return sentenceWith(
      sentence,
      inside.filter((name) => name.endsWith('.json')),
    );
  const shards = inside.filter((name) => /-\d{3,6}-of-\d{3,6}\.safetensors$/.test(name));
  if (shards.length > 1)
    return `${sentence}: it holds ${shards.length} shards of one model (${listed(shards)}), so first ${mergeShards(shards[0] as string)}.`;
  const steps = namesIn(join(path, 'checkpoints')).filter((name) => /^step-\d+\.safetensors$/.test(name));
  if (steps.length > 0) return sentenceWith(sentence, [join('checkpoints', steps.at(-1) as string)]);
  const files = inside.filter((name) => /\.(safetensors|gguf)$/.test(name));
  if (files.length > 0) return sentenceWith(sentence, files);
  const others = inside.filter((name) => /\.(bin|pt|pth|ckpt|npz|onnx|h5|keras)$/.test(name));
  return others.length > 0
    ? `${sentence} (${listed(others)}: no .safetensors yet, but naming it tells how to convert it).`
    : `${sentence}: no .safetensors file lies there.`;
}

const sentenceWith = (sentence: string, names: readonly string[]): string =>
  names.length === 0 ? `${sentence}.` : `${sentence}, such as ${listed(names)}.`;

/** Sorted; nothing where there is no such folder or it may not be read. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
