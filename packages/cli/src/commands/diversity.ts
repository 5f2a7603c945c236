import { Option } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';
import { exact, out, quiet, threads, wholeNumber } from './options.ts';

export const diversity: DeclareCommand = (program) => {
  program
    .command('diversity')
    .description(
      'how varied must the data be for the circuit to form? Trains many short runs (seven minutes on two cores)',
    )
    .addOption(new Option('--sweep <knob>', 'turn one knob only').choices(['width', 'share']))
    .addOption(new Option('--seeds <n>', 'runs of each setting').argParser(wholeNumber(1, 1000)).default(4))
    .addOption(new Option('--steps <n>', 'steps of each run').argParser(wholeNumber(60)).default(600))
    .addOption(out())
    .addOption(threads())
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples('npx induction-lab diversity', 'npx induction-lab diversity --sweep share --seeds 2'),
    )
    .action(async (options) => (await import('../work/diversityCommand.ts')).diversityCommand(options));
};
