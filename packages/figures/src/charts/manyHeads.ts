import { drawText, type Frame, fontSize } from '../frame/figureFrame.ts';
import { formatCount, wrapText } from '../frame/text.ts';

/** Panels of a figure, and cells in all of them together, beyond which it takes megabytes and seconds and nobody looks. */
const mostPanels = 320;
const mostCells = 8e6;

/** How many heads a figure of patterns draws: all of them unless that would be too much; `size` positions, so many panels each. */
export function headsDrawn(count: number, size: number, panelsEach: number): number {
  const most = Math.min(Math.floor(mostPanels / panelsEach), Math.floor(mostCells / (size * size * panelsEach)));
  return Math.min(count, Math.max(1, most));
}

/** "24 of 300 heads are drawn, ..."; null where all are. */
export const leftOutText = (drawn: number, count: number, which: string): string | null =>
  drawn === count ? null : `${formatCount(drawn)} of ${formatCount(count)} heads are drawn: ${which}.`;

/** Writes that text below the heading, and moves `frame.top` below it. */
export function drawLeftOut(frame: Frame, text: string | null): void {
  if (text === null) return;
  for (const line of wrapText(text, frame.width - 32, fontSize)) {
    drawText(frame, line, { x: 16, y: frame.top + 4, colour: frame.palette.muted });
    frame.top += 16;
  }
  frame.top += 10;
}
