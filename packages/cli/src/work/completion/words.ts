// What can be typed behind `induction-lab`: commands, options and the kinds of their values, read off the declarations.
import type { Command, Option } from 'commander';

/** What may stand for a value: nothing does, one of a few words, a file, a folder, or something that no shell can know. */
export type Value = 'none' | 'file' | 'folder' | 'any' | readonly string[];

export interface CompletedOption {
  /** As typed: `--seed`, and `-h` where there is a short one. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: Value;
  /** Whether the value may be left out. */
  readonly optional: boolean;
}

export interface CompletedCommand {
  /** As typed: '' for the program itself, `sweep plan` for a command of a command. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly Value[];
  readonly commands: readonly CompletedCommand[];
}

/** Placeholders of values that are files or folders. */
const FILES: readonly string[] = ['file', 'model', 'checkpoint', 'sweep', 'path', 'out'];
const FOLDERS: readonly string[] = ['dir', 'run'];

/** Everything below a command that was declared. `path` is what is typed to reach it. */
export function wordsOf(command: Command, path = ''): CompletedCommand {
  const below = (child: Command): string => (path === '' ? child.name() : `${path} ${child.name()}`);
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const words = {
    ...{ path, name: command.name(), description: command.description() },
    options: help.visibleOptions(command).map(optionWords),
    arguments: command.registeredArguments.map((one) => one.argChoices ?? kindOf(one.name())),
    commands: children.map((child) => wordsOf(child, below(child))),
  };
  const usual = children.find((child) => isDefault(command, child));
  if (!usual) return words;
  // `sweep mine.json` is `sweep run mine.json`, and takes its options.
  const { options, arguments: values } = wordsOf(usual, below(usual));
  return { ...words, options, arguments: values };
}

/** Commander tells in its help alone which command is meant where none is named. */
const isDefault = (parent: Command, child: Command): boolean =>
  (parent as unknown as { _defaultCommandName: string | null })._defaultCommandName === child.name();

function optionWords({ long, short, description, argChoices, flags, optional }: Option): CompletedOption {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  return {
    names: [long, short].filter((name) => name != null),
    ...{ description, optional },
    value: placeholder === undefined ? 'none' : (argChoices ?? kindOf(placeholder)),
  };
}

const kindOf = (placeholder: string): Value =>
  FILES.includes(placeholder) ? 'file' : FOLDERS.includes(placeholder) ? 'folder' : 'any';

/** A command and all below it, the outermost first. */
export const everyCommand = (words: CompletedCommand): CompletedCommand[] => [
  words,
  ...words.commands.flatMap(everyCommand),
];
