import { printable } from '@induction-lab/core/internal/printable';
import {
  encodeSafetensors,
  hookPoints,
  loadEngine,
  type Model,
  type NamedWeights,
  NotFiniteError,
  selectHookPoints,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask, Told } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { blameCheckpoint, loadCheckpoint } from '../files/loadCheckpoint.ts';
import { provenance } from '../files/provenance.ts';
import { readJson, writeWhole } from '../files/wholeFiles.ts';

export interface CacheCommandOptions {
  tokens: string;
  out: string;
  names: string[];
  gradients?: boolean;
  modelConfig?: string;
  exact?: boolean;
}

/** `induction-lab cache`: what a Python user checks us with. Everything under its hook or weight name, float32. */
export async function cacheCommand({ target, options }: MeasuringTask<CacheCommandOptions>, host: Host): Promise<void> {
  host.stage('loading');
  const tokens = readTokens(options.tokens);
  const engine = await loadEngine({ exact: options.exact ?? false, shared: false });
  const { model, checkpoint } = loadCheckpoint(engine, target, { modelConfig: options.modelConfig });
  const names =
    options.names.length > 0
      ? blaming('--names', () => selectHookPoints(model.config, options.names, 'cache'))
      : hookPoints(model.config, { onRequest: false });
  const out = blaming(options.tokens, () => activations(model, tokens, { names, told: host.stage('running') }));
  if (options.gradients) {
    const gradients = blaming(options.tokens, () => weightGradients(model, tokens, host.stage('running backward')));
    for (const [name, gradient] of Object.entries(gradients)) out[`grad.${name}`] = gradient;
  }
  refuseNotFinite(target, out);
  host.stage('writing');
  const { versions, commit, backend } = provenance(engine.backend);
  writeWhole(
    options.out,
    encodeSafetensors(out, {
      backend,
      checkpoint: target,
      checkpoint_sha256: checkpoint.sha256,
      induction_lab: versions.inductionLab,
      commit: commit ?? '',
      format: 'pt',
    }),
  );
  host.print(
    `${Object.keys(out).length} tensors of ${tokens.length} sequences of ${tokens[0]!.length} tokens in ${printable(options.out)}\n`,
  );
}

/** What the library refuses is wrong with what the user named: a file or an option. */
const blaming = <T>(what: string, work: () => T): T => blameCheckpoint(what, work);

/** Refuses to write what no longer says anything. Scores of future keys are −∞ by definition. */
function refuseNotFinite(checkpoint: string, tensors: Readonly<Record<string, NamedWeights[string]>>): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    const masked = name.endsWith('hook_attn_scores');
    for (let i = 0; i < data.length; i++) {
      const x = data[i] as number;
      if (Number.isFinite(x) || (masked && x === Number.NEGATIVE_INFINITY)) continue;
      throw new NotFiniteError(
        `${checkpoint}: the model’s outputs are not finite: ${name} holds ${x}; use weights of ordinary size.`,
      );
    }
  }
}

function readTokens(path: string): number[][] {
  const tokens = readJson(path, 'token file');
  const example = 'an array of equally long arrays of tokens, such as [[1, 2, 3], [4, 5, 6]]';
  if (!Array.isArray(tokens)) throw badInput(`${path} must be ${example}.`);
  if (tokens.length === 0) throw badInput(`${path} must hold at least one sequence: ${example}.`);
  const wrong = tokens.findIndex((row) => !Array.isArray(row));
  if (wrong >= 0) throw badInput(`${path} must be ${example}; entry ${wrong} is no array.`);
  for (const [s, row] of (tokens as unknown[][]).entries()) {
    if (row.length !== (tokens as unknown[][])[0]!.length)
      throw badInput(
        `${path}: sequence ${s} has ${row.length} tokens, sequence 0 has ${(tokens as unknown[][])[0]!.length}; use equal lengths.`,
      );
    if (row.length === 0) throw badInput(`${path}: a sequence needs at least one token; it must be ${example}.`);
  }
  return tokens as number[][];
}

/** Floats of activations that a slice of sequences may take: 64 MiB. */
const SLICE = 16 * 2 ** 20;

/** Sequences that are run together: a file of any length takes no more memory than what it is asked for, and a slice. */
function slicesOf({ config }: Model, tokens: readonly number[][]): number[][][] {
  const length = tokens[0]!.length;
  const perLayer = config.nHeads * length * (2 * length + 5 * config.dHead) + 6 * length * config.dModel;
  const perSequence = 2 * config.nLayers * perLayer + 3 * length * config.dVocab;
  const count = Math.max(1, Math.floor(SLICE / perSequence));
  return Array.from({ length: Math.ceil(tokens.length / count) }, (_, i) => tokens.slice(i * count, (i + 1) * count));
}

/** Logits, losses and the named activations of all sequences. */
function activations(
  model: Model,
  tokens: readonly number[][],
  { names, told }: { names: readonly string[]; told: Told },
): Record<string, NamedWeights[string]> {
  const all = new Map<string, { shape: number[]; data: Float32Array }>();
  let done = 0;
  for (const slice of slicesOf(model, tokens)) {
    const { batch, length, logits, lossPerPosition, cache } = model.runWithCache(slice, { names });
    const put = (name: string, shape: readonly number[], data: ArrayLike<number>): void => {
      const each = data.length / batch;
      let whole = all.get(name);
      if (!whole) {
        whole = { shape: [tokens.length, ...shape.slice(1)], data: new Float32Array(each * tokens.length) };
        all.set(name, whole);
      }
      whole.data.set(data, done * each);
    };
    put('logits', [batch, length, model.config.dVocab], logits);
    put('loss_per_position', [batch, length - 1], lossPerPosition);
    for (const name of cache.names) {
      const { shape, data } = cache.get(name);
      put(name, shape, data);
    }
    done += batch;
    told(done, tokens.length);
  }
  return Object.fromEntries(all);
}

/** Gradients of the mean loss over all sequences. */
function weightGradients(model: Model, tokens: readonly number[][], told: Told): NamedWeights {
  const slices = slicesOf(model, tokens);
  if (slices.length === 1) return model.runWithGradients(slices[0]!).gradients;
  const sums = new Map<string, { shape: readonly number[]; sum: Float64Array }>();
  let done = 0;
  for (const slice of slices) {
    for (const [name, { shape, data }] of Object.entries(model.runWithGradients(slice).gradients)) {
      const { sum } = sums.get(name) ?? { sum: new Float64Array(data.length) };
      for (let i = 0; i < sum.length; i++) sum[i]! += ((data[i] as number) * slice.length) / tokens.length;
      sums.set(name, { shape, sum });
    }
    done += slice.length;
    told(done, tokens.length);
  }
  return Object.fromEntries([...sums].map(([name, { shape, sum }]) => [name, { shape, data: Float32Array.from(sum) }]));
}
