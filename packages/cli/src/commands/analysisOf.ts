import type { Command } from 'commander';
import { Option } from 'commander';
import { type Measure, refuseIdle } from './declare.ts';
import {
  bos,
  exact,
  figures,
  measure as measureOption,
  measuringThreads,
  modelConfig,
  probeSeed,
  prompts,
  quiet,
  wholeNumber,
} from './options.ts';

/** An analysis of one checkpoint. */
export interface AnalysisOfCheckpoint {
  readonly name: string;
  readonly description: string;
  /** How many sequences it takes: unless told otherwise, and at least. */
  readonly sequences: { readonly usual: number; readonly least?: number; readonly meaning?: string };
  /** Options, as attributes, that say nothing beside --prompts. */
  readonly idleBesidePrompts: readonly string[];
}

/** Declares a command that analyses one checkpoint, with the options that all of them have. */
export function analysisOf(
  program: Command,
  measure: Measure,
  { name, description, sequences, idleBesidePrompts }: AnalysisOfCheckpoint,
): Command {
  const { usual, least = 2, meaning = 'sequences in all' } = sequences;
  return program
    .command(name)
    .description(description)
    .argument('<checkpoint>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub')
    .option('--json', 'print everything as JSON')
    .addOption(figures())
    .addOption(modelConfig())
    .addOption(bos())
    .addOption(new Option('--sequences <n>', meaning).argParser(wholeNumber(least, 4096)).default(usual))
    .addOption(prompts())
    .addOption(measureOption())
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(measuringThreads())
    .addOption(quiet())
    .action((target, options, command) => {
      refuseIdle(command, {
        beside: 'prompts',
        idle: idleBesidePrompts,
        because: 'the prompts of the file are all that is run',
      });
      const sequencesGiven = command.getOptionValueSource('sequences') === 'cli';
      return measure(name, { target, options: { ...options, sequencesGiven } });
    });
}
