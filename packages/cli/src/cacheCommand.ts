import { existsSync } from 'node:fs';
import {
  encodeSafetensors,
  hookPoints,
  loadEngine,
  type NamedWeights,
  selectHookPoints,
} from '@induction-lab/core/node';
import { badInput } from './errors.ts';
import { readJson, writeWhole } from './files.ts';
import { loadCheckpoint } from './loadCheckpoint.ts';

export interface CacheCommandOptions {
  tokens: string;
  out: string;
  names: string[];
  gradients?: boolean;
  modelConfig?: string;
  exact?: boolean;
}

/** `induction-lab cache`: what a Python user checks us with. Everything under its hook or weight name, float32. */
export async function cacheCommand(checkpoint: string, options: CacheCommandOptions): Promise<void> {
  const engine = await loadEngine({ exact: options.exact ?? false, shared: false });
  const model = loadCheckpoint(engine, checkpoint, options.modelConfig);
  if (existsSync(options.out)) throw badInput(`${options.out} exists; choose another --out or delete it first.`);
  const tokens = readJson(options.tokens, 'token file');
  if (!Array.isArray(tokens) || !tokens.every((row) => Array.isArray(row)))
    throw badInput(
      `${options.tokens} must be an array of equally long arrays of tokens, such as [[1, 2, 3], [4, 5, 6]].`,
    );
  /** What the library refuses is wrong with what the user named: a file or an option. */
  const blaming = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw badInput((error as Error).message.replace(/^(\w+: )?/, `${what}: `));
    }
  };
  const names =
    options.names.length > 0
      ? blaming('--names', () => selectHookPoints(model.config, options.names, 'cache'))
      : hookPoints(model.config, { onRequest: false });
  const run = blaming(options.tokens, () => model.runWithCache(tokens as number[][], { names }));
  const { batch, length } = run;
  const out: Record<string, NamedWeights[string]> = {
    logits: { shape: [batch, length, model.config.dVocab], data: run.logits },
    loss_per_position: { shape: [batch, length - 1], data: run.lossPerPosition },
  };
  for (const name of run.cache.names) out[name] = run.cache.get(name);
  if (options.gradients) {
    const { gradients } = blaming(options.tokens, () => model.runWithGradients(tokens as number[][]));
    for (const [name, gradient] of Object.entries(gradients)) out[`grad.${name}`] = gradient;
  }
  writeWhole(options.out, encodeSafetensors(out, { backend: engine.backend, checkpoint, format: 'pt' }));
  process.stdout.write(
    `${Object.keys(out).length} tensors of ${batch} sequences of ${length} tokens in ${options.out}\n`,
  );
}
