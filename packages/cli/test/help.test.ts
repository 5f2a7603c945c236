// Every command shows examples that can be typed, and shells complete what is declared.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/main.ts';
import { completionScript, type Shell } from '../src/work/completion/completionCommand.ts';
import { everyCommand, wordsOf } from '../src/work/completion/words.ts';
import { temporaryFolder } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';

const folder = temporaryFolder();
const silent = { write: () => true } as unknown as NodeJS.WriteStream;
/** The program, in which commands that are called do nothing but say so. */
function idleProgram(called: (command: Command) => void = () => {}): Command {
  const program = createProgram({ stdout: silent, stderr: silent, runTask: () => Promise.reject() });
  const quieten = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0) command.action(() => called(command));
    command.commands.forEach(quieten);
  };
  quieten(program);
  return program;
}

const COMMANDS = everyCommand(wordsOf(idleProgram()));

/** The examples of a command's help, as typed. */
const examplesOf = async (path: string): Promise<string[]> => {
  const { stdout } = await succeed(...path.split(' ').filter((word) => word !== ''), '--help');
  return [...stdout.matchAll(/^ {2}\$ (.*)$/gm)].map((found) => found[1]!);
};

/** What a shell makes of a line: words, quotation marks taken off, nothing behind a redirection. */
const wordsIn = (line: string): string[] =>
  [...line.split(' > ')[0]!.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(([whole, a, b]) => a ?? b ?? whole);

test('there are commands, and commands of commands', () => {
  expect(COMMANDS.length).toBeGreaterThan(20);
  expect(COMMANDS.map(({ path }) => path)).toEqual(expect.arrayContaining(['', 'train', 'sweep plan', 'completion']));
});

test.for(COMMANDS.map(({ path }) => path))('the help of "%s" has examples, and each can be typed', async (path) => {
  const examples = await examplesOf(path);
  expect(examples.length).toBeGreaterThan(0);
  for (const line of examples) {
    const [npx, name, ...words] = wordsIn(line);
    expect([npx, name]).toEqual(['npx', 'induction-lab']);
    if (words.includes('--help')) continue;
    let called = '';
    const note = (command: Command): void => {
      called = `${command.parent?.parent ? `${command.parent.name()} ` : ''}${command.name()}`;
    };
    await idleProgram(note).parseAsync(['node', 'induction-lab', ...words]);
    // `sweep mine.json` runs `sweep run`; `prove` is evaluate's old name.
    expect(path === 'prove' ? 'prove evaluate' : called, line).toContain(path === 'prove' ? called : path);
  }
});

describe('completion', () => {
  const script = (shell: Shell): string => completionScript(shell, idleProgram());

  test.for<Shell>(['bash', 'zsh', 'fish'])('%s is offered every command and every option', (shell) => {
    const text = script(shell);
    for (const { name, options } of COMMANDS.slice(1)) {
      expect(text).toMatch(new RegExp(`\\b${name}\\b`));
      for (const option of options.flatMap(({ names }) => names))
        expect(text, option).toContain(
          shell === 'fish' ? ` ${option.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s ')} ` : option,
        );
    }
  });

  /** What bash offers for a line whose last word is being typed. */
  function offered(...words: string[]): string[] {
    const path = join(folder, 'completion.bash');
    writeFileSync(path, script('bash'));
    const code = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _induction_lab; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const cwd = fileURLToPath(new URL('../../../', import.meta.url));
    const { status, stdout, stderr } = spawnSync('bash', ['-c', code, path, 'induction-lab', ...words], {
      encoding: 'utf8',
      cwd,
    });
    expect(status, stderr).toBe(0);
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('bash: commands, options, the values of an option, files, and commands of commands', () => {
    expect(offered('tr')).toEqual(['train']);
    expect(offered('train', '--pre')).toEqual(['--preset']);
    expect(offered('train', '--preset', 'lit')).toEqual(['literal', 'literal-1-layer']);
    expect(offered('train', '--config', 'pack').sort()).toEqual(['package-lock.json', 'package.json', 'packages']);
    expect(offered('train', '--out', 'pack')).toEqual(['packages']);
    expect(offered('train', '--seed', '')).toEqual([]);
    expect(offered('train', '--gpu', '--qu')).toEqual(['--quiet']);
    expect(offered('sweep', 'pl')).toEqual(['plan']);
    expect(offered('sweep', 'plan', '--no')).toEqual(['--no-time']);
    expect(offered('sweep', 'README')).toEqual(['README.md']);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('a shell that is not known is refused', async () => {
    const { code, stderr } = await run('completion', 'tcsh');
    expect(code).toBe(2);
    expect(stderr).toMatch(/argument 'shell'|Allowed choices are bash, zsh, fish/);
  });
});
