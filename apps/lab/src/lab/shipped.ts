// Models that come with this page, fetched when they are asked for: links name them.
import { notFetched } from '../notFetched.ts';
import type { GivenModel } from '../protocol.ts';
import type { ShippedName } from '../shippedNames.ts';

/** Where the parts of a model lie. */
interface Parts {
  readonly model: URL;
  readonly config: URL;
  readonly tokenizer: URL;
  readonly tokenizerConfig: URL;
}

/** What is known of it, for whoever opens it: what it is, and a text that repeats something. */
export const SHIPPED: Readonly<Record<ShippedName, { readonly about: string; readonly text: string }>> = {
  stories260K: {
    about:
      'stories260K, a real language model of 260,032 weights, trained by Andrej Karpathy on stories for small children (llama2.c); from github.com/clebert/llama2.zig, which is under the MIT licence. His code is MIT, too, and the stories CDLA-Sharing-1.0, as far as we know; neither could be checked.',
    text: 'Tim had a red ball. Lily had a big blue box. Tim had a red ball. Lily had a big',
  },
};

const partsOf: Readonly<Record<ShippedName, () => Parts>> = {
  stories260K: () => ({
    model: new URL('../../../../examples/stories260K/model.safetensors', import.meta.url),
    config: new URL('../../../../examples/stories260K/config.json', import.meta.url),
    tokenizer: new URL('../../../../examples/stories260K/tokenizer.json', import.meta.url),
    tokenizerConfig: new URL('../../../../examples/stories260K/tokenizer_config.json', import.meta.url),
  }),
};

async function fetched(url: URL): Promise<Response> {
  try {
    const response = await fetch(url);
    if (response.ok) return response;
    throw new Error(String(response.status));
  } catch (error) {
    throw notFetched(error as Error);
  }
}

/** Fetches a model with its tokenizer. Throws an Error that says what to do where it cannot be had. */
export async function fetchShipped(name: ShippedName): Promise<GivenModel> {
  const { model, config, tokenizer, tokenizerConfig } = partsOf[name]();
  const [bytes, ...texts] = await Promise.all([
    fetched(model).then((response) => response.blob()),
    ...[config, tokenizer, tokenizerConfig].map((url) => fetched(url).then((response) => response.text())),
  ]);
  const [about, json, settings] = texts as [string, string, string];
  return { bytes, file: name, config: about, tokenizer: { json, config: settings }, shipped: name };
}
