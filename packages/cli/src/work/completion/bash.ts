import { type CompletedCommand, everyCommand, type Value } from './words.ts';

/** Assignments that say what is offered for a value: words, or files (-f) or folders (-d). */
const offered = (value: Value): string =>
  typeof value === 'object'
    ? `words='${value.join(' ')}'`
    : { none: ':', any: ':', file: 'files=-f', folder: 'files=-d' }[value as 'none'];

/** Lines of the `case` for options behind which a value has to stand. */
const values = ({ path, options }: CompletedCommand): string[] =>
  options
    .filter(({ value, optional }) => value !== 'none' && !optional)
    .map(({ names, value }) => `    ${names.map((name) => `'${path} ${name}'`).join(' | ')}) ${offered(value)} ;;`);

/** What else may stand behind a command: its options, its commands, its argument. */
function behind({ path, options, commands, arguments: places }: CompletedCommand): string {
  const names = options.flatMap((option) => option.names).join(' ');
  const below = commands.map(({ name }) => name).join(' ');
  const place = places.find((value) => value !== 'any') ?? 'none';
  return `        '${path}') options='${names}'; commands='${below}'; ${offered(place)} ;;`;
}

/** The script for bash, 3.2 and later. */
export function bashScript(root: CompletedCommand): string {
  const all = everyCommand(root);
  const paths = all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# induction-lab completion bash
_induction_lab() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' typed='' options='' commands='' words='' files='' word IFS=$' \\t\\n'
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    typed="\${typed:+$typed }$word"
    case "\${path:+$path }$word" in
      ${paths.join(' | ')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${all.flatMap(values).join('\n')}
    *)
      case "$path" in
${all.map(behind).join('\n')}
      esac
      if [[ $current == -* ]]; then
        words="$options" files=''
      elif [[ $path == "$typed" && -n $commands ]]; then
        words="$commands $words"
      fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $files && \${#COMPREPLY[@]} -eq 0 ]]; then
    IFS=$'\\n'
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen $files -- "$current"))
  fi
}
complete -F _induction_lab induction-lab
`;
}
