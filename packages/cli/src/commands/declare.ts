// What a command is: its options and help, declared here, and its work, loaded when it is called.
import type { Command } from 'commander';
import { badInput } from '../errors.ts';
import type { Outputs } from '../runs/outputs.ts';

/** What a command line gave, as commander knows it. */
export interface Given {
  readonly target: string;
  // biome-ignore lint/suspicious/noExplicitAny: each command knows its own options
  readonly options: any;
}

/** Runs a command that measures, by its name in work/tasks.ts; its outputs are checked first. */
export type Measure = (name: string, given: Given, outputs?: Outputs) => Promise<void>;

/** Adds a command to the program. */
export type DeclareCommand = (program: Command, measure: Measure) => void;

/** Examples below a command's help. */
export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

/** Refuses options that change nothing beside another one: who gives them expects that they do. */
export function refuseIdle(
  command: Command,
  { beside, idle, because }: { beside: string; idle: readonly string[]; because: string },
): void {
  if (command.getOptionValueSource(beside) !== 'cli') return;
  const given = command.options.filter(
    (option) => idle.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given.length > 0)
    throw badInput(
      `${given.map(({ long }) => long).join(' and ')} ${given.length === 1 ? 'has' : 'have'} no effect with --${beside}: ${because}; leave ${given.length === 1 ? 'it' : 'them'} out.`,
    );
}
