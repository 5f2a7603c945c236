// The `induction-lab` command: options and help; each command's work is in a file of its own, loaded when it is called.
import type { Clamp } from '@induction-lab/core/node';
import { printable } from '@induction-lab/core/printable';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import type { Surroundings } from './commands/measuringCommand.ts';
import { PRESETS } from './commands/presetNames.ts';
import { usualThreads } from './commands/threadCount.ts';
import { badInput, EXIT, toCommandError } from './errors.ts';
import type { Outputs } from './runs/outputs.ts';
import { VERSION } from './version.ts';

const wholeNumber =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(
        `It must be a whole number, ${least} or more${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}.`,
      );
    return value;
  };

function readClamp(text: string): Clamp {
  const found = /^L(\d+)H(\d+):(freeze|ablate)@(\d+)$/.exec(text);
  if (!found || Number(found[4]) < 1)
    throw new InvalidArgumentError(
      'It must look like L0H1:ablate@100: a head, freeze or ablate, and the first step held, from 1.',
    );
  const [, layer, head, kind, fromStep] = found;
  return { kind: kind as Clamp['kind'], layer: Number(layer), head: Number(head), fromStep: Number(fromStep) };
}

const seed = (): Option => new Option('--seed <n>', 'seed of initial weights and batches').argParser(wholeNumber(0));
const threads = (): Option =>
  new Option('--threads <n>', 'training threads; the result does not depend on it')
    .argParser(wholeNumber(1))
    .default(usualThreads(), 'all cores, at most 8');
const exact = (): Option =>
  new Option('--exact', 'plain-SIMD kernels: the same bits on every machine, a little slower');
const probeSeed = (): Option => new Option('--seed <n>', 'seed of the probes').argParser(wholeNumber(0)).default(0);
const quiet = (): Option => new Option('--quiet', 'no progress');

/** What a command line gave, as commander knows it. */
interface Given {
  readonly target: string;
  // biome-ignore lint/suspicious/noExplicitAny: each command knows its own options
  readonly options: any;
}

/** Refuses options that change nothing beside another one: who gives them expects that they do. */
function refuseIdle(command: Command, beside: string, idle: readonly string[], because: string): void {
  if (command.getOptionValueSource(beside) !== 'cli') return;
  const given = command.options.filter(
    (option) => idle.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given.length > 0)
    throw badInput(
      `${given.map(({ long }) => long).join(' and ')} ${given.length === 1 ? 'has' : 'have'} no effect with --${beside}: ${because}; leave ${given.length === 1 ? 'it' : 'them'} out.`,
    );
}

function createProgram(around: Surroundings): Command {
  /** Runs a command that measures; its outputs are checked first. */
  const measure = async (name: string, given: Given, outputs: Outputs = {}): Promise<void> => {
    const { measuringCommand } = await import('./commands/measuringCommand.ts');
    await measuringCommand(name, given, { ...around, outputs: { figures: given.options.figures, ...outputs } });
  };

  const program = new Command('induction-lab')
    .description('Has this transformer learned induction, by which heads, and how do we know?')
    .version(VERSION)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text.split('\n').map(printable).join('\n')),
      // Only the suggestion of a spelling has a line of its own; any other line end came with what was typed.
      outputError: (text, write) => write(text.replace(/\n(?!\(Did you mean|$)/g, ' ')),
    })
    .exitOverride();

  /** A command that analyses one checkpoint. */
  const analysis = (name: string, description: string, sequences: number): Command =>
    program
      .command(name)
      .description(description)
      .argument('<checkpoint>', 'a .safetensors file')
      .option('--json', 'print everything as JSON')
      .option('--figures <dir>', 'write the figures (SVG and PNG, light and dark) into this new folder')
      .option('--model-config <file>', 'TransformerLens config (JSON) for a checkpoint that holds none')
      .addOption(new Option('--sequences <n>', 'sequences in all').argParser(wholeNumber(2, 4096)).default(sequences))
      .addOption(probeSeed())
      .addOption(exact())
      .addOption(quiet())
      .action((target, options) => measure(name, { target, options }));

  program
    .command('run')
    .description('train the four presets, score and audit them, and write a report (under two minutes on two cores)')
    .addOption(seed().default(1))
    .option('--quick', 'fewer steps: 500, 500, 800 and 600')
    .option('--out <dir>', 'folder for the results (default: a new one under runs/)')
    .addOption(threads())
    .addOption(exact())
    .addOption(quiet())
    .option('--csv', 'metrics as CSV too')
    .addHelpText('after', examples('npx induction-lab run', 'npx induction-lab run --quick --seed 7 --out runs/seven'))
    .action(async (options) => (await import('./commands/runCommand.ts')).runCommand(options));

  program
    .command('train')
    .description('train one model into a run folder')
    .addOption(new Option('--preset <name>', 'a preset').choices(PRESETS))
    .option('--config <file>', 'an experiment of your own (JSON like the presets)')
    .option(
      '--data <file>',
      'train on this in place of the task: a module (.mjs) or tokens (.jsonl, .bin, .safetensors)',
    )
    .addOption(
      new Option('--data-dtype <type>', 'how the tokens of a .bin are stored (default: uint16)').choices([
        'uint16',
        'int32',
      ]),
    )
    .addOption(seed())
    .addOption(
      new Option('--steps <n>', 'train for so many steps; a falling schedule stretches').argParser(wholeNumber(1)),
    )
    .addOption(
      new Option(
        '--threads <n>',
        'training threads; the result does not depend on it (default: all cores, at most 8)',
      ).argParser(wholeNumber(1)),
    )
    .option('--out <dir>', 'folder for the run (default: a new one under runs/)')
    .option(
      '--resume <dir>',
      'continue the run in this folder as it was begun, with the same bits as if it had never stopped',
    )
    .addOption(
      new Option('--clamp <head>', 'hold a head from a step on, as in L0H1:ablate@100 or L0H1:freeze@1; repeatable')
        .argParser((text: string, all: Clamp[]) => [...all, readClamp(text)])
        .default([], 'none'),
    )
    .addOption(new Option('--checkpoint-every <n>', 'keep a checkpoint every n steps too').argParser(wholeNumber(1)))
    .addOption(
      new Option('--scores-every <n>', 'log head scores every n steps, 0 for never (default: 100)').argParser(
        wholeNumber(0),
      ),
    )
    .option('--per-position', 'log the loss at every position too')
    .option('--csv', 'metrics as CSV too')
    .option('--json', 'print every record as a line of JSON')
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab train --preset varied --seed 3',
        'npx induction-lab train --config mine.json --steps 5000',
        'npx induction-lab train --config mine.json --data tokens.jsonl',
        'npx induction-lab train --resume runs/2026-01-31T120000-varied',
      ),
    )
    .action(async (options) => (await import('./commands/trainCommand.ts')).trainCommand(options));

  program
    .command('audit')
    .description('scores and verdict of any attention-only checkpoint (.safetensors)')
    .argument('<checkpoint>', 'a .safetensors file')
    .option('--json', 'print everything as JSON')
    .option('--figures <dir>', 'write the figures (SVG and PNG, light and dark) into this new folder')
    .option('--model-config <file>', 'TransformerLens config (JSON) for a checkpoint that holds none')
    .addOption(new Option('--sequences <n>', 'sequences of each probe').argParser(wholeNumber(8, 4096)).default(64))
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(quiet())
    .addOption(new Option('--csv', 'print the head scores as CSV').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab audit runs/mine/checkpoints/step-003000.safetensors',
        'npx induction-lab audit model.safetensors --model-config config.json --json',
      ),
    )
    .action((target, options) => measure('audit', { target, options }));

  analysis('ablate', 'the loss on repeats without each head, and without each layer', 96)
    .addOption(
      new Option('--kind <kind>', 'how a head is taken out')
        .choices(['zero', 'mean', 'resample', 'pattern-preserving'])
        .default('zero'),
    )
    .addHelpText(
      'after',
      examples(
        'npx induction-lab ablate model.safetensors',
        'npx induction-lab ablate model.safetensors --kind pattern-preserving --figures figures',
      ),
    );

  analysis('patch', 'put activations of a clean run into a corrupted one: how much comes back?', 32)
    .addOption(
      new Option('--corruption <kind>', 'what is done to the first copy of the block')
        .choices(['break-repeat', 'change-match', 'shift-block'])
        .default('change-match'),
    )
    .option('--hook <glob>', 'what to patch: a hook point or a glob', 'blocks.*.attn.hook_z')
    .option('--by-position', 'each position alone too')
    .addOption(
      new Option('--period <n>', 'length of the block (default: a period that the model solves)').argParser(
        wholeNumber(2),
      ),
    )
    .option('--clean <tokens>', 'a prompt of your own, as token numbers; its last token is what is predicted')
    .option('--corrupted <tokens>', 'the prompt to patch into, of equal length')
    .addHelpText(
      'after',
      examples(
        'npx induction-lab patch model.safetensors --by-position --figures figures',
        "npx induction-lab patch model.safetensors --hook 'blocks.*.hook_resid_pre' --by-position",
        'npx induction-lab patch model.safetensors --clean "7 3 9 7 3" --corrupted "5 3 9 7 3"',
      ),
    )
    .action((target, options, command) => {
      const idle = ['corruption', 'period', 'sequences', 'seed'];
      for (const prompt of ['clean', 'corrupted'])
        refuseIdle(command, prompt, idle, 'the given prompts are all that is run');
      return measure('patch', { target, options });
    });

  analysis('compose', 'composition of pairs of heads: what the weights say, and what each path carries', 96)
    .addOption(
      new Option('--by <what>', 'what takes the place of a path: nothing, or its mean')
        .choices(['zero', 'mean'])
        .default('zero'),
    )
    .addHelpText(
      'after',
      examples(
        'npx induction-lab compose model.safetensors',
        'npx induction-lab compose model.safetensors --figures figures',
      ),
    );

  analysis('prove', 'name the circuit and measure how much of the work it does', 96).addHelpText(
    'after',
    examples('npx induction-lab prove model.safetensors', 'npx induction-lab prove model.safetensors --json'),
  );

  program
    .command('dynamics')
    .description('the phase change of a training run, from its checkpoints')
    .argument('<run>', 'a folder that train wrote')
    .option('--json', 'print everything as JSON')
    .option('--figures <dir>', 'write the figures (SVG and PNG, light and dark) into this new folder')
    .addOption(new Option('--sequences <n>', 'sequences of each probe').argParser(wholeNumber(2, 4096)).default(24))
    .addOption(
      new Option('--checkpoints <n>', 'measure at most so many, evenly spread').argParser(wholeNumber(2)).default(60),
    )
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples('npx induction-lab dynamics runs/mine', 'npx induction-lab dynamics runs/mine --figures figures'),
    )
    .action((target, options) => measure('dynamics', { target, options }));

  program
    .command('diversity')
    .description(
      'how varied must the data be for the circuit to form? Trains many short runs (seven minutes on two cores)',
    )
    .addOption(new Option('--sweep <knob>', 'turn one knob only').choices(['width', 'share']))
    .addOption(new Option('--seeds <n>', 'runs of each setting').argParser(wholeNumber(1, 1000)).default(4))
    .addOption(new Option('--steps <n>', 'steps of each run').argParser(wholeNumber(60)).default(600))
    .option('--out <dir>', 'folder for the results (default: a new one under runs/)')
    .addOption(threads())
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples('npx induction-lab diversity', 'npx induction-lab diversity --sweep share --seeds 2'),
    )
    .action(async (options) => (await import('./commands/diversityCommand.ts')).diversityCommand(options));

  program
    .command('cache')
    .description('run a checkpoint on given tokens and save logits, losses, activations and gradients')
    .argument('<checkpoint>', 'a .safetensors file')
    .requiredOption('--tokens <file>', 'JSON: an array of equally long arrays of tokens')
    .requiredOption('--out <file>', 'the .safetensors file to write')
    .option('--force', 'write over that file if it exists')
    .option(
      '--names <glob>',
      'activations to keep, by hook name; repeatable',
      (glob: string, all: string[]) => [...all, glob],
      [],
    )
    .option('--gradients', 'also grad.<weight> of the mean next-token loss over positions 0 … T−2')
    .option('--model-config <file>', 'TransformerLens config (JSON) for a checkpoint that holds none')
    .addOption(exact())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab cache model.safetensors --tokens tokens.json --out cache.safetensors',
        "npx induction-lab cache model.safetensors --tokens tokens.json --out cache.safetensors --names 'blocks.*.attn.hook_pattern' --gradients",
      ),
    )
    .action((target, options) => {
      const { out, force, tokens, modelConfig } = options;
      const inputs = [target, tokens, ...(modelConfig === undefined ? [] : [modelConfig])];
      return measure('cache', { target, options }, { out, force, inputs });
    });

  // An empty path or list is a variable of the shell that was not set.
  program.hook('preAction', (_, command) => {
    const option = command.options.find((o) => command.getOptionValue(o.attributeName()) === '');
    if (option) throw badInput(`${option.long} is empty; give it a value, or leave it out.`);
    if (command.args.includes(''))
      throw badInput(`${command.name()} was given an empty name; name a file or a folder.`);
  });
  return program;
}

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

/** Runs a command line in this process and sets its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', (error) => onOutputError(error, stream));
  const runTask: Surroundings['runTask'] = async (task, how) => (await import('./aside/aside.ts')).runAside(task, how);
  process.exitCode = await commandLine(argv, { stdout, stderr, runTask });
}

/** Runs a command line; returns the exit code: 0 done, 1 failed, 2 bad input or usage, 130 interrupted. */
export async function commandLine(argv: readonly string[], around: Surroundings): Promise<number> {
  try {
    await createProgram(around).parseAsync(argv as string[]);
    return EXIT.done;
  } catch (error) {
    // Of what it refuses commander has said why.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
    return tell(error, around.stderr);
  }
}

/**
 * Prints a failure without anything that acts on a terminal, also where a file's contents or its name bring control
 * characters along. Lines that begin with two spaces, such as code to run, stay lines.
 */
function tell(error: unknown, stream: NodeJS.WriteStream = process.stderr): number {
  const { message, exitCode } = toCommandError(error);
  const label = pc.isColorSupported && stream.isTTY ? pc.red('error:') : 'error:';
  const lines = message.split(/\n(?= {2})/).map((line) => printable(line.replace(/\s*\n\s*/g, ' ')));
  stream.write(`${label} ${lines.join('\n')}\n`);
  return exitCode;
}

/**
 * A reader that has gone away is no failure, nor is a terminal that was closed: the command ends in its own way. Any other
 * failed write ends it here.
 */
function onOutputError(error: NodeJS.ErrnoException, stream: NodeJS.WriteStream): void {
  const gone = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
  if (!gone) process.exit(tell(Object.assign(error, { path: 'the output' })));
}
