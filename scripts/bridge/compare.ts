// Holds a model of ours to what TransformerLens computed of it: the largest distance of everything that is compared, by kind.
import { activationInFour, gradientInFour } from './asInFour.ts';
import {
  allHeads,
  compositionScores,
  declaredHookPoints,
  type Expected,
  headLabel,
  type Intervention,
  inductionStripe,
  isGrouped,
  type Model,
  type NamedWeights,
  previousTokenScore,
  type Tokens,
  WeightCircuits,
} from './library.ts';

/** How many numbers of a kind were compared, and their largest distance beside the largest number of the same tensor. */
export interface Compared {
  readonly numbers: number;
  readonly distance: number;
  /** Which tensor is so far off. */
  readonly worst: string;
}

/** What is compared, in the order of the table. */
export const KINDS = [
  ...['logits, loss', 'activations', 'gradients of activations', 'gradients of weights'],
  ...['ablation', 'patching', 'composition', 'scores'],
];

/** A gradient below this is none: of a key's bias, which moves all scores of a query alike. */
const NOTHING = 1e-6;

/** The largest difference beside the largest number; what is masked (−∞) must be so on both sides. */
export function distanceOf(got: ArrayLike<number>, want: ArrayLike<number>, what: string): number {
  if (got.length !== want.length) throw new Error(`${what}: ${got.length} numbers here, ${want.length} there.`);
  let [off, largest] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    if (Number.isFinite(want[i])) largest = Math.max(largest, Math.abs(want[i]!));
    if (got[i] !== want[i]) off = Math.max(off, Math.abs(got[i]! - want[i]!));
    if (Number.isNaN(off)) throw new Error(`${what}: element ${i} is ${got[i]} here and ${want[i]} there.`);
  }
  return largest < NOTHING ? off : off / largest;
}

type Check = (kind: string, name: string, got: ArrayLike<number>) => void;

function checker(expected: Expected): { out: Map<string, Compared>; check: Check } {
  const out = new Map<string, Compared>();
  const check: Check = (kind, name, got) => {
    const want = expected[name];
    if (!want) throw new Error(`TransformerLens has no ${name}.`);
    note(out, { kind, name, got, want: want.data });
  };
  return { out, check };
}

/** Adds what was compared of a kind. */
function note(
  out: Map<string, Compared>,
  { kind, name, got, want }: { kind: string; name: string; got: ArrayLike<number>; want: ArrayLike<number> },
): void {
  const { numbers, distance, worst } = out.get(kind) ?? { numbers: 0, distance: -1, worst: '' };
  const here = distanceOf(got, want, name);
  out.set(kind, {
    numbers: numbers + got.length,
    ...(here > distance ? { distance: here, worst: name } : { distance, worst }),
  });
}

/**
 * Logits, losses, patching, and the activations with their gradients that have the same name on both sides: those that any model has must be
 * among them. `scoresArePattern` says that hook_attn_scores holds the pattern, as in some models of TransformerLens 4; `weights` are
 * the gradients of weights.
 */
export function compareRuns(
  model: Model,
  {
    tokens,
    expected,
    scoresArePattern,
    weights,
  }: { tokens: Tokens; expected: Expected; scoresArePattern: boolean; weights?: NamedWeights },
): Map<string, Compared> {
  const { out, check } = checker(expected);
  const ours = declaredHookPoints(model.config).flatMap(({ name, onRequest }) => (onRequest ? [] : [name]));
  const there = (name: string): boolean => expected[`activation ${name}`] !== undefined;
  const names = ours.filter(there);
  for (const part of ['hook_embed', 'blocks.1.hook_resid_pre', 'blocks.1.attn.hook_q', 'blocks.1.attn.hook_pattern'])
    if (!names.includes(part))
      throw new Error(`TransformerLens has no ${part}; it has ${Object.keys(expected).join(', ')}.`);
  const run = model.runWithCache(tokens, { names });
  check('logits, loss', 'logits', run.logits);
  check('logits, loss', 'loss', run.lossPerPosition);
  for (const name of names) {
    const { data } = expected[`activation ${name}`]!;
    if (name.endsWith('hook_attn_scores')) {
      if (scoresArePattern) {
        const pattern = expected[`activation ${name.replace('attn_scores', 'pattern')}`]!;
        if (distanceOf(data, pattern.data, name) > 0)
          throw new Error(`${name} is not the pattern any more; compare it.`);
        continue;
      }
      // it shows scores before the mask
      hideFuture(data, run.cache.get(name).shape.at(-1)!, Number.NEGATIVE_INFINITY);
    }
    check('activations', `activation ${name}`, activationInFour(name, run.cache));
  }
  const { gradients, activationGradients } = model.runWithGradients(tokens, { names: ours });
  for (const { name, future } of declaredHookPoints(model.config)) {
    const key = `activation gradient ${name}`;
    if (!names.includes(name) || !expected[key] || name.endsWith('hook_attn_scores')) continue;
    if (future !== undefined) hideFuture(expected[key].data, activationGradients.get(name).shape.at(-1)!);
    check('gradients of activations', key, gradientInFour(name, activationGradients, there));
  }
  for (const [name, { data }] of Object.entries(weights ?? {}))
    if (gradients[name]) note(out, { kind: 'gradients of weights', name, got: gradients[name].data, want: data });
  comparePatching(model, tokens, check);
  return out;
}

/** Each head and each place of the residual stream put from the clean run into the one whose sequences are moved by one. */
function comparePatching(model: Model, tokens: Tokens, check: Check): void {
  const { config } = model;
  const corrupted = tokens.map((_, s) => tokens.at(s - 1)!);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const rightLogit = (intervention: Intervention): number => {
    const { logits } = model.runWithInterventions(corrupted, [intervention], { clean: tokens });
    const length = tokens[0]!.length;
    return mean(tokens.map((t, s) => logits[(s * length + length - 2) * config.dVocab + t[length - 1]!]!));
  };
  const heads = allHeads(config).map(({ layer, head }) =>
    rightLogit({ kind: 'patch', hook: `blocks.${layer}.attn.hook_z`, head }),
  );
  check('patching', 'patching head out', heads);
  const residual = Array.from({ length: config.nLayers }, (_, layer) => layer).flatMap((layer) =>
    Array.from(tokens[0]!, (_, position) =>
      rightLogit({ kind: 'patch', hook: `blocks.${layer}.hook_resid_pre`, positions: [position] }),
    ),
  );
  check('patching', 'patching resid pre', residual);
}

/** Everything of a run on `tokens` that was written down there. */
export function compare(model: Model, tokens: Tokens, expected: Expected): Map<string, Compared> {
  const { out, check } = checker(expected);
  const { config } = model;
  // Where heads share keys and values, inputs of each head give it and us other shapes of k and v.
  const points = declaredHookPoints(config).filter(
    ({ name }) => !(isGrouped(config) && /hook_(attn_in|[qkv]_input)$/.test(name)),
  );
  const names = points.map(({ name }) => name);
  const run = model.runWithCache(tokens, { names });
  check('logits, loss', 'logits', run.logits);
  check('logits, loss', 'loss', run.lossPerPosition);
  for (const name of names) check('activations', `activation ${name}`, run.cache.get(name).data);
  const { gradients, activationGradients } = model.runWithGradients(tokens, { names });
  for (const { name, future } of points) {
    const { data, shape } = activationGradients.get(name);
    const key = `activation gradient ${name}`;
    // Of a pattern's entries in the future theirs are not 0, and nothing depends on them.
    if (future !== undefined && expected[key]) hideFuture(expected[key].data, shape.at(-1)!);
    check('gradients of activations', key, data);
  }
  for (const [name, { data }] of Object.entries(gradients)) {
    const key = `weight gradient ${name}`;
    if (config.tied && name === 'embed.W_E') addTransposed(expected[key]!, expected['weight gradient unembed.W_U']!);
    check('gradients of weights', key, data);
  }
  const heads = allHeads(config);
  const z = ({ layer, head }: { layer: number; head: number }): { hook: string; head: number } => ({
    ...{ hook: `blocks.${layer}.attn.hook_z`, head },
  });
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  const without = (h: (typeof heads)[number]): number =>
    mean(model.runWithInterventions(tokens, [{ kind: 'zeroAblate', ...z(h) }]).lossPerPosition);
  check('ablation', 'zero ablation', heads.map(without));
  comparePatching(model, tokens, check);
  if (!config.qkNorm) compareComposition(model, check); // theirs leaves out the gains of that norm
  const length = tokens[0]!.length;
  const scored = (score: (attention: (q: number, k: number) => number) => number): number[] =>
    heads.map(({ layer, head }) => {
      const pattern = run.cache.pattern(layer, head);
      return mean(tokens.map((_, s) => score((q, k) => pattern.at(s, q, k))));
    });
  const place = { start: 0, period: length / 2, length };
  check(
    'scores',
    'score induction',
    scored((attention) => inductionStripe(attention, place)),
  );
  check(
    'scores',
    'score previous token',
    scored((attention) => previousTokenScore(attention, length)),
  );
  return out;
}

/** Composition of all pairs of heads; of one layer and of a later one with an earlier one it is 0. */
function compareComposition(model: Model, check: Check): void {
  const { scores } = compositionScores(new WeightCircuits(model.config, model.getWeights()));
  const labels = allHeads(model.config).map(({ layer, head }) => headLabel(layer, head));
  for (const kind of ['q', 'k', 'v'] as const) {
    const of = (earlier: string, later: string): number =>
      scores.find((s) => s.kind === kind && s.earlier === earlier && s.later === later)?.raw ?? 0;
    const all = labels.flatMap((earlier) => labels.map((later) => of(earlier, later)));
    check('composition', `composition ${kind.toUpperCase()}`, all);
  }
}

function hideFuture(data: Float32Array, length: number, value = 0): void {
  data.forEach((_, i) => {
    if (i % length > Math.floor(i / length) % length) data[i] = value;
  });
}

/** into += of transposed */
function addTransposed(into: Expected[string], of: Expected[string]): void {
  const [rows, columns] = into.shape as [number, number];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) into.data[i * columns + j]! += of.data[j * rows + i]!;
}
