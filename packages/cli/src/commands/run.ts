import { type DeclareCommand, examples } from './declare.ts';
import { exact, gpu, mlp, out, quiet, seed, threads } from './options.ts';

export const run: DeclareCommand = (program) => {
  program
    .command('run')
    .description(
      'tell the story in five trainings, score and audit them, and write a report (about two minutes on two cores)',
    )
    .addOption(seed().default(1))
    .option('--quick', 'fewer steps: 500, 500, 800, 600 and 600')
    .addOption(mlp())
    .addOption(out())
    .addOption(threads())
    .addOption(exact())
    .addOption(gpu())
    .addOption(quiet())
    .option('--csv', 'metrics as CSV too')
    .addHelpText(
      'after',
      examples(
        'npx induction-lab run',
        'npx induction-lab run --quick --seed 7 --out runs/seven',
        'npx induction-lab run --quick --mlp 256',
      ),
    )
    .action(async (options) => (await import('../work/runCommand.ts')).runCommand(options));
};
