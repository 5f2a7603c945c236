import { Option } from 'commander';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { tokenizer, wholeNumber } from './options.ts';

/** Evaluates the circuit; `prove` is its old name. */
export const evaluate: DeclareCommand = (program, measure) => {
  const description = 'name the circuit and evaluate it: its faithfulness (kept) and completeness (lost)';
  for (const [name, what] of [
    ['evaluate', description],
    ['prove', 'evaluate, by its old name'],
  ] as const)
    analysisOf(program, measure, {
      name,
      description: what,
      sequences: { usual: 96, fewer: true },
      idleBesidePrompts: ['sequences', 'tokenizer', 'candidates'],
    })
      .addOption(tokenizer())
      .addOption(
        new Option(
          '--candidates <n>',
          'of a language model: heads that are measured, those with the largest attribution (default: 16)',
        ).argParser(wholeNumber(1)),
      )
      .addHelpText(
        'after',
        examples(
          'npx induction-lab evaluate model.safetensors',
          'npx induction-lab evaluate model.safetensors --json',
          'npx induction-lab evaluate pythia-70m --candidates 24',
          'npx induction-lab evaluate model.safetensors --prompts prompts.json --measure logit-diff',
        ),
      );
};
