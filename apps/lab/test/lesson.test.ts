// The page has every part of the lesson, links hold the whole view, and words become tokens.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readLesson } from '../build/lesson.ts';
import { DEFAULTS, type LinkState, readLink, writeLink } from '../src/link.ts';
import { readTokens } from '../src/ownTokens.ts';
import { turn } from '../src/setting.ts';

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
    setting: turn({ preset: 'literal', seed: 7, turned: {} }, { shortest: 10, layerNorm: false, rate: 0.001 }),
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
    other: { setting: { preset: 'varied', seed: 2, turned: { heads: 6 } }, step: 300 },
  };
  expect(readLink(writeLink(state))).toEqual({ state, complaints: [] });
  expect(readLink('')).toEqual({ state: DEFAULTS, complaints: [] });
});

test('numbers are tokens, and every other word gets one of its own', () => {
  const model = { dVocab: 8, nCtx: 6 };
  expect(readTokens('1 cat 7 CAT dog', model)?.tokens).toEqual([1, 6, 7, 6, 5]);
  expect(readTokens('9 1', model)?.tokens).toEqual([]); // 9 is no token of eight
  expect(readTokens('a', model)).toBeNull();
  expect(readTokens('a b c a b c d', model)?.complaint).toMatch(/6 tokens at most; 1 were left out/);
});
