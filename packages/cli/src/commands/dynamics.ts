import { Option } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';
import { drawn, exact, figures, measuringThreads, probeSeed, quiet, wholeNumber } from './options.ts';

export const dynamics: DeclareCommand = (program, measure) => {
  const command = program
    .command('dynamics')
    .description('the phase change of a training run, from its checkpoints')
    .argument('<run>', 'a folder that train wrote')
    .option('--json', 'print everything as JSON')
    .addOption(figures())
    .addOption(new Option('--sequences <n>', 'sequences of each probe').argParser(wholeNumber(2, 4096)).default(24))
    .addOption(
      new Option('--checkpoints <n>', 'measure at most so many, evenly spread').argParser(wholeNumber(2)).default(60),
    )
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(measuringThreads())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples('npx induction-lab dynamics runs/mine', 'npx induction-lab dynamics runs/mine --figures figures'),
    )
    .action((target, options) => measure('dynamics', { target, options }));
  for (const option of drawn()) command.addOption(option);
};
