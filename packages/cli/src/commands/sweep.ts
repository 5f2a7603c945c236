import { type Command, InvalidArgumentError, Option } from 'commander';
import { readPart } from '../sweeps/pool/part.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { exact, gpu, quiet, wholeNumber } from './options.ts';

const TARGET = 'a sweep file, or the folder of a sweep that has begun';

const folder = (): Option => new Option('--out <dir>', 'folder of the sweep (default: runs/sweep-NAME)');
const sweepFolder = (): Option =>
  new Option('--sweep-folder <dir>', 'folder of the sweep, where its file is named (default: runs/sweep-NAME)');
const mixed = (what: string): Option => new Option('--mixed', what);
const jobs = (): Option =>
  new Option('--jobs <n>', 'runs at once (default: as many as fit cores and memory)').argParser(wholeNumber(1, 1024));

export const sweep: DeclareCommand = (program) => {
  const all = program
    .command('sweep')
    .description('many runs from a file: axes × seeds, here or on many machines (docs/sweeps.md)')
    .addHelpText(
      'after',
      examples(
        'npx induction-lab sweep plan mine.json',
        'npx induction-lab sweep mine.json',
        'npx induction-lab sweep report runs/sweep-mine',
      ),
    );
  declareRun(all);
  declarePlan(all);
  declareStatus(all);
  declareCollect(all);
  declareReport(all);
  declareQueue(all);
  declareVerify(all);
};

function declareRun(all: Command): void {
  all
    .command('run', { isDefault: true })
    .description('do the runs that are not done yet; go on where it was stopped')
    .argument('<sweep>', TARGET)
    .addOption(folder())
    .addOption(jobs())
    .addOption(
      new Option(
        '--threads <n>',
        'training threads of each run; results do not depend on it (default: one, more where runs are few)',
      ).argParser(wholeNumber(1, 64)),
    )
    .addOption(new Option('--part <i/n>', 'do the i-th of n parts only').argParser(readPart))
    .addOption(
      new Option(
        '--parts <n>',
        'do one of n parts: that of SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, counted from 0',
      )
        .argParser(wholeNumber(1, 1_000_000))
        .conflicts('part'),
    )
    .option('--retry', 'do failed runs again')
    .option('--on <engine>', 'run it elsewhere: redis://host:6379 (workers of a queue), or slurm')
    .addOption(gpu())
    .addOption(mixed('go on with a sweep that another version of the program has begun'))
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples('npx induction-lab sweep run mine.json --jobs 2', 'npx induction-lab sweep runs/sweep-mine --retry'),
    )
    .action(async (target, options) => (await import('../work/sweeps/runSweep.ts')).runSweepCommand(target, options));
}

function declarePlan(all: Command): void {
  all
    .command('plan')
    .description('how many runs, which, and how long they will take; runs none')
    .argument('<sweep>', TARGET)
    .addOption(folder())
    .addOption(jobs())
    .option('--all', 'list every setting')
    .option('--no-time', 'do not measure how long a run takes')
    .option('--json', 'print the plan as JSON')
    .addOption(exact())
    .addHelpText('after', examples('npx induction-lab sweep plan mine.json --all'))
    .action(async (target, options) => (await import('../work/sweeps/planSweep.ts')).planSweepCommand(target, options));
}

function declareStatus(all: Command): void {
  all
    .command('status')
    .description('how far it is: counts, rate, time left, failures with their sentence')
    .argument('<sweep>', TARGET)
    .addOption(folder())
    .option('--json', 'print it as JSON')
    .addHelpText('after', examples('npx induction-lab sweep status runs/sweep-mine --json'))
    .action(async (target, options) =>
      (await import('../work/sweeps/sweepStatusCommand.ts')).sweepStatusCommand(target, options),
    );
}

function declareCollect(all: Command): void {
  all
    .command('collect')
    .description('one table of all runs: Parquet, CSV, JSON Lines; missing and failed runs are named')
    .argument('<sweep>', TARGET)
    .addOption(sweepFolder())
    .addOption(
      new Option(
        '--out <file>',
        'table.parquet, table.csv or table.jsonl; repeatable (default: all three in the folder)',
      ).argParser(severalFiles),
    )
    .option('--force', 'write over --out where it exists')
    .addOption(mixed('take results of several versions of the program together, marked'))
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab sweep collect runs/sweep-mine --out table.csv'))
    .action(async (target, options) =>
      (await import('../work/sweeps/collectSweep.ts')).collectSweepCommand(target, options),
    );
}

function declareReport(all: Command): void {
  all
    .command('report')
    .description('report.html and figures in the folder of the sweep: every run a dot, medians, verdicts, curves')
    .argument('<sweep>', TARGET)
    .addOption(sweepFolder())
    .option('--by <axis>', 'the axis along which figures go, the others in panels (default: the first)')
    .addOption(
      new Option(
        '--markdown <file>',
        'write into this page, too: tables between <!-- NAME:begin --> and <!-- NAME:end -->, a figure between <!-- NAME.FIGURE:begin --> and its end; repeatable',
      ).argParser(severalFiles),
    )
    .option('--images <dir>', 'where figures of pages are written as SVG (default: images, beside the page)')
    .option('--section <name>', 'the NAME of those sections (default: the name of the sweep)')
    .addOption(mixed('take results of several versions of the program together, marked'))
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab sweep report runs/sweep-mine --by task.periods'))
    .action(async (target, options) =>
      (await import('../work/sweeps/reportSweep.ts')).reportSweepCommand(target, options),
    );
}

function declareQueue(all: Command): void {
  const on = (): Option =>
    new Option('--on <address>', 'Redis or Valkey, as in redis://host:6379').makeOptionMandatory();
  all
    .command('push')
    .description('send what is not done yet to a queue, for workers on any machines')
    .argument('<sweep>', TARGET)
    .addOption(on())
    .addOption(folder())
    .option('--retry', 'send failed runs again')
    .addOption(mixed('go on with a sweep that another version of the program has begun'))
    .addOption(exact())
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab sweep push mine.json --on redis://host:6379'))
    .action(async (target, options) =>
      (await import('../work/sweeps/queueSweep.ts')).pushSweepCommand(target, options),
    );
  all
    .command('pull')
    .description('take results from a queue into the folder of the sweep')
    .argument('<sweep>', TARGET)
    .addOption(on())
    .addOption(folder())
    .option('--wait', 'until all are there')
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab sweep pull mine.json --on redis://host:6379 --wait'))
    .action(async (target, options) =>
      (await import('../work/sweeps/queueSweep.ts')).pullSweepCommand(target, options),
    );
}

function declareVerify(all: Command): void {
  all
    .command('verify')
    .description(
      'do a random share of the finished runs again and compare: with exact kernels every bit must be the same',
    )
    .argument('<sweep>', TARGET)
    .addOption(sweepFolder())
    .addOption(new Option('--share <s>', 'share of the runs, above 0 and at most 1').argParser(readShare).default(0.05))
    .addOption(new Option('--seed <n>', 'seed of the choice').argParser(wholeNumber(0)).default(0))
    .option('--on <address>', 'let the workers of a queue do it: redis://host:6379')
    .addOption(jobs())
    .addOption(quiet())
    .addHelpText('after', examples('npx induction-lab sweep verify runs/sweep-mine --share 0.1'))
    .action(async (target, options) =>
      (await import('../work/sweeps/verifySweep.ts')).verifySweepCommand(target, options),
    );
}

/** A file more, of an option that may be given several times. */
const severalFiles = (file: string, all: string[] = []): string[] => [...all, file];

function readShare(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It must be a number above 0 and at most 1.');
  return value;
}
