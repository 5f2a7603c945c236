import { expect, test } from 'vitest';
import { misplacedTexts, readFigure } from './readFigure.ts';

const figure = (inner: string) =>
  readFigure(`<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" viewBox="0 0 200 100">${inner}</svg>`);

test('texts that overlap or leave the figure are found, upright ones too', () => {
  const texts =
    '<text x="10" y="50">wide text</text><text x="40" y="52">other</text><text x="190" y="20">gone</text>' +
    '<text x="20" y="60" text-anchor="middle" transform="rotate(-90 20 60)">turned</text><text x="100" y="80">free</text>';
  expect(misplacedTexts(figure(texts))).toEqual([
    '"gone" leaves the figure',
    '"wide text" overlaps "other"',
    '"wide text" overlaps "turned"',
  ]);
});
