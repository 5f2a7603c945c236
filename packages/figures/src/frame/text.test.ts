import { expect, test } from 'vitest';
import {
  chanceLabel,
  decimalsFor,
  formatCount,
  formatLoss,
  formatNumber,
  formatShare,
  shorten,
  textWidth,
  thresholdLabel,
  wrapEvenly,
  wrapText,
} from './text.ts';

test('numbers are written the same everywhere', () => {
  expect([0, 4.2499, 0.05, 0.0043].map(formatLoss)).toEqual(['0', '4.25', '0.05', '0.004']);
  expect([0.0276, 0.9, 1].map(formatShare)).toEqual(['0.028', '0.90', '1.00']);
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
});

test('reference lines name the vocabulary where ln V is the logarithm of a whole number', () => {
  expect(chanceLabel(Math.log(64))).toBe('ln 64 = 4.16 (chance)');
  expect(chanceLabel(4)).toBe('chance 4.00');
  expect(thresholdLabel(Math.log(64) / 2, Math.log(64))).toBe('threshold ½ ln 64 = 2.08');
  expect(thresholdLabel(2, 4)).toBe('threshold 2.00');
});

test('wrapping keeps every word and stays within the width', () => {
  const text = 'previous-token head of the first layer';
  for (const wrap of [wrapText, wrapEvenly]) {
    const lines = wrap(text, 100, 12);
    expect(lines.join(' ').replace('- ', '-')).toBe(text);
    for (const line of lines) expect(textWidth(line, 12)).toBeLessThanOrEqual(100);
  }
});

test('even wrapping leaves no word behind', () => {
  expect(wrapText('with a repeat (period 25)', 144, 12)).toEqual(['with a repeat (period', '25)']);
  expect(wrapEvenly('with a repeat (period 25)', 144, 12)).toEqual(['with a repeat', '(period 25)']);
});

test('numbers of one figure share their decimals, by the largest magnitude', () => {
  expect([0, 0.002, 0.09, 0.5, 1, 4.2, 30, 1234].map(decimalsFor)).toEqual([0, 4, 3, 2, 2, 2, 1, 0]);
  expect([-0.004, -0.5, 1234.5].map((value) => formatNumber(value, 2))).toEqual(['0.00', '−0.50', '1,234.50']);
});

test('a text that is too wide ends in an ellipsis and fits', () => {
  expect(shorten('L0H1', 100, 12)).toBe('L0H1');
  const short = shorten('a very long label of a row', 80, 12);
  expect(short).toMatch(/^a very.*…$/);
  expect(textWidth(short, 12)).toBeLessThanOrEqual(80);
});
