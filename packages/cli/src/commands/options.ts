// Options that several commands have. Nothing here loads the library: help and usage errors are told at once.
import { InvalidArgumentError, Option } from 'commander';
import { usualThreads } from '../runs/threadCount.ts';

export const wholeNumber =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(
        `It must be a whole number, ${least} or more${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}.`,
      );
    return value;
  };

export const seed = (): Option =>
  new Option('--seed <n>', 'seed of initial weights and batches').argParser(wholeNumber(0));
export const threads = (): Option =>
  new Option('--threads <n>', 'training threads; the result does not depend on it')
    .argParser(wholeNumber(1))
    .default(usualThreads(), 'all cores, at most 8');
/** Of what measures. */
export const measuringThreads = (): Option =>
  new Option('--threads <n>', 'threads that share large models’ passes; the result does not depend on it')
    .argParser(wholeNumber(1))
    .default(usualThreads(), 'all cores, at most 8');
export const mlp = (): Option =>
  new Option(
    '--mlp <n>',
    'an MLP of n neurons behind the attention of each layer (GELU, unless the config says)',
  ).argParser(wholeNumber(1));
export const exact = (): Option =>
  new Option('--exact', 'plain-SIMD kernels: the same bits on every machine, a little slower');
export const gpu = (): Option =>
  new Option(
    '--gpu [name]',
    'train on the GPU (experimental; needs the npm package webgpu): hardware, or the adapter of that name',
  );
export const probeSeed = (): Option =>
  new Option('--seed <n>', 'seed of the probes').argParser(wholeNumber(0)).default(0);
export const quiet = (): Option => new Option('--quiet', 'no progress');
export const out = (): Option => new Option('--out <dir>', 'folder for the results (default: a new one under runs/)');
export const prompts = (): Option =>
  new Option(
    '--prompts <file>',
    'measure on prompts of your own, a JSON file (docs/prompts.md), not on drawn sequences',
  );
export const measure = (): Option =>
  new Option('--measure <what>', 'what is measured of each sequence (default: the loss)').choices([
    'loss',
    'logit-diff',
    'probability',
  ]);
export const integrationSteps = (line: string): Option =>
  new Option(
    '--integration-steps <n>',
    `attribution by integrated gradients too, at so many points of ${line} (8 are usual)`,
  ).argParser(wholeNumber(1, 1000));
export const figures = (): Option =>
  new Option('--figures <dir>', 'write the figures (SVG and PNG, light and dark) into this new folder');
export const bos = (): Option =>
  new Option(
    '--bos <token>',
    'start token that the model saw in front of every sequence, where the file does not say so',
  ).argParser(wholeNumber(0));
export const modelConfig = (): Option =>
  new Option('--model-config <file>', 'TransformerLens config (JSON) for a checkpoint that holds none');
export const tokenizer = (): Option =>
  new Option('--tokenizer <file>', 'tokenizer.json of the model (default: the one beside it)');
export const tokensFrom = (what: string): Option =>
  new Option(
    '--tokens-from <what>',
    `${what} from a number on, from a range (259..511), or those in a file (.json, .jsonl, .bin, .safetensors)`,
  );

/** Tokens and ranges of them, as in 0,60-63. */
function readTokens(text: string): number[] {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) throw new InvalidArgumentError('It must look like 5,7 or 0,60-63.');
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number) as [number, number?];
    if (to < from || to - from > MOST_TOKENS) throw new InvalidArgumentError(`${part} is no range of tokens.`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** No vocabulary is larger. */
const MOST_TOKENS = 2 ** 24;

/** What sequences begin with, and which tokens they are drawn from. */
export const drawn = (): Option[] => [
  bos(),
  new Option(
    '--prefix <tokens>',
    'tokens that all sequences begin with, behind a start token, as in 5,7: for a model that waits for them',
  ).argParser(readTokens),
  new Option('--exclude-tokens <tokens>', 'tokens that training never showed, as in 0,60-63: none of them is drawn')
    .argParser(readTokens)
    .conflicts('tokensFrom'),
  tokensFrom('draw tokens'),
];
/** The same as attributes. */
export const DRAWN: readonly string[] = ['prefix', 'excludeTokens', 'tokensFrom'];
