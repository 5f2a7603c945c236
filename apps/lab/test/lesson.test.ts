// The page has every part of the lesson, links hold the whole view, and words become tokens.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseExperiment } from '@induction-lab/core';
import { expect, test } from 'vitest';
import { readLesson } from '../build/lesson.ts';
import { DEFAULTS, type LinkState, readLink, writeLink } from '../src/link.ts';
import { readTokens } from '../src/ownTokens.ts';
import { experimentOf, turn } from '../src/setting.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('every section, show-me button, figure and term of the lesson is in the page, and every button’s state is possible', () => {
  const { html, contents, popovers } = readLesson();
  const markdown = readFileSync(`${root}docs/lesson.md`, 'utf8');
  expect(contents.length).toBe(markdown.match(/^## /gm)?.length);
  const buttons = [...html.matchAll(/data-show="([^"]+)"/g)].map(([, state]) =>
    (state as string).replaceAll('&amp;', '&'),
  );
  expect(buttons.length).toBe(markdown.match(/<!-- lab:show /g)?.length);
  for (const state of buttons) expect(readLink(state).complaints, state).toEqual([]);
  // Every section drives the bench, but for the two that only tell of words and papers.
  const still = html
    .split('<section id=')
    .slice(1)
    .filter((section) => !section.includes('data-show=') && !section.includes('data-part="exercises"'))
    .map((section) => /^"([^"]+)"/.exec(section)?.[1]);
  expect(still).toEqual(['glossary', 'where-to-go-next']);
  const figures = [...markdown.matchAll(/\]\((images\/lesson\/[\w-]+\.svg)\)/g)].map(([, path]) => path as string);
  expect(figures.length).toBeGreaterThan(5);
  for (const path of figures) {
    expect(existsSync(`${root}docs/${path}`), path).toBe(true);
    expect(html).toContain(`../../docs/${path}`);
  }
  for (const part of ['circuit', 'exercises']) expect(html).toContain(`data-part="${part}"`);
  const terms = [...popovers.matchAll(/popover id="([^"]+)"/g)].map(([, id]) => id as string);
  expect(terms.length).toBeGreaterThan(10);
  for (const id of terms) expect(html, id).toContain(`popovertarget="${id}"`);
  expect(html).not.toContain('<!-- lab:');
});

test('a link holds the whole view', () => {
  const state: LinkState = {
    setting: turn(
      { preset: 'literal', seed: 7, turned: {} },
      { shortest: 10, layerNorm: false, rate: 0.001, bos: true, competition: 1.5, competitionSteps: 40 },
    ),
    step: 320,
    viewed: 181,
    period: 13,
    own: null,
    ablated: [
      { layer: 0, head: 1 },
      { layer: 1, head: 3 },
    ],
    kind: 'pattern-preserving',
    cuts: ['q', 'v'],
    selected: { layer: 1, head: 0 },
    shipped: null,
    other: { setting: { preset: 'varied', seed: 2, turned: { heads: 6 } }, step: 300 },
  };
  expect(readLink(writeLink(state))).toMatchObject({ state, complaints: [] });
  expect(readLink(writeLink(state)).state).toEqual(state);
  expect(readLink('')).toMatchObject({ state: DEFAULTS, complaints: [] });
});

test('a start token and the competition’s last step are knobs of the experiment: sizes count the one, λ = 0 drops the other', () => {
  const bare = (change: object): ReturnType<typeof experimentOf> =>
    experimentOf(turn({ preset: 'picture', seed: 1, turned: {} }, change));
  expect(bare({})).toMatchObject({
    model: { nCtx: 51, dVocab: 65 },
    task: { bos: true },
    training: { competition: 3, competitionSteps: [1, 350] },
  });
  const without = bare({ bos: false, competition: 0 });
  expect(without.model).toMatchObject({ nCtx: 50, dVocab: 64 });
  expect(without.task).not.toHaveProperty('bos');
  expect(without.training).not.toHaveProperty('competitionSteps');
  expect([bare({}), without, bare({ competitionSteps: 0 })].map((json) => parseExperiment(json).model.bos)).toEqual([
    64,
    undefined,
    64,
  ]);
});

test('what is typed stands behind the start token of a model', () => {
  const model = { dVocab: 9, nCtx: 5, bos: 8 };
  const { tokens, words, complaint } = readTokens('a b 7 a b', model)!;
  expect(tokens).toEqual([8, 6, 5, 7, 6]);
  expect(words.get(8)).toBe('⟨start⟩');
  expect(complaint).toBe('The model sees 4 tokens at most behind the start token; 1 were left out.');
  expect(readTokens('8 1', model)!.complaint).toContain('8 is no token of this model');
  expect(readTokens('a', model)).toBeNull();
});

test('numbers are tokens, and every other word gets one of its own', () => {
  const model = { dVocab: 8, nCtx: 6 };
  expect(readTokens('1 cat 7 CAT dog', model)?.tokens).toEqual([1, 6, 7, 6, 5]);
  expect(readTokens('9 1', model)?.tokens).toEqual([]); // 9 is no token of eight
  expect(readTokens('a', model)).toBeNull();
  expect(readTokens('a b c a b c d', model)?.complaint).toMatch(/6 tokens at most; 1 were left out/);
});
