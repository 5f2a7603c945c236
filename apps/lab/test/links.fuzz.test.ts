// Links come from anywhere: any text is read without a throw, in bounded time, into a state that can be, and what is said
// about it is short and printable.
import { printable } from '@induction-lab/core/internal/printable';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzz } from '../../../packages/core/test/support/fuzz.ts';
import { KINDS, type LinkState, leftOut, MOST_LETTERS, readLink, settingText, writeLink } from '../src/link.ts';
import { readTokens } from '../src/ownTokens.ts';
import { experimentOf, presetNames, stepsOf } from '../src/setting.ts';

const NAMES = [
  ...['preset', 'seed', 'step', 'view', 'period', 'tokens', 'off', 'kind', 'cut', 'head', 'beside', 'model'],
  ...['layers', 'heads', 'positions', 'layerNorm', 'mlp', 'shortest', 'longest', 'distinct', 'rate', 'batch'],
];
const VALUES = [
  ...[
    '',
    ' ',
    '0',
    '1',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '+5',
    '２',
    '99999999999999999999',
    'NaN',
    'Infinity',
    '1e-9',
    '1e999',
  ],
  ...['varied', 'literal', 'two-heads', 'literal-1-layer', 'constructor', '__proto__', 'toString', 'yes', 'no', 'true'],
  ...[
    'L0H0',
    'L0H0.L1H3',
    'L99H99',
    'L0H0.',
    '.',
    'q',
    'q.k.v',
    'k.k',
    'z',
    'mean',
    'zero',
    'pattern-preserving',
    'rotary',
    'alibi',
    'stories260K',
  ],
  ...[
    'captain varga captain',
    '64 1 2',
    '\u001b[2J',
    '\u202eevil',
    '%',
    '%00',
    '%E0%A4%A',
    '\ud800',
    '<img src=x onerror=alert(1)>',
  ],
];

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
  fc.string({ maxLength: 12, unit: 'binary' }),
);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: fc.integer({ min: -5, max: 4000 }).map(String) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
);
const pairs = fc.array(fc.tuple(name, value), { maxLength: 12 });
/** As a browser writes it, as a person types it, and a run beside the run. */
const text = fc.oneof(
  pairs.map((p) => new URLSearchParams(p).toString()),
  pairs.map((p) => p.map(([n, v]) => `${n}=${v}`).join('&')),
  fc
    .tuple(pairs, pairs)
    .map(([p, q]) => new URLSearchParams([...p, ['beside', new URLSearchParams(q).toString()]]).toString()),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** A state in which the bench can be brought; throws where it is none. */
function expectPossible({ setting, step, viewed, period, own, ablated, kind, cuts, other }: LinkState): void {
  for (const part of other ? [{ setting, step }, other] : [{ setting, step }]) {
    expect(presetNames).toContain(part.setting.preset);
    expect(Number.isInteger(part.setting.seed) && part.setting.seed >= 0 && part.setting.seed < 2 ** 31).toBe(true);
    expect(Number.isInteger(part.step) && part.step >= 0 && part.step <= stepsOf(part.setting.preset)).toBe(true);
    experimentOf(part.setting);
  }
  expect(viewed === null || (viewed >= 0 && viewed < step)).toBe(true);
  expect(period >= 2 && period <= 50).toBe(true);
  expect(own === null || (own.trim() !== '' && own.length <= MOST_LETTERS)).toBe(true);
  expect(KINDS).toContain(kind);
  expect(cuts.every((cut) => ['q', 'k', 'v'].includes(cut))).toBe(true);
  expect(new Set(ablated.map(({ layer, head }) => `${layer},${head}`)).size).toBe(ablated.length);
}

/** Letters that a notice may have. */
const LONGEST_NOTICE = 700;

function expectShort(notice: string | null): void {
  expect((notice ?? '').length).toBeLessThan(LONGEST_NOTICE);
  expect(printable(notice ?? '')).toBe(notice ?? '');
}

test('any text is a link', async () => {
  await fuzz('links', fc.tuple(text, fc.boolean()), {
    runs: 1000,
    check: ([link, sharp]) => {
      const { state, complaints } = readLink(sharp ? `#${link}` : link);
      expectPossible(state);
      expectShort(leftOut(complaints));
      // What is written of it is read as the same, without a complaint.
      const written = writeLink(state);
      const again = readLink(written);
      expect(again.complaints).toEqual([]);
      expect(writeLink(again.state)).toBe(written);
      expect(settingText(again.state.setting)).toBe(settingText(state.setting));
    },
  });
});

test('any text is a sequence: tokens of the model, or a short refusal', async () => {
  const sizes = fc.record({ dVocab: fc.constantFrom(2, 5, 64, 50_000), nCtx: fc.constantFrom(2, 7, 50) });
  const typed = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(value).map((v) => v.join(' ')),
  );
  await fuzz('typed sequences', fc.tuple(typed, sizes), {
    runs: 500,
    share: 3,
    check: ([sequence, model]) => {
      const read = readTokens(sequence, model);
      if (!read) return;
      expect(read.tokens.every((t) => Number.isInteger(t) && t >= 0 && t < model.dVocab)).toBe(true);
      expect(read.tokens.length === 0 || (read.tokens.length >= 2 && read.tokens.length <= model.nCtx)).toBe(true);
      if (read.tokens.length === 0) expect(read.complaint).toMatch(/^.+\.$/);
      expectShort(read.complaint);
      for (const [token, word] of read.words) {
        expect(read.tokens).toContain(token);
        expect(printable(word)).toBe(word);
        expect(word.length).toBeLessThanOrEqual(40);
      }
    },
  });
});

test('however much is wrong with a link, three are named and the rest is counted', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `name${i}=${i}`).join('&');
  const { complaints } = readLink(`${many}&seed=-1&off=banana&cut=z&layers=99&heads=99&step=x`);
  expect(complaints[0]).toBe('"name0", "name1", "name2" and 19,997 more are not known');
  expect(leftOut(complaints)).toMatch(
    /^Some of this link was left out: "name0", .* 19,997 more are not known; .*; .*; and 4 more\.$/,
  );
  expectShort(leftOut(complaints));
  expectShort(leftOut(readLink(`seed=${'9'.repeat(1e6)}&${'x'.repeat(1e6)}=1&tokens=${'a+'.repeat(1e6)}`).complaints));
  const heads = Array.from({ length: 20_000 }, (_, i) => `L${i % 100}H${Math.floor(i / 100) % 100}`).join('.');
  expect(readLink(`off=${heads}`).state.ablated.length).toBe(10_000);
  expect(readLink(`beside=${encodeURIComponent(many)}`).complaints).toHaveLength(1);
});

test('a value that is written twice, or not as a link writes it, is named', () => {
  const complaint = (link: string): string => readLink(link).complaints.join('; ');
  expect(complaint('seed=1&seed=2')).toBe('seed comes more than once, and the first counts');
  expect(complaint('seed=0x10')).toBe('seed is "0x10" and must be a whole number from 0 to 2147483647');
  expect(complaint('seed=%1B%5B2J')).toBe(
    'seed is "␛[2J" and must be a whole number from 0 to 2147483647'.replace('␛', '\\u001b'),
  );
  expect(complaint('beside=seed%3D-1')).toMatch(/^beside: seed is "-1"/);
  expect(readLink('tokens=+').state.own).toBeNull();
  expect(readLink('step=20&view=20').state.viewed).toBeNull();
});

test.each([
  [
    '64 1 64 2',
    '64 is no token of this model: its tokens are the whole numbers from 0 to 63; type words or numbers among these.',
  ],
  ['-3 1', '-3 is no token'],
  ['−3 1', '−3 is no token'],
  ['1.5 2', '1.5 is no token'],
  ['0x40 2', '0x40 is no token'],
  ['65 66 67 68 65', '65, 66, 67 and 1 more are no tokens'],
])('a number that is no token is refused, and never taken for a word: %s', (sequence, sentence) => {
  const read = readTokens(sequence, { dVocab: 64, nCtx: 50 });
  expect(read?.tokens).toEqual([]);
  expect(read?.complaint).toContain(sentence);
});

test('what begins with a digit and is no number is a word', () => {
  const read = readTokens('63 3rd 12:30 0 3rd', { dVocab: 64, nCtx: 50 });
  expect(read?.tokens).toEqual([63, 62, 61, 0, 62]);
  expect(read?.words.get(62)).toBe('3rd');
});
