// The reference of the command line, made from the program: what `--help` says, as a page.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { COMMANDS } from '../../packages/cli/dist/commands/list.js';

const { Command } = createRequire(new URL('../../packages/cli/package.json', import.meta.url))('commander');

/** Text as it stands in a cell of a table. */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '{ {');
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;

/** The whole help of a command as text, with what stands after its options. */
function helpOf(command) {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) });
  command.outputHelp();
  return text;
}

/** What may be given and what is taken where nothing is. */
function valuesOf({ argChoices, defaultValue, defaultValueDescription, mandatory }) {
  if (mandatory) return 'must be given';
  const usual = defaultValueDescription ?? (defaultValue === undefined ? '' : JSON.stringify(defaultValue));
  return [argChoices && `one of ${argChoices.map(code).join(', ')}`, usual && `usual: ${cell(usual)}`]
    .filter(Boolean)
    .join('; ');
}

function section(command) {
  const rows = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => `| ${code(option.flags)} | ${cell(option.description)} | ${valuesOf(option)} |`);
  const given = command.registeredArguments.map(
    (argument) => `- ${code(argument.name())}: ${cell(argument.description || 'as above')}`,
  );
  const [, examples] = helpOf(command).split(/\nExamples:\n/);
  const lines = (examples ?? '').split('\n').map((line) => line.replace(/^ {2}\$ /, ''));
  return [
    `## ${command.name()}`,
    cell(command.description()),
    `\`\`\`sh\ninduction-lab ${command.name()} ${command.usage()}\n\`\`\``,
    ...(given.length > 0 ? [given.join('\n')] : []),
    ...(rows.length > 0 ? [['| option | what it does | values |', '|---|---|---|', ...rows].join('\n')] : []),
    ...(examples ? [`\`\`\`sh\n${lines.join('\n').trim()}\n\`\`\``] : []),
  ].join('\n\n');
}

/** Writes index.md into the folder. */
export function commandPages(folder) {
  const program = new Command('induction-lab');
  for (const declare of COMMANDS) declare(program, async () => {});
  const commands = program.commands.filter((command) => !command._hidden);
  const table = commands.map(
    (command) => `| [${command.name()}](#${command.name()}) | ${cell(command.description())} |`,
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'index.md'),
    `# Commands

Made from the program's own help: \`npx induction-lab COMMAND --help\` says the same. A command ends with 0 when it is done, 1 when it
failed, 2 when what it was given is refused, 130 when it was interrupted. Results go to stdout, progress to stderr.

| command | what it does |
|---|---|
${table.join('\n')}

${commands.map(section).join('\n\n')}
`,
  );
}
