// LayerNorm, forward and backward: x̂ = (x − mean) / √(variance + ε), gain · x̂ + shift. Without one, what is read is the
// stream itself.
import { type Layout, WORKGROUP } from '../layout.ts';
import { alongRow, begun, byRow, each, float, inTile, onlyOf, SYNC, shareOfRow, sumOfRow, tile } from './pieces.ts';

/** Functions of WGSL: x and moments are places in the scratch, gain and shift in the parameters. */
export function normFunctions(layout: Layout): string {
  return layout.config.normalization === null
    ? `fn readNormalized(x: u32) { ${each(layout.sizes.rows * layout.sizes.model4, `${tile('i')} = scratch[S0 + x + i];`)} }`
    : [normalize(layout), readNormalized(layout), normalizeBackward(layout)].join('\n');
}

/** Fills the tile, and keeps the moments. */
function normalize({ config, sizes }: Layout): string {
  const { positions, rows, model, model4 } = sizes;
  const only = onlyOf(model, 'j');
  return `fn normalize(x: u32, moments: u32, gain: u32, shift: u32) {
  ${byRow(
    rows,
    positions,
    `var sum = 0.0; let x0 = S0 + x + r * ${model4}u;
    if (inside) { ${alongRow(model4, 'sum += dot(scratch[x0 + j], vec4f(1.0));')} }
    ${shareOfRow(0, 'sum')}
    let mean = ${sumOfRow(0)} / ${float(model)};
    sum = 0.0;
    if (inside) { ${alongRow(model4, `let d = (scratch[x0 + j] - mean)${only ? ` * ${only}` : ''}; sum += dot(d, d);`)} }
    ${shareOfRow(1, 'sum')}
    let inverse = 1.0 / sqrt(${sumOfRow(1)} / ${float(model)} + ${float(config.eps)});
    if (r < ${rows}u) {
      if (lane == 0u) { scratch[S0 + moments + r] = vec4f(inverse, mean, 0.0, 0.0); }
      ${alongRow(
        model4,
        `${inTile(model4)('r', 'j')} = select(vec4f(), (scratch[x0 + j] - mean) * inverse * params[P0 + gain + j] + params[P0 + shift + j], inside);`,
      )}
    }`,
  )}
}`;
}

/** The same once more from the moments. */
function readNormalized({ sizes }: Layout): string {
  const { positions, rows, model4 } = sizes;
  return `fn readNormalized(x: u32, moments: u32, gain: u32, shift: u32) {
  ${each(
    rows * model4,
    `let st = scratch[S0 + moments + i / ${model4}u]; let j = i % ${model4}u;
    ${tile('i')} = select(vec4f(), (scratch[S0 + x + i] - st.y) * st.x * params[P0 + gain + j] + params[P0 + shift + j], i < ${positions * model4}u);`,
  )}
}`;
}

/** dStream += the gradient through the norm of dRead; those of gain and shift. The tile holds sums of columns. */
function normalizeBackward({ sizes, scratch }: Layout): string {
  const { positions, rows, model, model4 } = sizes;
  const lanes = Math.floor(WORKGROUP / model4);
  const only = onlyOf(model, 'j');
  const dHat = `scratch[dn0 + j] * params[P0 + gain + j]`;
  const masked = (term: string): string => (only ? `(${term}) * ${only}` : term);
  return `fn normalizeBackward(x: u32, moments: u32, gain: u32, shift: u32) {
  ${byRow(
    rows,
    positions,
    `var along = 0.0; var sum = 0.0; let x0 = S0 + x + r * ${model4}u;
    let dn0 = S0 + ${scratch.dRead}u + r * ${model4}u; let dx0 = S0 + ${scratch.dStream}u + r * ${model4}u;
    var st = vec4f(); if (inside) { st = scratch[S0 + moments + r]; }
    if (inside) { ${alongRow(model4, `let d = ${dHat}; sum += dot(d, vec4f(1.0)); along += dot(d, (scratch[x0 + j] - st.y) * st.x);`)} }
    red[lid] = sum; ${shareOfRow(1, 'along')}
    let mean = ${sumOfRow(0)} / ${float(model)}; let slope = ${sumOfRow(1)} / ${float(model)};
    if (inside) { ${alongRow(
      model4,
      `let d = ${dHat}; let hat = (scratch[x0 + j] - st.y) * st.x;
      scratch[dx0 + j] += ${masked('(d - mean - slope * hat) * st.x')};`,
    )} }
    workgroupBarrier();`,
  )}
  let j = lid % ${model4}u; let row = lid / ${model4}u; var dGain = vec4f(); var dShift = vec4f();
  if (row < ${lanes}u) {
    for (var t = row; t < ${positions}u; t += ${lanes}u) {
      let st = scratch[S0 + moments + t]; let dn = scratch[S0 + ${scratch.dRead}u + t * ${model4}u + j];
      dGain += ${masked(`dn * (scratch[S0 + x + t * ${model4}u + j] - st.y) * st.x`)}; dShift += ${masked('dn')};
    }
  }
  ${tile('lid')} = dGain; ${tile(`${WORKGROUP}u + lid`)} = dShift;
  ${SYNC}
  ${each(
    2 * model4,
    `let which = i / ${model4}u; let column = i % ${model4}u; let g = G0 + select(gain, shift, which == 1u) + column;
    var sum = ${begun('gradients[g]')};
    for (var q = 0u; q < ${lanes}u; q++) { sum += ${tile(`which * ${WORKGROUP}u + q * ${model4}u + column`)}; }
    gradients[g] = sum;`,
  )}
}`;
}
