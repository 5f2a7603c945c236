// Which of the files that were dropped is the model, and what came with it.
import { printable, shortened } from '@induction-lab/core/internal/printable';
import type { GivenModel } from '../protocol.ts';

/** Letters of a file's name that are shown. */
const LONGEST_NAME = 80;

/** Bytes of a config and of a tokenizer that are read: none is nearly as long. */
const LARGEST_CONFIG = 1e6;
const LARGEST_TOKENIZER = 1e8;

/** What else lies in a folder of the Hugging Face hub, and says nothing that is needed here. */
const BESIDES = /^(generation_config|special_tokens_map|added_tokens|vocab)\.json$|\.(md|txt|py)$|^\./i;

/** Reads what was dropped together. Throws an Error that says which files belong together. */
export async function modelAmong(dropped: readonly File[]): Promise<GivenModel> {
  const files = dropped.length > 1 ? dropped.filter(({ name }) => !BESIDES.test(name)) : dropped;
  const named = (name: string): File | undefined => files.find((file) => file.name.toLowerCase() === name);
  const [tokenizer, settings] = [named('tokenizer.json'), named('tokenizer_config.json')];
  const rest = files.filter((file) => file !== tokenizer && file !== settings);
  const configs = rest.filter(({ name }) => /\.json$/i.test(name));
  const models = rest.filter((file) => !configs.includes(file));
  const [model, config] = [models[0], configs[0]];
  if (!model)
    throw new Error(
      config
        ? 'A config says nothing without its model; drop both together.'
        : 'A tokenizer says nothing without its model; drop it together with the model and its config.json.',
    );
  if (models.length > 1 || configs.length > 1)
    throw new Error(
      `${dropped.length} files were dropped; drop one model at a time, with its config.json and tokenizer.json where it has them.`,
    );
  const text = async (file: File | undefined, most: number): Promise<string | null> =>
    file ? file.slice(0, most).text() : null;
  const json = await text(tokenizer, LARGEST_TOKENIZER);
  return {
    bytes: model,
    file: shortened(printable(model.name), LONGEST_NAME),
    config: await text(config, LARGEST_CONFIG),
    tokenizer: json === null ? null : { json, config: await text(settings, LARGEST_CONFIG) },
  };
}
