// Many canvases change at once: they are drawn a few at a time, in tasks of their own beside the browser's layout and
// painting, so that no frame waits for all of them.

/** Milliseconds that one task of drawing may take. */
const BUDGET = 5;

/** What is still to be drawn; a newer picture of a canvas takes the place of an older one. */
const due = new Map<HTMLCanvasElement, () => void>();

export function drawSoon(canvas: HTMLCanvasElement, draw: () => void): void {
  if (due.size === 0) setTimeout(drawSome);
  due.set(canvas, draw);
}

function drawSome(): void {
  const end = performance.now() + BUDGET;
  for (const [canvas, draw] of due) {
    due.delete(canvas);
    draw();
    if (performance.now() > end) break;
  }
  if (due.size > 0) setTimeout(drawSome);
}
