import { Option } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';
import { languageOptions } from './languageOptions.ts';
import { wholeNumber } from './options.ts';

export const heads: DeclareCommand = (program, measure) => {
  const command = program
    .command('heads')
    .description('which heads of a language model copy? every head by every detector, on random tokens that repeat')
    .argument('<model>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub');
  languageOptions(command)
    .addOption(
      new Option('--period <n>', 'length of the block that repeats (default: 25, or what fits)').argParser(
        wholeNumber(2),
      ),
    )
    .addOption(new Option('--sequences <n>', 'sequences of each kind').argParser(wholeNumber(2, 4096)).default(32))
    .option('--detectors <file>', 'score heads by detectors of your own too: a module (.mjs) that exports them')
    .addOption(new Option('--top <n>', 'heads in the table').argParser(wholeNumber(1)).default(12))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab heads pythia-70m',
        'npx induction-lab heads gpt2 --bos 50256 --figures figures',
        'npx induction-lab heads examples/stories260K --tokens-from 259..511',
        'npx induction-lab heads model.safetensors --period 8 --json',
      ),
    )
    .action((target, options) => measure('heads', { target, options }));
};
