// Cross-entropy of the logits at every position, and its gradient in their place.
import type { Layout } from '../layout.ts';
import { alongRow, byRow, onlyOf, shareOfRow, sumOfRow } from './pieces.ts';

/**
 * A function of WGSL: `drawn` is where the sequence's tokens and targets start (engine/targets.ts says what a target is),
 * `lossesAt` where its losses go. It adds those that count to `counted`.
 */
export function lossFunction({ sizes, scratch }: Layout): string {
  const { positions, rows, vocab, vocab4 } = sizes;
  const only = onlyOf(vocab, 'j');
  const lowest = 'vec4f(-3.0e38)';
  const value = only ? `select(${lowest}, scratch[at + j], ${only} > vec4f(0.5))` : 'scratch[at + j]';
  const weight = `exp(${value} - top)`;
  return `fn loss(drawn: u32, lossesAt: u32, scale: f32) {
  ${byRow(
    rows,
    positions,
    `let at = S0 + ${scratch.logits}u + r * ${vocab4}u;
    var target_ = -1; if (inside) { target_ = sequences[drawn + r].y; }
    let counts = target_ >= 0; let asked = select(-2 - target_, target_, counts); let measured = asked >= 0;
    let wanted = u32(max(asked, 0));
    var top = -3.0e38; var own = 0.0;
    if (measured) { own = scratch[at + wanted / 4u][wanted % 4u]; }
    if (inside) { ${alongRow(vocab4, `let x = ${value}; top = max(top, max(max(x.x, x.y), max(x.z, x.w)));`)} }
    ${shareOfRow(0, 'top')}
    top = max(max(red[base], red[base + 1u]), max(red[base + 2u], red[base + 3u]));
    var sum = 0.0;
    if (inside) { ${alongRow(vocab4, `sum += dot(${weight}, vec4f(1.0));`)} }
    ${shareOfRow(1, 'sum')}
    sum = ${sumOfRow(1)};
    if (inside && lane == 0u) {
      let lost = select(0.0, log(sum) + top - own, measured);
      losses[lossesAt + r] = lost;
      if (counts) { counted += lost; }
    }
    if (r < ${rows}u) {
      ${alongRow(
        vocab4,
        `var d = vec4f();
        if (counts) { d = ${weight} / sum; if (j == wanted / 4u) { d[wanted % 4u] -= 1.0; } }
        scratch[at + j] = d * scale;`,
      )}
    }`,
  )}
}`;
}
