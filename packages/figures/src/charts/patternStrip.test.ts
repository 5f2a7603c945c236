import { expect, test } from 'vitest';
import { nodeDocument } from '../node.ts';
import { patternStrip } from './patternStrip.ts';

/** Every query looks at the token before it; the first at itself. */
const previous = [1, 0, 0, 1, 0, 0, 0, 1, 0];
const record = {
  heads: [
    { label: 'L0H1', caption: 'previous-token head', pattern: previous },
    { label: 'L1H0', caption: 'induction head', pattern: [1, 0, 0, 0, 1, 0, 0, 0, 1] },
  ],
  size: 3,
  stripe: { offset: 1, fromQuery: 1, toQuery: 2 },
  title: 'two heads',
};
const draw = (changed = {}, options = {}): string =>
  patternStrip({ ...record, ...changed }, { document: nodeDocument(), ...options });

test('every head is a panel with its label and caption, and the description says what lies on the stripe', () => {
  const svg = draw();
  expect([...svg.matchAll(/data-head="(\w+)"/g)].map(([, head]) => head)).toEqual(['L0H1', 'L1H0']);
  expect(svg).toContain('L0H1, previous-token head (mean weight on the expected stripe 1');
  expect(svg).toContain('L1H0, induction head (mean weight on the expected stripe 0');
});

test('a page that says the title beside the figure has it as text alternative alone', () => {
  expect(draw().match(/two heads/g)).toHaveLength(2);
  expect(draw({}, { heading: false }).match(/two heads/g)).toHaveLength(1);
});

test('what is no pattern is refused', () => {
  expect(() => draw({ heads: [] })).toThrow('patternStrip: heads is empty');
  expect(() => draw({ size: 4 })).toThrow('L0H1');
});
