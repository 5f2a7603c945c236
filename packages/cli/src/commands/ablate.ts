import { Option } from 'commander';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';

export const ablate: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'ablate',
    description: 'the loss on repeats, or a measure on your prompts, without each head and each layer',
    sequences: { usual: 96 },
    idleBesidePrompts: ['sequences', 'seed'],
  })
    .addOption(
      new Option('--kind <kind>', 'how a head is ablated')
        .choices(['zero', 'mean', 'resample', 'pattern-preserving'])
        .default('zero'),
    )
    .addHelpText(
      'after',
      examples(
        'npx induction-lab ablate model.safetensors',
        'npx induction-lab ablate model.safetensors --kind pattern-preserving --figures figures',
        'npx induction-lab ablate model.safetensors --prompts prompts.json --measure logit-diff',
      ),
    );
};
