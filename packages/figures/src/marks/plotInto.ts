import * as Plot from '@observablehq/plot';
import { type Frame, fontSize } from '../frame/figureFrame.ts';
import { svgElement } from '../frame/svg.ts';

/** Draws a Plot onto the figure at (0, y). Plot's own style element and class are left behind: several figures share a page. */
export function plotInto(frame: Frame, y: number, options: Plot.PlotOptions): void {
  const plot = Plot.plot({ ...options, width: frame.width, document: frame.document });
  const group = svgElement(frame.document, 'g', {
    transform: `translate(0,${y})`,
    fill: 'currentColor',
    'text-anchor': 'middle',
    'font-size': fontSize,
  });
  for (const child of Array.from(plot.childNodes)) {
    if ((child as Element).localName !== 'style') group.appendChild(child);
  }
  frame.root.appendChild(group);
}
