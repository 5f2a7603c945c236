import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flatLosses, lossKey, mainSegment, SEGMENT_NAME, segmentOfKey, withSegments } from './segments.ts';

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,9}$/);

test('a segment’s key in a flat record is its name after "loss", and is read back', () => {
  expect(lossKey('first')).toBe('lossFirst');
  expect(segmentOfKey('lossRepeat')).toBe('repeat');
  for (const key of ['loss', 'lossy', 'learningRate', 'step']) expect(segmentOfKey(key)).toBe(null);
  fc.assert(fc.property(name, (given) => SEGMENT_NAME.test(given) && segmentOfKey(lossKey(given)) === given));
});

test('a record made flat keeps the order of its fields, and comes back the same', () => {
  const record = { step: 3, loss: 2, segments: { first: 4.1, boundary: null, repeat: 0.2 }, learningRate: 0.01 };
  const flat = flatLosses(record);
  expect(JSON.stringify(flat)).toBe(
    '{"step":3,"loss":2,"lossFirst":4.1,"lossBoundary":null,"lossRepeat":0.2,"learningRate":0.01}',
  );
  expect(withSegments(flat)).toEqual(record);
  expect(JSON.stringify(flatLosses(withSegments(flat) as typeof record))).toBe(JSON.stringify(flat));
  expect(withSegments({ step: 1, scores: [] })).toEqual({ step: 1, scores: [] });
});

test('a run is about the first segment that can be predicted, or else the first', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((title) => ({ name: title, title }));
  expect(mainSegment([a!, { ...b!, predictable: true }, { ...c!, predictable: true }]).name).toBe('b');
  expect(mainSegment([a!, b!]).name).toBe('a');
  expect(mainSegment([]).name).toBe('all');
});
