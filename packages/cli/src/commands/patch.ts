import { Option } from 'commander';
import { badInput } from '../errors.ts';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples, refuseIdle } from './declare.ts';
import { DRAWN, integrationSteps, tokenizer, wholeNumber } from './options.ts';

export const patch: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'patch',
    description: 'put activations of a clean run into a corrupted one: how much comes back?',
    sequences: { usual: 32 },
    idleBesidePrompts: [],
  })
    .addOption(
      new Option('--corruption <kind>', 'what is done to the first copy of the block')
        .choices(['break-repeat', 'change-match', 'shift-block'])
        .default('change-match'),
    )
    .option('--hook <glob>', 'what to patch: a hook point or a glob', 'blocks.*.attn.hook_z')
    .option('--by-position', 'each position alone too')
    .option('--edges', 'patch edges between heads instead (path patching): what one head reads of another alone')
    .addOption(integrationSteps('each hook point’s line'))
    .addOption(
      new Option('--period <n>', 'length of the block (default: a period that the model solves)').argParser(
        wholeNumber(2),
      ),
    )
    .option(
      '--clean <prompt>',
      'a prompt of your own: token numbers, the last of which is predicted, or a text with --answers',
    )
    .option('--corrupted <prompt>', 'the prompt to patch into, of as many tokens')
    .option(
      '--answers <answers>',
      'what is compared after the two texts: the right answer and the wrong one, as in " Mary| John"',
    )
    .addOption(tokenizer())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab patch model.safetensors --by-position --figures figures',
        "npx induction-lab patch model.safetensors --hook 'blocks.*.hook_resid_pre' --by-position",
        'npx induction-lab patch model.safetensors --clean "7 3 9 7 3" --corrupted "5 3 9 7 3"',
        'npx induction-lab patch gpt2 --clean "When Mary and John went out, John gave a book to" --corrupted "When Mary and John went out, Mary gave a book to" --answers " Mary| John"',
        'npx induction-lab patch model.safetensors --prompts prompts.json --measure logit-diff',
        'npx induction-lab patch model.safetensors --edges --figures figures',
      ),
    )
    .action((target, options, command) => {
      const idle = ['corruption', 'period', 'sequences', 'seed', ...DRAWN];
      const because = 'the given prompts are all that is run';
      refuseIdle(command, { beside: 'prompts', idle: [...idle, 'clean', 'corrupted'], because });
      for (const beside of ['clean', 'corrupted']) refuseIdle(command, { beside, idle, because });
      refuseIdle(command, {
        beside: 'answers',
        idle: [...idle, 'prompts', 'hook', 'byPosition', 'integrationSteps', 'edges', 'measure'],
        because:
          'two texts are patched by layer and position and by head, measured by the logit difference of the answers',
      });
      if (command.getOptionValueSource('tokenizer') === 'cli' && options.answers === undefined)
        throw badInput(
          '--tokenizer has no effect without --answers: only texts need one; leave it out, or give texts and --answers.',
        );
      refuseIdle(command, {
        beside: 'edges',
        idle: ['hook', 'byPosition', 'integrationSteps'],
        because: 'edges between heads are patched, at all positions',
      });
      return measure('patch', { target, options });
    });
};
