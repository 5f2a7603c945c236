import { Option } from 'commander';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';

export const compose: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'compose',
    description: 'composition of pairs of heads: what the weights say, and what each path carries',
    sequences: { usual: 96 },
    idleBesidePrompts: ['sequences'],
  })
    .addOption(
      new Option('--by <what>', 'what an ablated edge leaves: nothing, or its mean')
        .choices(['zero', 'mean'])
        .default('zero'),
    )
    .addHelpText(
      'after',
      examples(
        'npx induction-lab compose model.safetensors',
        'npx induction-lab compose model.safetensors --figures figures',
        'npx induction-lab compose model.safetensors --prompts prompts.json --measure logit-diff',
      ),
    );
};
