import type { Command } from 'commander';
import { Option } from 'commander';
import { type Measure, refuseIdle } from './declare.ts';
import {
  DRAWN,
  drawn,
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
  readonly sequences: {
    readonly usual: number;
    readonly least?: number;
    readonly meaning?: string;
    /** Of a large model fewer are taken where nothing is said. */
    readonly fewer?: boolean;
  };
  /** Options, as attributes, that say nothing beside --prompts. */
  readonly idleBesidePrompts: readonly string[];
}

/** Declares a command that analyses one checkpoint, with the options that all of them have. */
export function analysisOf(
  program: Command,
  measure: Measure,
  { name, description, sequences, idleBesidePrompts }: AnalysisOfCheckpoint,
): Command {
  const { usual, least = 2, meaning = 'sequences in all', fewer = false } = sequences;
  const many = new Option(
    '--sequences <n>',
    fewer ? `${meaning} (default: ${usual}, fewer of a large model)` : meaning,
  );
  if (!fewer) many.default(usual);
  const command = program
    .command(name)
    .description(description)
    .argument('<checkpoint>', 'a .safetensors or .gguf file, or a folder of the Hugging Face hub')
    .option('--json', 'print everything as JSON')
    .addOption(figures())
    .addOption(modelConfig())
    .addOption(many.argParser(wholeNumber(least, 4096)))
    .addOption(prompts())
    .addOption(measureOption())
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(measuringThreads())
    .addOption(quiet())
    .action((target, options, command) => {
      refuseIdle(command, {
        beside: 'prompts',
        idle: [...idleBesidePrompts, ...DRAWN],
        because: 'the prompts of the file are all that is run',
      });
      return measure(name, { target, options });
    });
  for (const option of drawn()) command.addOption(option);
  return command;
}
