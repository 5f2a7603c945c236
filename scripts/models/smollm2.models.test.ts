// A real language model with real induction heads against the reference implementation in float64 (smollm2.json says how it was
// made): npm run test:models, which fetches it once.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { beforeAll, expect, test } from 'vitest';
import {
  allHeads,
  type Intervention,
  inductionStripe,
  loadEngine,
  loadModel,
  type Model,
  previousTokenScore,
} from '../bridge/library.ts';

const { smolLm2 } = (await import(new URL('fetch.mjs', import.meta.url).href)) as { smolLm2(): string };

interface Text {
  readonly text: string;
  readonly ids: number[];
  readonly top5: [id: number, token: string, probability: number][];
  readonly loss_per_position: number[];
  readonly pattern_last_query: Record<string, number[]>;
}
interface Repeated {
  readonly tokens: number[][];
  readonly loss_first: number;
  readonly loss_repeat: number;
  readonly loss_per_sequence_repeat: number[];
  readonly induction_stripe: number[][];
  readonly previous_token: number[][];
  readonly duplicate_token: number[][];
}
const golden = JSON.parse(readFileSync(new URL('smollm2.json', import.meta.url), 'utf8')) as {
  texts: Text[];
  repeated: Record<string, Repeated>;
  ablation_P25_first4: Record<'clean' | `top${number}`, number> & { order16: string[] };
};

let model: Model;
beforeAll(async () => {
  const path = smolLm2();
  const engine = await loadEngine({ threads: Math.min(2, availableParallelism()) });
  const started = performance.now();
  model = await loadModel(path, { engine });
  console.log(`loading: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}, 1_200_000);

/** float32 beside float64. */
const RELATIVE = 1e-3;
/** Half of the last digit that the file has. */
const WRITTEN = 5e-7;
const within = (got: number, want: number, { bound, what }: { bound: number; what: string }): void => {
  expect(Math.abs(got - want), `${what}: ${got} for ${want}`).toBeLessThan(bound);
};
const nearLoss = (got: number, want: number, what: string): void =>
  within(got, want, { bound: RELATIVE * want + WRITTEN, what });
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

test.for(golden.texts)('$text: loss per position, the five most likely next tokens, attention', (one) => {
  const layers = [...new Set(Object.keys(one.pattern_last_query).map((head) => head.split('.')[0]))];
  const names = layers.map((layer) => `blocks.${layer}.attn.hook_pattern`);
  const { logits, lossPerPosition, cache } = model.runWithCache([one.ids], { names });
  for (const [t, want] of one.loss_per_position.entries()) nearLoss(lossPerPosition[t]!, want, `loss at ${t}`);
  const last = Float64Array.from(logits.subarray(-model.config.dVocab));
  const top = last.reduce((a, b) => Math.max(a, b));
  const sum = last.reduce((total, x) => total + Math.exp(x - top), 0);
  const order = Array.from(last.keys()).sort((a, b) => last[b]! - last[a]!);
  expect(order.slice(0, 5)).toEqual(one.top5.map(([id]) => id));
  for (const [id, token, probability] of one.top5)
    within(Math.exp(last[id]! - top) / sum, probability, { bound: RELATIVE * probability + WRITTEN, what: token });
  for (const [head, want] of Object.entries(one.pattern_last_query)) {
    const [layer, h] = head.split('.').map(Number) as [number, number];
    const row = cache.pattern(layer, h).row(0, one.ids.length - 1);
    want.forEach((share, key) => {
      expect(Math.abs(row[key]! - share), `attention of ${head} to ${key}`).toBeLessThan(1e-4);
    });
  }
});

test.for(Object.keys(golden.repeated))('two copies of a block of %s: losses, and every head’s scores', (P) => {
  const want = golden.repeated[P]!;
  const period = Number(P);
  const length = 2 * period;
  const { lossPerPosition, cache } = model.runWithCache(want.tokens, { names: 'blocks.*.attn.hook_pattern' });
  const losses = want.tokens.map((_, s) => lossPerPosition.subarray(s * (length - 1), (s + 1) * (length - 1)));
  nearLoss(mean(losses.map((loss) => mean(loss.subarray(0, period - 1)))), want.loss_first, 'first occurrence');
  nearLoss(mean(losses.map((loss) => mean(loss.subarray(period)))), want.loss_repeat, 'repeat');
  for (const [s, loss] of losses.entries())
    nearLoss(mean(loss.subarray(period)), want.loss_per_sequence_repeat[s]!, `sequence ${s}`);
  for (const { layer, head } of allHeads(model.config)) {
    const pattern = cache.pattern(layer, head);
    const scored = (score: (attention: (q: number, k: number) => number) => number): number =>
      mean(want.tokens.map((_, s) => score((q, k) => pattern.at(s, q, k))));
    const stripe = scored((attention) => inductionStripe(attention, { start: 0, period, length }));
    expect(Math.abs(stripe - want.induction_stripe[layer]![head]!), `stripe ${layer}.${head}`).toBeLessThan(1e-4);
    const previous = scored((attention) => previousTokenScore(attention, length));
    expect(Math.abs(previous - want.previous_token[layer]![head]!), `previous ${layer}.${head}`).toBeLessThan(1e-4);
  }
});

test('without the heads that score highest, as many as 16, the repeat is lost as it should be', () => {
  const { order16, ...want } = golden.ablation_P25_first4;
  const tokens = golden.repeated['25']!.tokens.slice(0, 4);
  const without = (count: number): number => {
    const off = order16.slice(0, count).map((name): Intervention => {
      const [layer, head] = name.split('.').map(Number) as [number, number];
      return { kind: 'zeroAblate', hook: `blocks.${layer}.attn.hook_z`, head };
    });
    const { lossPerPosition } = model.runWithInterventions(tokens, off);
    return mean(tokens.map((_, s) => mean(lossPerPosition.subarray(s * 49 + 25, s * 49 + 49))));
  };
  nearLoss(without(0), want.clean, 'clean');
  for (const count of [1, 2, 4, 8, 16] as const) nearLoss(without(count), want[`top${count}`], `top ${count}`);
});
