import { type DeclareCommand, examples } from './declare.ts';
import { exact, modelConfig, quiet } from './options.ts';

export const cache: DeclareCommand = (program, measure) => {
  program
    .command('cache')
    .description('run a checkpoint on given tokens and save logits, losses, activations and gradients')
    .argument('<checkpoint>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub')
    .requiredOption('--tokens <file>', 'JSON: an array of equally long arrays of tokens')
    .requiredOption('--out <file>', 'the .safetensors file to write')
    .option('--force', 'write over that file if it exists')
    .option(
      '--names <glob>',
      'activations to keep, by hook name; repeatable',
      (glob: string, all: string[]) => [...all, glob],
      [],
    )
    .option('--gradients', 'also grad.<weight> of the mean next-token loss over positions 0 … T−2')
    .addOption(modelConfig())
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab cache model.safetensors --tokens tokens.json --out cache.safetensors',
        "npx induction-lab cache model.safetensors --tokens tokens.json --out cache.safetensors --names 'blocks.*.attn.hook_pattern' --gradients",
      ),
    )
    .action((target, options) => {
      const { out, force, tokens, modelConfig } = options;
      const inputs = [target, tokens, ...(modelConfig === undefined ? [] : [modelConfig])];
      return measure('cache', { target, options }, { out, force, inputs });
    });
};
