// The `induction-lab` command: what all commands share. Each is declared in commands/ and does its work in work/, which is
// loaded when it is called.
import { printable } from '@induction-lab/core/internal/printable';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { examples, type Measure } from './commands/declare.ts';
import { COMMANDS } from './commands/list.ts';
import type { Surroundings } from './commands/measuringCommand.ts';
import { badInput, EXIT, toCommandError } from './errors.ts';
import { VERSION } from './version.ts';

/** The program with all its commands, which speak to `around`. */
export function createProgram(around: Surroundings): Command {
  /** Runs a command that measures; its outputs are checked first. */
  const measure: Measure = async (name, given, outputs = {}) => {
    const { measuringCommand } = await import('./commands/measuringCommand.ts');
    await measuringCommand(name, given, { ...around, outputs: { figures: given.options.figures, ...outputs } });
  };

  const program = new Command('induction-lab')
    .description('Has this transformer learned induction, by which heads, and how do we know?')
    .version(VERSION)
    .addHelpText('after', examples('npx induction-lab run', 'npx induction-lab train --help'))
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text.split('\n').map(printable).join('\n')),
      // Only the suggestion of a spelling has a line of its own; any other line end came with what was typed.
      outputError: (text, write) => write(text.replace(/\n(?!\(Did you mean|$)/g, ' ')),
    })
    .exitOverride();

  for (const declare of COMMANDS) declare(program, measure);

  // An empty path or list is a variable of the shell that was not set.
  program.hook('preAction', (_, command) => {
    const option = command.options.find((o) => command.getOptionValue(o.attributeName()) === '');
    if (option) throw badInput(`${option.long} is empty; give it a value, or leave it out.`);
    if (command.registeredArguments.some((argument, i) => argument.name() === 'text' && command.args[i]?.trim() === ''))
      throw badInput('The text is empty; write a sentence in quotation marks.');
    if (command.args.includes(''))
      throw badInput(`${command.name()} was given an empty name; name a file or a folder.`);
  });
  return program;
}

/** Runs a command line in this process and ends it with the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const { stdout, stderr } = process;
  // A data module is code of somebody's: what it throws later than it is asked, and the timers that it leaves behind.
  process.on('uncaughtException', (error) => process.exit(tell(error, stderr, placeOf(error))));
  for (const stream of [stdout, stderr]) stream.on('error', (error) => onOutputError(error, stream));
  const runTask: Surroundings['runTask'] = async (task, how) => (await import('./aside/aside.ts')).runAside(task, how);
  process.exitCode = await commandLine(argv, { stdout, stderr, runTask });
  await Promise.all(
    [stdout, stderr].map((stream) => new Promise<void>((written) => stream.write('', () => written()))),
  );
  process.exit();
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
function tell(error: unknown, stream: NodeJS.WriteStream = process.stderr, place = ''): number {
  const { message: what, exitCode } = toCommandError(error);
  const message = `${what}${place}`;
  const label = pc.isColorSupported && stream.isTTY ? pc.red('error:') : 'error:';
  const lines = message.split(/\n(?= {2})/).map((line) => printable(line.replace(/\s*\n\s*/g, ' ')));
  stream.write(`${label} ${lines.join('\n')}\n`);
  return exitCode;
}

/** Where an error was thrown, by the first line of its stack that names a file. */
function placeOf(error: unknown): string {
  const [, file, line] = /(file:\/\/[^\s?]+)\S*?:(\d+):\d+/.exec(String((error as Error | undefined)?.stack)) ?? [];
  return file === undefined ? '' : `, thrown at ${file}:${line}`;
}

/**
 * A reader that has gone away is no failure, nor is a terminal that was closed: the command ends in its own way. Any other
 * failed write ends it here.
 */
function onOutputError(error: NodeJS.ErrnoException, stream: NodeJS.WriteStream): void {
  const gone = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
  if (!gone) process.exit(tell(Object.assign(error, { path: 'the output' })));
}
