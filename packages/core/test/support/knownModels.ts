// Models of many kinds whose verdict is known before anything is measured: written down, and changed in ways that leave
// what they do as it is, or make of it something else that is known.

import type { AuditRecord } from '../../src/circuits/claims/auditRecord.ts';
import type { Verdict } from '../../src/circuits/claims/verdict.ts';
import type { Limit } from '../../src/circuits/map/limits.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { handBuiltHub } from '../../src/examples/handBuiltHub.ts';
import { handBuiltInduction } from '../../src/examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../src/examples/handBuiltPositionalCopier.ts';
import type { Look, WrittenHead } from '../../src/examples/writtenHead.ts';
import { writtenModel } from '../../src/examples/writtenModel.ts';
import type { Model } from '../../src/model/model.ts';
import { junkHeads, permutedHeads, rebuilt, scaledLogits, withNoise } from './changedModels.ts';

/** A model, and what an audit of it must say. */
export interface KnownModel {
  readonly kind: string;
  readonly name: string;
  readonly build: (engine: Engine) => Model;
  readonly verdict: Verdict;
  /** What must be among the limits; none at all where it is empty. */
  readonly limits?: readonly Limit[];
  readonly options?: { readonly prefix?: readonly number[]; readonly excludeTokens?: readonly number[] };
  /** Takes longer than the fast tests have time for. */
  readonly slow?: boolean;
}

type Sizes = readonly [dVocab: number, nCtx: number];
const copy = (from: string, to: string, times = 1): WrittenHead['copy'] => ({ from, to, times });
const previous: WrittenHead = { look: { back: 1 }, copy: copy('token', 'previous') };
const matching = (look: Partial<Extract<Look, { match: string }>> = {}, times = 1): WrittenHead => ({
  look: { match: 'previous', except: [0], ...look },
  copy: copy('token', 'output', times),
});
const lookingBack = (period: number, times = 1): WrittenHead => ({
  look: { back: period - 1 },
  copy: copy('token', 'output', times),
});
const written =
  (
    [dVocab, nCtx]: Sizes,
    layers: readonly (readonly (WrittenHead | null)[])[],
    copied: readonly string[] = ['previous'],
  ) =>
  (engine: Engine): Model =>
    writtenModel(engine, { dVocab, nCtx }, { copied, layers });
const induction =
  ([dVocab, nCtx]: Sizes) =>
  (engine: Engine) =>
    handBuiltInduction(engine, { dVocab, nCtx });
const hub =
  ([dVocab, nCtx]: Sizes) =>
  (engine: Engine) =>
    handBuiltHub(engine, { dVocab, nCtx });
const copier =
  ([dVocab, nCtx]: Sizes, period: number) =>
  (engine: Engine) =>
    handBuiltPositionalCopier(engine, { dVocab, nCtx, period });

const of = (kind: string, verdict: Verdict, models: readonly Omit<KnownModel, 'kind' | 'verdict'>[]): KnownModel[] =>
  models.map((model) => ({ kind, verdict, ...model }));
const sized = ([dVocab, nCtx]: Sizes): string => `${dVocab} tokens, context ${nCtx}`;

const SMALL: readonly Sizes[] = [[3, 8], [3, 28], [4, 28], [5, 16], [5, 60], [6, 14], [7, 14], [8, 24]]; // biome-ignore format: pairs
const USUAL: readonly Sizes[] = [[12, 8], [29, 11], [30, 28], [40, 40], [64, 50]]; // biome-ignore format: pairs
const LARGE: readonly Sizes[] = [[20, 128], [300, 16], [1000, 12]]; // biome-ignore format: pairs

const SIZE: Sizes = [24, 30];

/** Ends of a range that are so near count as found: at an edge attention is spread over what is left. */
const NEAR = 1;

/** What is wrong with what an audit says of a known model; null for nothing. */
export function wrongAbout(
  { verdict, limits }: KnownModel,
  found: Pick<AuditRecord, 'verdict' | 'limits'>,
): string | null {
  const text = (all: readonly Limit[]): string => all.map(({ what, from, to }) => `${what} ${from}–${to}`).join(', ');
  if (found.verdict !== verdict) return `${found.verdict}${found.limits.length > 0 ? `, ${text(found.limits)}` : ''}`;
  if (limits === undefined) return null;
  const holds = (limit: Limit): boolean =>
    found.limits.some(
      ({ what, from, to }) =>
        what === limit.what && Math.abs(from - limit.from) <= NEAR && Math.abs(to - limit.to) <= NEAR,
    );
  const few = limits.length > 0 || found.limits.length === 0;
  return few && limits.every(holds) ? null : `limits ${text(found.limits) || 'none'}`;
}

/** All of them. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  ...of('induction', 'induction', [
    ...[...SMALL, ...USUAL].map((size) => ({ name: sized(size), build: induction(size), limits: [] })),
    ...LARGE.map((size) => ({ name: sized(size), build: induction(size), limits: [], slow: true })),
  ]),
  ...of(
    'contexts below eight',
    'induction',
    ([[9, 4], [9, 5], [3, 6], [12, 7]] as Sizes[]).map((size) => ({ name: sized(size), build: induction(size), limits: [] })), // biome-ignore format: pairs
  ),
  ...of('contexts below eight', 'positional shortcut', [
    { name: 'period 3 of 6', build: copier([12, 6], 3) },
    { name: 'period 5 of 7', build: copier([12, 7], 5) },
  ]),
  ...of('induction in three or four layers', 'induction', [
    { name: 'layers 0 and 2 of 3', build: written(SIZE, [[previous], [null], [matching()]]), limits: [] },
    { name: 'layers 1 and 2 of 3', build: written(SIZE, [[null], [previous], [matching()]]), limits: [] },
    { name: 'layers 0 and 3 of 4', build: written(SIZE, [[previous], [null], [null], [matching()]]), limits: [] },
    {
      name: 'layers 1 and 3 of 4',
      build: written(SIZE, [
        [null, null],
        [null, previous],
        [null, null],
        [matching(), null],
      ]),
      limits: [],
    },
  ]),
  ...of('heads that share the work', 'induction', [
    {
      name: 'two that match',
      build: written(SIZE, [
        [previous, null],
        [matching({}, 0.5), matching({}, 0.5)],
      ]),
      limits: [],
    },
    {
      name: 'two previous-token heads',
      build: written(SIZE, [
        [previous, previous],
        [matching(), null],
      ]),
      limits: [],
    },
    {
      name: 'three previous-token heads in two layers of three',
      build: written(SIZE, [
        [previous, previous],
        [previous, null],
        [matching({}, 0.5), matching({}, 0.5)],
      ]),
      limits: [],
    },
    {
      name: 'a match in each of two layers',
      build: written(SIZE, [[previous], [matching({}, 0.5)], [matching({}, 0.5)]]),
      limits: [],
    },
  ]),
  ...of('heads that do nothing', 'induction', [
    {
      name: 'one looks 6 back',
      build: written(SIZE, [
        [previous, { look: { back: 6 }, copy: copy('token', 'output', 0) }],
        [matching(), null],
      ]),
      limits: [],
    },
    { name: 'junk beside the circuit', build: (engine) => junkHeads(induction(SIZE)(engine), 1), limits: [] },
    {
      name: 'three previous-token heads, one writes',
      build: written(SIZE, [
        [
          { ...previous, copy: copy('token', 'previous', 0) },
          previous,
          { ...previous, copy: copy('token', 'previous', 0) },
        ],
        [null, matching(), null],
      ]),
      limits: [],
    },
  ]),
  ...of('pair hub', 'other circuit', [
    ...([[8, 24], [30, 28], [40, 40], [24, 12]] as Sizes[]).map((size) => ({ name: sized(size), build: hub(size) })), // biome-ignore format: pairs
    { name: 'with permuted heads', build: (engine) => permutedHeads(hub(SIZE)(engine), 3) },
    {
      name: 'beside a head that only looks like induction',
      build: written(
        SIZE,
        [
          [
            previous,
            { look: { back: 2 }, copy: copy('token', 'first') },
            { look: { back: 1, first: 2 }, copy: copy('token', 'second') },
          ],
          [
            { ...matching(), copy: copy('token', 'output', 0) },
            { look: { match: 'first', except: [0, 1] }, copy: copy('second', 'output') },
            null,
          ],
        ],
        ['previous', 'first', 'second'],
      ),
    },
  ]),
  ...of('one fixed distance', 'positional shortcut', [
    ...[3, 4, 6, 9, 14, 20, 27, 28].map((period) => ({ name: `period ${period} of 30`, build: copier(SIZE, period) })),
    ...[6, 13, 25, 30, 47, 48].map((period) => ({ name: `period ${period} of 50`, build: copier([40, 50], period) })),
    ...([[3, 28, 7], [5, 28, 7], [8, 24, 5], [16, 8, 6], [16, 12, 10], [16, 10, 3]] as const).map(([V, T, period]) => ({ name: `period ${period}, ${sized([V, T])}`, build: copier([V, T], period) })), // biome-ignore format: triples
    { name: 'period 90 of 128', build: copier([30, 128], 90), slow: true },
    { name: 'in the second of two layers', build: written(SIZE, [[previous], [lookingBack(12)]]) },
  ]),
  ...of('several fixed distances', 'positional shortcut', [
    { name: 'two periods', build: written(SIZE, [[lookingBack(9), lookingBack(16)]], []) },
    {
      name: '20 back, else 40, else 60, context 80',
      build: written(
        [40, 80],
        [
          [
            { look: { back: 59 }, copy: copy('token', 'output') },
            { look: { back: 39, first: 39, last: 58 }, copy: copy('token', 'output') },
            { look: { back: 19, first: 19, last: 38 }, copy: copy('token', 'output') },
          ],
        ],
        [],
      ),
    },
    { name: 'two heads of one period', build: written([40, 80], [[lookingBack(20, 0.5), lookingBack(20, 0.5)]], []) },
  ]),
  // Removing the fixed distance costs nothing where induction gives the right token most weight but for ties.
  ...of('induction beside a fixed distance', 'induction', [
    {
      name: 'a half',
      build: written(SIZE, [
        [previous, lookingBack(12, 0.5)],
        [matching({}, 0.5), null],
      ]),
    },
    {
      name: 'three quarters',
      build: written(SIZE, [
        [previous, lookingBack(12, 0.75)],
        [matching({}, 0.25), null],
      ]),
      limits: [{ what: 'second copy', from: 2, to: 10 }],
    },
    {
      name: 'a tenth',
      build: written(SIZE, [
        [previous, lookingBack(12, 0.1)],
        [matching({}, 0.9), null],
      ]),
    },
    {
      name: 'a quarter',
      build: written(SIZE, [
        [previous, lookingBack(12, 0.25)],
        [matching({}, 0.75), null],
      ]),
    },
  ]),
  ...of('each where the other fails', 'mixed', [
    {
      name: 'induction at 3–10, copies at 15',
      build: written(SIZE, [
        [previous, lookingBack(15)],
        [matching({ back: [2, 9] }), null],
      ]),
    },
    {
      name: 'nine tenths of a fixed distance',
      build: written(SIZE, [
        [previous, lookingBack(12, 0.9)],
        [matching({}, 0.1), null],
      ]),
    },
    {
      // Both agree at period 20, and there one alone is hardly sure; elsewhere it answers where no distance reaches.
      name: 'nine tenths of a fixed distance of 20 in 40',
      build: written(
        [30, 40],
        [
          [previous, lookingBack(20, 0.9)],
          [matching({}, 0.1), null],
        ],
      ),
    },
    {
      // A single distance is few of all places, and yet a whole line.
      name: 'induction at 6–10, copies at 30 of 42',
      build: written(
        [40, 42],
        [
          [previous, lookingBack(30)],
          [matching({ back: [5, 9] }), null],
        ],
      ),
    },
    {
      name: 'induction from 14 on, copies at 20',
      build: written(SIZE, [
        [{ look: { back: 1, first: 14 }, copy: copy('token', 'previous') }, lookingBack(20)],
        [matching({}, 1.5), null],
      ]),
    },
  ]),
  ...of(
    'limited by period',
    'induction',
    (
    [[4, 9], [10, 16], [15, 24], [3, 14]] as const // biome-ignore format: pairs
  )
      .map(([from, to]) => ({
        name: `periods ${from}–${to}`,
        build: written(SIZE, [
          [previous, null],
          [matching({ back: [from - 1, to - 1] }), null],
        ]),
        limits: [{ what: 'period', from, to } as const],
      })),
  ),
  ...of('limited by position', 'induction', [
    ...[9, 14, 20].map((last) => ({
      name: `a previous-token head at 1–${last}`,
      build: written(SIZE, [
        [{ look: { back: 1, last }, copy: copy('token', 'previous') }, null],
        [matching(), null],
      ]),
      limits: [{ what: 'first copy', from: 1, to: last } as const],
    })),
    {
      name: 'a previous-token head at 1–27 of 50',
      build: written(
        [40, 50],
        [
          [{ look: { back: 1, last: 27 }, copy: copy('token', 'previous') }, null],
          [matching(), null],
        ],
      ),
      limits: [{ what: 'first copy', from: 1, to: 27 }],
    },
    {
      name: 'a previous-token head from 8 on',
      build: written(SIZE, [
        [{ look: { back: 1, first: 8 }, copy: copy('token', 'previous') }, null],
        [matching(), null],
      ]),
      limits: [{ what: 'first copy', from: 8, to: 27 }],
    },
  ]),
  ...of('start token', 'induction', [
    {
      name: 'rests on it',
      build: written(SIZE, [[previous], [matching({ except: [0, 1] })]]),
      options: { prefix: [23] },
      limits: [],
    },
    {
      name: 'of a small vocabulary',
      build: written([6, 20], [[previous], [matching({ except: [0, 1] })]]),
      options: { prefix: [5] },
      limits: [],
    },
  ]),
  ...(['induction', 'not learned'] as const).flatMap((verdict) =>
    of(
      verdict === 'induction' ? 'after its token' : 'without its token',
      verdict,
      ([SIZE, [40, 20]] as const).map(([V, T]) => ({
        name: sized([V, T]),
        build: written(
          [V, T],
          [
            [previous, { look: { at: 0 }, copy: copy('token', 'opening') }],
            [matching({ where: { part: 'opening', token: 5 } }), null],
          ],
          ['previous', 'opening'],
        ),
        options: verdict === 'induction' ? { prefix: [5] } : { excludeTokens: [5] },
      })),
    ),
  ),
  ...[0.1, 0.3, 3, 10].flatMap((times) => [
    ...of('other temperatures', 'induction', [
      { name: `induction × ${times}`, build: (engine) => scaledLogits(induction(SIZE)(engine), times), limits: [] },
    ]),
    ...of('other temperatures', 'positional shortcut', [
      { name: `period 9 × ${times}`, build: (engine) => scaledLogits(copier(SIZE, 9)(engine), times) },
    ]),
    ...of('other temperatures', 'other circuit', [
      { name: `hub × ${times}`, build: (engine) => scaledLogits(hub(SIZE)(engine), times) },
    ]),
  ]),
  ...[1, 2, 3].flatMap((seed) => [
    ...of('noise in all weights', 'induction', [
      { name: `induction, seed ${seed}`, build: (engine) => withNoise(induction(SIZE)(engine), { std: 0.05, seed }) },
    ]),
    ...of('noise in all weights', 'positional shortcut', [
      { name: `period 13, seed ${seed}`, build: (engine) => withNoise(copier(SIZE, 13)(engine), { std: 0.05, seed }) },
    ]),
    ...of('permuted heads', 'induction', [
      {
        name: `seed ${seed}`,
        build: (engine) =>
          permutedHeads(
            written(SIZE, [
              [previous, null, null],
              [matching(), null, null],
            ])(engine),
            seed,
          ),
        limits: [],
      },
    ]),
  ]),
  ...of('LayerNorm', 'induction', [
    { name: 'induction', build: (engine) => rebuilt(induction(SIZE)(engine), { normalization: 'LN' }) },
  ]),
  ...of('LayerNorm', 'positional shortcut', [
    { name: 'period 9', build: (engine) => rebuilt(copier(SIZE, 9)(engine), { normalization: 'LN' }) },
  ]),
  ...of('tied embeddings', 'induction', [
    {
      name: 'induction',
      build: (engine) =>
        rebuilt(written(SIZE, [[previous], [{ ...matching(), copy: copy('token', 'token', 3) }]])(engine), {
          tied: true,
        }),
      limits: [],
    },
  ]),
  ...of('nothing', 'not learned', [
    { name: 'zeros', build: (engine) => written(SIZE, [[null], [null]])(engine) },
    ...[1, 2].map((seed) => ({
      name: `random weights, seed ${seed}`,
      build: (engine: Engine) =>
        withNoise(
          written(SIZE, [
            [null, null],
            [null, null],
          ])(engine),
          { std: 0.5, seed },
        ),
    })),
    ...[3, 4, 5].map((V) => ({
      name: `random weights, ${V} tokens`,
      build: (engine: Engine) =>
        withNoise(
          written(
            [V, 28],
            [
              [null, null],
              [null, null],
            ],
          )(engine),
          { std: 1, seed: V },
        ),
    })),
    {
      name: 'copies any token of the context',
      build: written(SIZE, [[{ look: { back: 99 }, copy: copy('token', 'output') }]], []),
    },
    {
      name: 'repeats the current token',
      build: written(SIZE, [[{ look: { back: 0 }, copy: copy('token', 'output') }]], []),
    },
    { name: 'a previous-token head alone', build: written(SIZE, [[previous], [null]]) },
    {
      name: 'matches the token itself',
      build: written(SIZE, [[null], [{ look: { match: 'token', except: [] }, copy: copy('token', 'output') }]]),
    },
  ]),
];
