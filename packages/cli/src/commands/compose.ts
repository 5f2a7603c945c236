import { Option } from 'commander';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { integrationSteps } from './options.ts';

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
    .addOption(integrationSteps('each line'))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab compose model.safetensors',
        'npx induction-lab compose model.safetensors --figures figures',
        'npx induction-lab compose model.safetensors --prompts prompts.json --measure logit-diff',
        'npx induction-lab compose model.safetensors --integration-steps 8',
      ),
    );
};
