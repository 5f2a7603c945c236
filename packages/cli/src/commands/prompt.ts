import { Option } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';
import { languageOptions } from './languageOptions.ts';
import { wholeNumber } from './options.ts';

export const prompt: DeclareCommand = (program, measure) => {
  const command = program
    .command('prompt')
    .description('read one text closely: losses, where induction heads look, what is left of the copying without them')
    .argument('<model>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub')
    .argument('<text>', 'a text in which something comes twice; tokens as numbers where there is no tokenizer');
  languageOptions(command)
    .addOption(
      new Option('--top <n>', 'induction heads that are switched off together').argParser(wholeNumber(1)).default(4),
    )
    .addOption(
      new Option('--likely <n>', 'likely next tokens of each position, for --json')
        .argParser(wholeNumber(1, 100))
        .default(5),
    )
    .option('--any-text', 'read a text in which nothing comes twice, too')
    .option('--html <file>', 'write a page that shows it with arcs, a file that a browser opens')
    .option('--force', 'write over that file if it exists')
    .addHelpText(
      'after',
      examples(
        'npx induction-lab prompt pythia-70m "Tessa met Zorblat in Lisbon. Years later Tessa met"',
        'npx induction-lab prompt pythia-70m "Tessa met Zorblat in Lisbon. Years later Tessa met" --html tessa.html',
        'npx induction-lab prompt model.safetensors "3 17 9 3"',
      ),
    )
    .action((target, text, options) => {
      const { html, force } = options;
      return measure('prompt', { target, options: { ...options, text } }, { out: html, outOption: '--html', force });
    });
};
