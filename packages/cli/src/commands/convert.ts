import { basename } from 'node:path';
import { Option } from 'commander';
import { badInput } from '../errors.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { bos, modelConfig, quiet, wholeNumber } from './options.ts';

/** Formats that are folders: a config.json beside a model.safetensors. */
const FOLDERS = ['transformer-lens', 'hugging-face'];

export const convert: DeclareCommand = (program, measure) => {
  program
    .command('convert')
    .description('write a model for TransformerLens, for transformers, or as a checkpoint of our own')
    .argument('<model>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub')
    .argument('[out]', 'what to write: a new folder, or for safetensors a file (default: named after the model, here)')
    .addOption(new Option('--to <format>', 'what to write').choices([...FOLDERS, 'safetensors']).makeOptionMandatory())
    .option('--out <path>', 'the same as [out]')
    .option('--force', 'write over a file that exists')
    .option(
      '--context <n>',
      'positions that the model keeps: of a table the first, and TransformerLens’s masks and angles are smaller',
      wholeNumber(1),
    )
    .addOption(modelConfig())
    .addOption(bos())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab convert SmolLM2-135M.gguf --to hugging-face smollm2',
        'npx induction-lab convert model.safetensors --to transformer-lens for-python',
      ),
    )
    .action((target: string, place: string | undefined, options) => {
      const { to, force, modelConfig } = options;
      if (place !== undefined && options.out !== undefined)
        throw badInput(`convert was told twice where to write, ${place} and --out ${options.out}; name one of them.`);
      const out = place ?? options.out ?? usualPlace(target, to);
      const inputs = [target, ...(modelConfig === undefined ? [] : [modelConfig])];
      const outputs = FOLDERS.includes(to) ? { folder: out } : { out, force, inputs };
      return measure('convert', { target, options: { ...options, out } }, outputs);
    });
};

/** In the current folder, after the model's name. */
function usualPlace(target: string, to: string): string {
  const stem = basename(target).replace(/\.(safetensors|gguf)$/, '');
  return FOLDERS.includes(to) ? `${stem}-${to}` : `${stem}-converted.safetensors`;
}
