import { Option } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';
import { quiet, wholeNumber } from './options.ts';

export const worker: DeclareCommand = (program) => {
  program
    .command('worker')
    .description('do runs of sweeps that were pushed into a queue (docs/sweeps.md); join and leave at will')
    .addOption(new Option('--on <address>', 'Redis or Valkey, as in redis://host:6379').makeOptionMandatory())
    .addOption(new Option('--jobs <n>', 'runs at once (default: one for each core)').argParser(wholeNumber(1, 1024)))
    .addOption(new Option('--threads <n>', 'training threads of each run').argParser(wholeNumber(1, 64)).default(1))
    .option(
      '--state <dir>',
      'where runs under way are saved, to go on from (default: induction-lab/half in the user’s cache)',
    )
    .option('--until-empty', 'end when nothing is left to do')
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab worker --on redis://user:password@host:6379'))
    .action(async (options) => (await import('../work/workerCommand.ts')).workerCommand(options));
};
