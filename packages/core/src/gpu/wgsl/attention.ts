// Attention of one layer. An invocation takes a query of a head, or a key of one, and goes over the others: the pattern is
// never stored. Scores are scaled, and the largest is subtracted before exp.

import { alibiSlopes } from '../../model/components/positions/alibi.ts';
import type { Layout } from '../layout.ts';
import { each, float, SYNC, tile, times } from './pieces.ts';

/** Functions of WGSL for layer l: forward leaves what heads read out in Z and in the tile. */
export function attentionFunctions(layout: Layout): string {
  const { heads, positions, rows, head4, heads4 } = layout.sizes;
  const { scratch, config } = layout;
  const own = (offset: number): string => `(${offset}u + l * ${scratch.stride}u)`;
  const [Q, K, V] = [0, 1, 2].map((n) => own(scratch.Q + n * rows * heads4)) as [string, string, string];
  const [Z, soft] = [own(scratch.Z), own(scratch.soft)];
  const [dQ, dK, dV] = [0, 1, 2].map((n) => `${scratch.dQ + n * rows * heads4}u`) as [string, string, string];
  const dZ = `${scratch.dZ}u`;
  const inverse = float(1 / config.attnScale);

  const headRow = (start: string, t: string): string => `S0 + ${start} + (${t}) * ${heads4}u + h * ${head4}u`;
  const load = (name: string, start: string, t: string): string =>
    `let ${name}At = ${headRow(start, t)}; ${times(head4, (c) => `let ${name}${c} = scratch[${name}At + ${c}u];`)}`;
  const save = (start: string, t: string, name: string): string =>
    `let ${name}To = ${headRow(start, t)}; ${times(head4, (c) => `scratch[${name}To + ${c}u] = ${name}${c};`)}`;
  const zeros = (name: string): string => times(head4, (c) => `var ${name}${c} = vec4f();`);
  const addTo = (name: string, factor: string, b: string): string =>
    times(head4, (c) => `${name}${c} += ${factor} * ${b}${c};`);
  const dot = (a: string, b: string): string =>
    Array.from({ length: head4 }, (_, c) => `dot(${a}${c}, ${b}${c})`).join(' + ');
  /** The score of query position `query` on key position `key`, whose vectors are q and k. */
  const score = (query: string, key: string): string =>
    `((${dot('q', 'k')}) * ${inverse}${config.positions === 'alibi' ? ` - slopes[h] * f32(${query} - ${key})` : ''})`;
  const byHead = (body: string): string =>
    each(heads * positions, `let h = i / ${positions}u; let t = i % ${positions}u; ${body}`);
  const padding = (rows - positions) * heads4;

  return `${config.positions === 'alibi' ? slopes(layout) : ''}
fn attention(l: u32) {
  ${byHead(`
    ${load('q', Q, 't')}
    var top = -3.0e38; ${zeros('z')} var sum = 0.0;
    for (var key = 0u; key <= t; key++) { ${load('k', K, 'key')} top = max(top, ${score('t', 'key')}); }
    for (var key = 0u; key <= t; key++) {
      ${load('k', K, 'key')} ${load('v', V, 'key')}
      let e = exp(${score('t', 'key')} - top);
      sum += e; ${addTo('z', 'e', 'v')}
    }
    scratch[S0 + ${soft} + i] = vec4f(top + log(sum), 0.0, 0.0, 0.0);
    ${times(head4, (c) => `z${c} = z${c} / sum; ${tile(`t * ${heads4}u + h * ${head4}u + ${c}u`)} = z${c};`)}
    ${save(Z, 't', 'z')}`)}
  ${padding > 0 ? each(padding, `${tile(`${positions * heads4}u + i`)} = vec4f();`) : ''}
}

fn attentionBackward(l: u32) {
  ${byHead(`
    ${load('q', Q, 't')} ${load('z', Z, 't')} ${load('d', dZ, 't')}
    let along = ${dot('z', 'd')}; let total = scratch[S0 + ${soft} + i].x; ${zeros('g')}
    for (var key = 0u; key <= t; key++) {
      ${load('k', K, 'key')} ${load('v', V, 'key')}
      let ds = exp(${score('t', 'key')} - total) * (${dot('d', 'v')} - along) * ${inverse};
      ${addTo('g', 'ds', 'k')}
    }
    scratch[S0 + ${soft} + i].y = along;
    ${save(dQ, 't', 'g')}`)}
  ${SYNC}
  ${byHead(`
    ${load('k', K, 't')} ${load('v', V, 't')} ${zeros('g')} ${zeros('f')}
    for (var query = t; query < ${positions}u; query++) {
      ${load('q', Q, 'query')} ${load('d', dZ, 'query')}
      let st = scratch[S0 + ${soft} + h * ${positions}u + query];
      let e = exp(${score('query', 't')} - st.x);
      let ds = e * (${dot('d', 'v')} - st.y) * ${inverse};
      ${addTo('g', 'ds', 'q')} ${addTo('f', 'e', 'd')}
    }
    ${save(dK, 't', 'g')} ${save(dV, 't', 'f')}`)}
  ${
    padding > 0
      ? each(
          padding,
          [dQ, dK, dV].map((start) => `scratch[S0 + ${start} + ${positions * heads4}u + i] = vec4f();`).join(' '),
        )
      : ''
  }
}`;
}

/** ALiBi's slope of each head. */
const slopes = ({ sizes }: Layout): string =>
  `var<private> slopes: array<f32, ${sizes.heads}> = array<f32, ${sizes.heads}>(${alibiSlopes(sizes.heads).map(float).join(', ')});`;

/** Turns every head's row of a matrix from `start` on by its position; backwards for a direction of −1. In place. */
export function turnFunction({ config, sizes }: Layout): string {
  if (config.positions !== 'rotary') return '';
  const { heads, positions, head4, heads4 } = sizes;
  const half = config.rotaryDim / 2;
  const [a, b] = config.rotaryAdjacentPairs ? ['2u * p', '2u * p + 1u'] : ['p', `p + ${half}u`];
  return `fn turnHeads(start: u32, direction: f32) {
  ${each(
    heads * positions,
    `let t = i / ${heads}u; let at = S0 + start + t * ${heads4}u + i % ${heads}u * ${head4}u;
    var x: array<f32, ${4 * head4}>;
    for (var c = 0u; c < ${head4}u; c++) { let y = scratch[at + c]; ${times(4, (n) => `x[4u * c + ${n}u] = y[${n}];`)} }
    for (var p = 0u; p < ${half}u; p++) {
      let turn = turns[t * ${half}u + p]; let s = direction * turn.y; let a = x[${a}]; let b = x[${b}];
      x[${a}] = a * turn.x - b * s; x[${b}] = b * turn.x + a * s;
    }
    for (var c = 0u; c < ${head4}u; c++) { scratch[at + c] = vec4f(x[4u * c], x[4u * c + 1u], x[4u * c + 2u], x[4u * c + 3u]); }`,
  )}
}`;
}
