import { Argument } from 'commander';
import { type DeclareCommand, examples } from './declare.ts';

/** Made from the other commands, as they are declared. */
export const completion: DeclareCommand = (program) => {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab completion bash > ~/.local/share/bash-completion/completions/induction-lab',
        'npx induction-lab completion zsh > ~/.zfunc/_induction-lab',
        'npx induction-lab completion fish > ~/.config/fish/completions/induction-lab.fish',
      ),
    )
    .action(async (shell) => {
      const { completionScript } = await import('../work/completion/completionCommand.ts');
      process.stdout.write(completionScript(shell, program));
    });
};
