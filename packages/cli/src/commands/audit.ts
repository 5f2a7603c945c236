import { Option } from 'commander';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';

export const audit: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'audit',
    description: 'scores and verdict of any attention-only checkpoint (.safetensors)',
    sequences: { usual: 64, least: 8, meaning: 'sequences of each probe' },
  })
    .addOption(new Option('--csv', 'print the head scores as CSV').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab audit runs/mine/checkpoints/step-003000.safetensors',
        'npx induction-lab audit model.safetensors --model-config config.json --json',
      ),
    );
};
