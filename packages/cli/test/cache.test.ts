// `cache` against float64 PyTorch: what a Python user finds in the file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from '@induction-lab/core/node';
import { describe, expect, test } from 'vitest';
import { distance, GOLDEN, loadGolden } from '../../core/test/support/golden.ts';

import { temporaryFolder, writeJson } from './support/folders.ts';
import { succeed } from './support/inProcess.ts';
import { writeGolden } from './support/models.ts';

const folder = temporaryFolder();

/** float32 against float64 over a whole forward and backward pass. */
const TOLERANCE = 1e-5;

const cases = [...GOLDEN.map((name) => ({ name, build: [] as string[] })), { name: GOLDEN[3], build: ['--exact'] }];

describe.for(cases)('cache of $name $build', ({ name, build }) => {
  const golden = loadGolden(name);
  const { nLayers, nCtx } = golden.config;
  const all = golden.get('tokens');
  const batch = all.length / 10 / nCtx;
  const rows = Array.from({ length: batch }, (_, s) => [...all.subarray(s * nCtx, (s + 1) * nCtx)]);
  const id = `${name}${build.join('')}`;
  const checkpoint = writeGolden(join(folder, `${id}.safetensors`), golden);
  const tokens = writeJson(join(folder, `${id}.json`), rows);
  const cache = async (out: string, ...more: string[]): Promise<ReturnType<typeof decodeSafetensors>> => {
    const path = join(folder, `${id}-${out}.safetensors`);
    await succeed('cache', checkpoint, '--tokens', tokens, '--out', path, ...build, ...more);
    return decodeSafetensors(readFileSync(path), path);
  };

  test('agrees in logits, losses, patterns and every gradient', async () => {
    const { tensors } = await cache('gradients', '--gradients', '--names', 'blocks.*.attn.hook_pattern');
    const compare = (ours: string, theirs: string): void =>
      expect(distance(tensors[ours]!.data, golden.get(theirs)), ours).toBeLessThan(TOLERANCE);
    compare('logits', 'logits');
    compare('loss_per_position', 'loss_per_pos');
    expect(tensors.logits!.shape).toEqual([batch, nCtx, golden.config.dVocab]);
    expect(tensors.loss_per_position!.shape).toEqual([batch, nCtx - 1]);
    for (let layer = 0; layer < nLayers; layer++) compare(`blocks.${layer}.attn.hook_pattern`, `pattern.${layer}`);
    const gradients = Object.keys(tensors).filter((tensor) => tensor.startsWith('grad.'));
    expect(gradients).toHaveLength(
      nLayers * (golden.config.normalization === 'LN' ? 10 : 8) + (golden.config.normalization === 'LN' ? 6 : 4),
    );
    for (const gradient of gradients)
      if (gradient.endsWith('b_K'))
        expect(Math.hypot(...tensors[gradient]!.data), gradient).toBeLessThan(1e-7); // 0 in theory
      else compare(gradient, gradient);
  });

  test('holds exactly what was asked for, and says where it came from', async () => {
    const { tensors, metadata } = await cache('named', '--names', 'blocks.1.attn.hook_?', '--names', 'hook_embed');
    const named = ['hook_embed', ...['q', 'k', 'v', 'z'].map((x) => `blocks.1.attn.hook_${x}`)];
    expect(Object.keys(tensors).sort()).toEqual(['logits', 'loss_per_position', ...named].sort());
    expect(metadata).toMatchObject({ checkpoint, format: 'pt', backend: build.length ? 'simd' : expect.any(String) });
  });

  test('holds every activation when nothing is asked for, and no gradient', async () => {
    const { tensors } = await cache('default');
    const perLayer = golden.config.normalization === 'LN' ? 11 : 9;
    expect(Object.keys(tensors).filter((tensor) => tensor.includes('hook_'))).toHaveLength(
      2 + nLayers * perLayer + (golden.config.normalization === 'LN' ? 2 : 0),
    );
    expect(Object.keys(tensors).filter((tensor) => tensor.startsWith('grad.'))).toEqual([]);
    expect(distance(tensors[`blocks.${nLayers - 1}.hook_resid_post`]!.data, golden.get('resid_final'))).toBeLessThan(
      TOLERANCE,
    );
  });
});
