// docs/hook-points.md is what the components declare. UPDATE=1 writes it anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { declaredHookPoints, type HookPoint, loadEngine, Model, type ModelOptions, modelConfig } from '../src/node.ts';

const PAGE = new URL('../../../docs/hook-points.md', import.meta.url);
const SIZES = { nLayers: 1, nHeads: 1, dModel: 2, dHead: 2, nCtx: 2, dVocab: 2 };

const engine = await loadEngine({ shared: false });

/** The names of the points that a model of these options gives gradients of. */
function withGradients(options: object): string[] {
  const model = new Model(engine, { ...SIZES, ...options } as ModelOptions);
  const names = pointsOf(options).map(({ name }) => name);
  return names.filter((name) => model.runWithGradients([[0, 1]], { names: name }).activationGradients.has(name));
}

const pointsOf = (options: object): readonly HookPoint[] => declaredHookPoints(modelConfig({ ...SIZES, ...options }));

/** In forward order, those that only some models have where they come. */
function table(): string {
  const all = pointsOf({ positions: 'rotary', dMlp: 1, gatedMlp: true, qkNorm: true });
  const places = pointsOf({ positions: 'standard' }).filter(({ name }) => name === 'hook_pos_embed');
  const always = new Set(pointsOf({ positions: 'rotary', normalization: null }).map(({ name }) => name));
  const withMlp = new Set(pointsOf({ positions: 'rotary', normalization: null, dMlp: 1 }).map(({ name }) => name));
  const gradients = new Set([
    ...withGradients({ positions: 'rotary', dMlp: 1, gatedMlp: true, qkNorm: true, normalization: 'RMS' }),
    ...withGradients({ positions: 'standard' }),
  ]);
  const when = ({ name }: HookPoint): string => {
    if (name === 'hook_pos_embed') return 'positions with a table';
    if (name.includes('hook_rot_')) return 'rotary positions';
    if (/\.[qk]_norm\./.test(name)) return 'query-key norm';
    if (always.has(name)) return '';
    if (name.endsWith('resid_mid')) return 'an MLP after attention';
    if (name.endsWith('pre_linear')) return 'gated MLP';
    if (withMlp.has(name)) return 'MLP';
    return name.includes('.ln2.') ? 'MLP and LayerNorm or RMSNorm' : 'LayerNorm or RMSNorm';
  };
  const rows = [all[0]!, ...places, ...all.slice(1)].map((point) => {
    const name = point.name.replace('blocks.0.', 'blocks.L.');
    const axes = point.axes.join(', ').replace('one', '1');
    return `| \`${name}\` | [${axes}] | ${when(point)} | ${gradients.has(point.name) ? 'yes' : 'no'} | ${point.onRequest ? 'yes' : ''} |`;
  });
  return ['| hook point | axes | where | gradient | on request |', '|---|---|---|---|---|', ...rows].join('\n');
}

test('the page lists every hook point with its axes', () => {
  const page = readFileSync(PAGE, 'utf8');
  const written = page.replace(/\| hook point[\s\S]*\|\n/, `${table()}\n`);
  if (process.env.UPDATE === '1') writeFileSync(PAGE, written);
  expect(readFileSync(PAGE, 'utf8')).toBe(written);
  expect(page).toContain('| `blocks.L.attn.hook_pattern` |');
});
