// A model in a file before its weights are read, and the tokenizer that came with it.
import { type ByteSource, isGguf, type OpenedModel, openCheckpoint } from '@induction-lab/core/browser';
import { orNotFetched } from '../notFetched.ts';
import type { GivenModel } from '../protocol.ts';
import { sourceOfFile } from './fileSource.ts';
import type { TextReader } from './textReader.ts';

/** A model in a file whose weights have not been read, and what reads texts for it. */
export interface ReadModel {
  readonly opened: OpenedModel;
  readonly reader: TextReader | null;
}

/** Reads config and tokenizer of a model; the remedy for one that needs a config is this page's own. */
export async function readModel({ bytes, file, config, tokenizer }: GivenModel): Promise<ReadModel> {
  const source = await sourceOfFile(bytes, file);
  const opened = openGiven(source, config);
  if (!tokenizer && !isGguf(source)) return { opened, reader: null };
  const { readerFor } = await orNotFetched(import('./textReader.ts'));
  const reader = readerFor(source, tokenizer);
  return { opened: reader ? { ...opened, config: reader.config(opened.config) } : opened, reader };
}

/** How this page is given a config: the remedies of what is wrong with one. */
const WORDS = { pass: 'by dropping the model and its config.json together', name: 'the config.json' };

function openGiven(source: ByteSource, config: string | null): OpenedModel {
  return openCheckpoint(source, { words: WORDS, ...(config === null ? {} : { config: parsed(config) }) });
}

function parsed(config: string): unknown {
  try {
    return JSON.parse(config);
  } catch {
    throw new Error('The config.json that came with the model is not JSON; drop a good one.');
  }
}
