import { InvalidArgumentError, Option } from 'commander';
import type { HeldOutOption } from '../work/auditCommand.ts';
import { analysisOf } from './analysisOf.ts';
import { type DeclareCommand, examples } from './declare.ts';
import { tokenizer } from './options.ts';

function readHeldOut(text: string): HeldOutOption {
  if (text === 'run') return 'run';
  const found = /^(periods|starts|tokens)=(\d+(?:,\d+)*)$/.exec(text);
  if (!found) throw new InvalidArgumentError('It must be run, or look like periods=8,12, starts=3 or tokens=0,5.');
  const [, kind, values] = found;
  return { kind: kind as 'periods', values: values!.split(',').map(Number) };
}

export const audit: DeclareCommand = (program, measure) => {
  analysisOf(program, measure, {
    name: 'audit',
    description:
      'scores and verdict of a checkpoint (.safetensors), or what a language model with its tokenizer does on repeats',
    sequences: { usual: 64, least: 8, meaning: 'sequences of each probe', fewer: true },
    idleBesidePrompts: ['sequences', 'seed', 'heldOut', 'csv', 'figures'],
  })
    .addOption(
      new Option(
        '--held-out <what>',
        'measure what training never showed too: run (as its run.json says), or as in periods=8,12, starts=3, tokens=0,5; repeatable',
      ).argParser((text: string, all: HeldOutOption[] = []) => [...all, readHeldOut(text)]),
    )
    .option('--detectors <file>', 'score heads by detectors of your own too: a module (.mjs) that exports them')
    .addOption(tokenizer())
    .option('--text <file>', 'a natural text: of a language model, pieces of it said twice, and the score in context')
    .addOption(new Option('--csv', 'print the head scores as CSV').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'npx induction-lab audit runs/mine/checkpoints/step-003000.safetensors',
        'npx induction-lab audit model.safetensors --model-config config.json --json',
        'npx induction-lab audit runs/mine/checkpoints/step-003000.safetensors --held-out run',
        'npx induction-lab audit model.safetensors --bos 50256 --exclude-tokens 0-2',
        'npx induction-lab audit model.safetensors --prompts prompts.json',
        'npx induction-lab audit model.safetensors --detectors mine.mjs',
        'npx induction-lab audit pythia-70m --text book.txt',
        'npx induction-lab audit model.safetensors --prompts prompts.json --detectors mine.mjs',
      ),
    );
};
