import { type CompletedCommand, type CompletedOption, everyCommand, type Value } from './words.ts';

/** Text within single quotes, in which _arguments reads brackets and colons. */
const text = (description: string): string => description.replaceAll("'", "'\\''").replaceAll(/[[\]:\\]/g, '\\$&');

const action = (value: Value): string =>
  typeof value === 'object'
    ? `(${value.join(' ')})`
    : { none: '', any: ' ', file: '_files', folder: '_files -/' }[value as 'none'];

const option = ({ names, description, value, optional }: CompletedOption): string => {
  const spec = `[${text(description)}]${value === 'none' ? '' : `${optional ? '::' : ':'}value:${action(value)}`}`;
  // Each spelling keeps the others away, and itself, unless it may be repeated.
  const others = /repeatable/.test(description) ? '' : `(${names.join(' ')})`;
  const repeated = others === '' ? '*' : '';
  return names.map((name) => `'${others}${repeated}${name}${spec}'`).join(' ');
};

const functionName = ({ path }: CompletedCommand): string =>
  `_induction_lab${path.replaceAll(/\W/g, '_').replace(/^(?=.)/, '_')}`;

function commandFunction(command: CompletedCommand): string {
  const { options, commands, arguments: values } = command;
  const specs = options.map(option);
  if (commands.length === 0) {
    const places = values.map((value, i) => `'${i + 1}:argument:${action(value) || ' '}'`);
    return `${functionName(command)}() {\n  _arguments -s \\\n    ${[...specs, ...places].join(' \\\n    ')}\n}\n`;
  }
  const described = commands.map(({ name, description }) => `'${name}:${description.replaceAll("'", "'\\''")}'`);
  return `${functionName(command)}() {
  local state line
  local -a commands=(
    ${described.join('\n    ')}
  )
  _arguments -C -s \\
    ${specs.join(' \\\n    ')} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands command commands${values.length > 0 ? '; _files' : ''} ;;
    rest)
      case $words[1] in
        ${commands.map((child) => `${child.name}) ${functionName(child)} ;;`).join('\n        ')}
        ${values.length > 0 ? '*) _files ;;' : ''}
      esac ;;
  esac
}
`;
}

/** The script for zsh: a file _induction-lab in the fpath, or sourced. */
export const zshScript = (root: CompletedCommand): string => `#compdef induction-lab
# induction-lab completion zsh
${everyCommand(root).reverse().map(commandFunction).join('')}
if [[ $funcstack[1] == _induction-lab ]]; then _induction_lab "$@"; else compdef _induction_lab induction-lab; fi
`;
