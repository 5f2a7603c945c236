import type { Clamp } from '@induction-lab/core/node';
import { InvalidArgumentError, Option } from 'commander';
import { PRESETS } from '../files/presetNames.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { exact, gpu, mlp, quiet, seed, wholeNumber } from './options.ts';

function readClamp(text: string): Clamp {
  const found = /^L(\d+)H(\d+):(freeze|ablate)@(\d+)$/.exec(text);
  if (!found || Number(found[4]) < 1)
    throw new InvalidArgumentError(
      'It must look like L0H1:ablate@100: a head, freeze or ablate, and the first step held, from 1.',
    );
  const [, layer, head, kind, fromStep] = found;
  return { kind: kind as Clamp['kind'], layer: Number(layer), head: Number(head), fromStep: Number(fromStep) };
}

export const train: DeclareCommand = (program) => {
  program
    .command('train')
    .description('train one model into a run folder')
    .addOption(new Option('--preset <name>', 'a preset').choices(PRESETS))
    .option('--config <file>', 'an experiment of your own (JSON like the presets)')
    .option(
      '--data <file>',
      'train on this in place of the task: a module (.mjs) or tokens (.jsonl, .bin, .safetensors)',
    )
    .addOption(
      new Option('--data-dtype <type>', 'how the tokens of a .bin are stored (default: uint16)').choices([
        'uint16',
        'int32',
      ]),
    )
    .addOption(seed())
    .addOption(
      new Option('--steps <n>', 'train for so many steps; a falling schedule stretches').argParser(wholeNumber(1)),
    )
    .addOption(mlp())
    .addOption(
      new Option(
        '--threads <n>',
        'training threads; the result does not depend on it (default: all cores, at most 8)',
      ).argParser(wholeNumber(1)),
    )
    .option('--out <dir>', 'folder for the run (default: a new one under runs/)')
    .option(
      '--resume <dir>',
      'continue the run in this folder as it was begun, with the same bits as if it had never stopped',
    )
    .addOption(
      new Option('--clamp <head>', 'hold a head from a step on, as in L0H1:ablate@100 or L0H1:freeze@1; repeatable')
        .argParser((text: string, all: Clamp[]) => [...all, readClamp(text)])
        .default([], 'none'),
    )
    .addOption(new Option('--checkpoint-every <n>', 'keep a checkpoint every n steps too').argParser(wholeNumber(1)))
    .addOption(
      new Option('--scores-every <n>', 'log head scores every n steps, 0 for never (default: 100)').argParser(
        wholeNumber(0),
      ),
    )
    .option('--per-position', 'log the loss at every position too')
    .option('--csv', 'metrics as CSV too')
    .option('--json', 'print every record as a line of JSON')
    .addOption(exact())
    .addOption(gpu())
    .addOption(quiet())
    .addHelpText(
      'after',
      examples(
        'npx induction-lab train --preset varied --seed 3',
        'npx induction-lab train --preset literal --mlp 256',
        'npx induction-lab train --config mine.json --steps 5000',
        'npx induction-lab train --config mine.json --data tokens.jsonl',
        'npx induction-lab train --resume runs/2026-01-31T120000-varied',
      ),
    )
    .action(async (options) => (await import('../work/trainCommand.ts')).trainCommand(options));
};
