// The options of commands about a model and its text.
import type { Command } from 'commander';
import {
  bos,
  exact,
  figures,
  measuringThreads,
  modelConfig,
  probeSeed,
  quiet,
  tokenizer,
  tokensFrom,
} from './options.ts';

/** Declares the options that every such command has. */
export const languageOptions = (command: Command): Command =>
  command
    .option('--json', 'print everything as JSON')
    .addOption(figures())
    .addOption(tokenizer())
    .addOption(modelConfig())
    .addOption(bos())
    .addOption(tokensFrom('draw random tokens'))
    .addOption(probeSeed())
    .addOption(exact())
    .addOption(measuringThreads())
    .addOption(quiet());
