import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';

export const prove: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'prove',
    description: 'name the circuit and measure its faithfulness: how much of the work it does',
    sequences: { usual: 96 },
  }).addHelpText(
    'after',
    examples('npx induction-lab prove model.safetensors', 'npx induction-lab prove model.safetensors --json'),
  );
};
