// What one does with a language model, on a real one: its tokens, its heads, a text with a repeat, the audit. npm run test:models.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { beforeAll, expect, test } from 'vitest';
import {
  drawnTokens,
  headMap,
  languageAudit,
  loadEngine,
  loadModel,
  loadTokenizer,
  type Model,
  readPrompt,
  type TextTokenizer,
} from '../bridge/library.ts';

const { smolLm2 } = (await import(new URL('fetch.mjs', import.meta.url).href)) as { smolLm2(): string };
const golden = JSON.parse(readFileSync(new URL('smollm2.json', import.meta.url), 'utf8')) as {
  texts: { text: string; ids: number[]; tokens: string[] }[];
};

let model: Model;
let tokenizer: TextTokenizer;
let tokens: readonly number[];
beforeAll(async () => {
  const path = smolLm2();
  model = await loadModel(path, { engine: await loadEngine({ threads: Math.min(2, availableParallelism()) }) });
  tokenizer = await loadTokenizer(path);
  ({ tokens } = drawnTokens(model, { kinds: tokenizer }));
}, 1_200_000);

test('texts become the reference’s tokens, and no start token stands in front', () => {
  expect(tokenizer.bos).toBeNull();
  for (const { text, ids } of golden.texts) expect(tokenizer.encode(text), text).toEqual(ids);
});

test('special tokens are not drawn, and hardly anything else is left out', () => {
  expect(tokens.length).toBeGreaterThan(49_000);
  for (const special of tokenizer.special) expect(tokens).not.toContain(special);
});

test('the heads that the reference finds are induction heads, here in this order', () => {
  const { marked, heads, losses } = headMap(model, { tokens, sequences: 4 });
  expect(marked.induction[0]).toBe('L18H6');
  expect(marked.induction.slice(1, 4).sort()).toEqual(['L17H3', 'L17H4', 'L17H5']);
  expect(heads.find(({ label }) => label === 'L18H6')!.inductionStripe.value).toBeGreaterThan(0.8);
  expect(losses.fall.value).toBeGreaterThan(0.6);
});

test('a name that comes again is copied by these heads, and not by random ones', () => {
  const { ids } = golden.texts.find(({ text }) => text.startsWith('Zorblat'))!;
  const heads = [{ layer: 18, head: 6 }, ...[4, 3, 5].map((head) => ({ layer: 17, head }))];
  const { positions, without } = readPrompt(model, ids, { heads });
  const [likeliest] = positions.at(-1)!.next;
  expect(tokenizer.label(likeliest!.token)).toBe('␣W');
  expect(likeliest!.probability).toBeCloseTo(0.4, 1);
  const { clean, without: off, random } = without!;
  expect(off.value).toBeGreaterThan(clean.value + 1.5);
  for (const draw of random) expect(draw.without).toBeLessThan(clean.value + 1);
});

test('the audit: the loss falls, heads follow, and it is lost with them off', () => {
  const { behaviour, attention, cause } = languageAudit(model, { tokens, sequences: 3 });
  expect([behaviour.answer, attention.answer, cause.answer]).toEqual(['yes', 'yes', 'yes']);
  expect(attention.heads[0]!.label).toBe('L18H6');
});
