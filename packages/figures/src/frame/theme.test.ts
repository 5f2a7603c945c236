import { describe, expect, test } from 'vitest';
import { inTheme, readFigure } from '../../test/readFigure.ts';
import {
  dynamicsChart,
  effectChart,
  figureCss,
  heatmaps,
  lossChart,
  patternGrid,
  patternTimeline,
  runsBySettingChart,
} from '../index.ts';
import { rampColour } from '../scales/colourRamp.ts';
import { paletteOf } from './theme.ts';

const record = {
  points: [{ step: 0, segments: { first: 4, repeat: 4 } }],
  segments: [
    { name: 'first', title: 'first occurrence' },
    { name: 'repeat', title: 'repeat', predictable: true },
  ],
  lnVocab: Math.log(64),
  title: 'Loss of a < b & "c"',
  xScale: 'linear',
} as const;

function luminance([r, g, b]: readonly number[]): number {
  const linear = [r!, g!, b!].map((v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

/** WCAG contrast ratio of two colours. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const hex = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

describe('themes', () => {
  test.each(['light', 'dark'] as const)('text and series read at 4.5 : 1 in %s', (theme) => {
    const palette = paletteOf(theme);
    for (const name of ['ink', 'muted', 'blue', 'orange', 'purple', 'green'] as const) {
      expect(contrast(hex(palette[name]), hex(palette.background))).toBeGreaterThan(4.5);
    }
  });

  test.each([
    ['light', -1],
    ['dark', 1],
    ['auto', 1],
  ] as const)(
    'the ramp of %s runs one way in luminance, its 0 stands off from the page, and 0.2 from 0',
    (theme, direction) => {
      const ramp = Array.from({ length: 101 }, (_, i) => luminance(rampColour(theme, i / 100)));
      // Rounding to 8 bits may hold a step back by a little.
      for (let i = 1; i <= 100; i++) expect(direction * (ramp[i]! - ramp[i - 1]!)).toBeGreaterThan(-0.002);
      const zero = rampColour(theme, 0);
      for (const page of theme === 'auto' ? (['light', 'dark'] as const) : [theme]) {
        expect(contrast(zero, hex(paletteOf(page).background))).toBeGreaterThan(1.12);
      }
      expect(contrast(zero, rampColour(theme, Math.sqrt(0.2)))).toBeGreaterThan(1.8);
    },
  );

  test('light, dark and auto differ; only auto follows the page, and figureCss defines each variable it uses', () => {
    const [light, dark, auto] = (['light', 'dark', 'auto'] as const).map((theme) => lossChart(record, inTheme(theme)));
    expect(light).not.toBe(dark);
    expect(light).not.toContain('var(');
    expect(dark).not.toContain('var(');
    const used = new Set(Array.from(auto!.matchAll(/var\((--figure-[a-z]+)/g), (match) => match[1]!));
    expect(used.size).toBeGreaterThan(3);
    for (const name of used) expect(figureCss.split(`${name}:`).length).toBe(4);
    expect(() => lossChart(record, { ...inTheme('light'), theme: 'sepia' as 'light' })).toThrow(
      'theme is "sepia"; pass',
    );
  });

  test.each(['light', 'dark', 'auto'] as const)('every figure is one labelled image without ids in %s', (theme) => {
    const grid = { heads: [{ label: '<L0H0>', pattern: [1] }], size: 1, title: record.title };
    const { title } = record;
    const line = { label: '<L0H0>', steps: [0, 1], values: [0, 1] };
    const svgs = [
      lossChart(record, inTheme(theme)),
      patternGrid(grid, inTheme(theme)),
      patternTimeline({ ...grid, steps: [0], patterns: [[[1]]] }, inTheme(theme)),
      effectChart({ title, unit: 'a < b', groups: [{ rows: [{ label: '<L0H0>', value: 1 }] }] }, inTheme(theme)),
      runsBySettingChart(
        { title, xAxis: '<x>', yAxis: '<y>', groups: [{ x: '1', runs: [{ value: 1, label: '<s>', kind: '"k"' }] }] },
        inTheme(theme),
      ),
      dynamicsChart({ title, panels: [{ title: 'a < b', unit: 'nats', lines: [line] }], events: [] }, inTheme(theme)),
      heatmaps(
        {
          title,
          rowAxis: '<r>',
          columnAxis: '<c>',
          unit: 'nats',
          scale: 'sequential',
          panels: [{ title: '<K>', rows: ['a'], columns: ['b'], values: [1] }],
        },
        inTheme(theme),
      ),
    ];
    for (const svg of svgs) {
      const figure = readFigure(svg);
      expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
      expect(figure.getAttribute('role')).toBe('img');
      expect(figure.querySelector('title')?.textContent).toBe(record.title);
      expect(figure.querySelector('desc')?.textContent?.length).toBeGreaterThan(40);
      expect(svg).not.toMatch(/ id="| aria-label="|<style/);
    }
  });
});
