import { draw, drawText, type Frame, fontSize } from '../frame/figureFrame.ts';
import { textWidth } from '../frame/text.ts';
import type { HeadLayout } from './headScoreLayout.ts';

/** Draws head labels and a bracket per layer below the plot; returns the lowest row used. */
export function drawHeadAxis(frame: Frame, { heads, layers, full }: HeadLayout, top: number): number {
  const { muted, ink } = frame.palette;
  const widest = Math.max(...heads.map(({ short }) => textWidth(short, 10)));
  const every = full ? 1 : Math.ceil((widest + 1) / (heads[0]!.x2 - heads[0]!.x1));
  for (const { x1, x2, label, short } of heads) {
    if (layers.length > 0 && Number(short) % every !== 0) continue;
    const text = full || layers.length === 0 ? label : short;
    const x = (x1 + x2) / 2;
    if (full || layers.length > 0)
      drawText(frame, text, { x, y: top + 16, anchor: 'middle', colour: ink, size: full ? fontSize : 10 });
    else drawText(frame, text, { x: x + 4, y: top + 10, anchor: 'end', rotate: -60, colour: ink, size: 10 });
  }
  if (layers.length === 0) return top + (full ? 20 : 46);
  const names = [(layer: number) => (full ? `layer ${layer}` : `layer ${layer}, head`), (layer: number) => `L${layer}`];
  const fits = (name: (layer: number) => string) =>
    layers.every(({ x1, x2, layer }) => textWidth(name(layer), fontSize) <= x2 - x1 + 6);
  const name = names.find(fits) ?? String;
  const shortest = Math.min(...layers.map(({ x1, x2 }) => x2 - x1));
  const skip = Math.max(1, Math.ceil((textWidth(name(layers.at(-1)!.layer), fontSize) + 4) / (shortest + 7)));
  layers.forEach(({ x1, x2, layer }, i) => {
    draw(frame, 'path', { d: `M${x1 + 2},${top + 23}H${x2 - 2}`, stroke: muted, 'stroke-width': 1, fill: 'none' });
    if (i % skip !== 0) return;
    drawText(frame, name(layer), { x: (x1 + x2) / 2, y: top + 38, anchor: 'middle', colour: muted });
  });
  return top + 40;
}
