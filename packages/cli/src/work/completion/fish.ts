import { type CompletedCommand, type CompletedOption, everyCommand, type Value } from './words.ts';

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

/** How a value is completed: -x takes no files, -r any. */
const value = (kind: Value): string =>
  typeof kind === 'object'
    ? ` -x -a ${quoted(kind.join(' '))}`
    : { none: '', any: ' -x', file: ' -r -F', folder: ` -x -a '(__fish_complete_directories)'` }[kind as 'none'];

const names = ({ names }: CompletedOption): string =>
  names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');

/** A condition that holds behind this command and in front of any of its own. */
function behind({ path, commands }: CompletedCommand): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((name) => `__fish_seen_subcommand_from ${name}`);
  const own = commands.map(({ name }) => name);
  return [...seen, ...(own.length === 0 ? [] : [`not __fish_seen_subcommand_from ${own.join(' ')}`])].join('; and ');
}

function lines(command: CompletedCommand): string[] {
  const line = (rest: string): string => `complete -c induction-lab -n ${quoted(behind(command))} ${rest}`;
  const files = command.arguments.some((kind) => kind === 'file' || kind === 'folder');
  const chosen = command.arguments.find((kind) => typeof kind === 'object') as readonly string[] | undefined;
  return [
    ...command.commands.map(({ name, description }) => line(`-a ${name} -d ${quoted(description)}`)),
    ...command.options.map((option) =>
      line(`${names(option)}${option.optional ? '' : value(option.value)} -d ${quoted(option.description)}`),
    ),
    ...(files ? [line('-F')] : []),
    ...(chosen ? [line(`-a ${quoted(chosen.join(' '))}`)] : []),
  ];
}

/** The script for fish. */
export const fishScript = (root: CompletedCommand): string => `# induction-lab completion fish
complete -c induction-lab -f
${everyCommand(root).flatMap(lines).join('\n')}
`;
