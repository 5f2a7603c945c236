// Hovering over a heatmap shows query, key, tokens and weight. The weights travel with the page, a byte each.
import type { ExamplePatterns } from '@induction-lab/core/node';

/** The examples that a figure shows, in the order of its panels. */
export interface HoverData {
  readonly figure: string;
  readonly panels: readonly ExamplePatterns[];
}

/** A script element with the data, and one with the behaviour. */
export function hoverScripts(data: readonly HoverData[]): string {
  const examples = new Map<ExamplePatterns, number>();
  for (const { panels } of data)
    for (const panel of panels) if (!examples.has(panel)) examples.set(panel, examples.size);
  const json = {
    figures: Object.fromEntries(data.map(({ figure, panels }) => [figure, panels.map((p) => examples.get(p))])),
    examples: [...examples.keys()].map(({ tokens, heads }) => ({
      tokens,
      heads: Object.fromEntries(heads.map(({ label, pattern }) => [label, toBase64(pattern)])),
    })),
  };
  return `<script type="application/json" id="patterns">${JSON.stringify(json).replaceAll('<', '\\u003c')}</script><script>${BEHAVIOUR}</script>`;
}

/** Weights 0 … 1 as bytes 0 … 250: two decimals and a half are enough to read. */
const STEPS = 250;
const toBase64 = (pattern: Float32Array): string =>
  Buffer.from(Uint8Array.from(pattern, (w) => Math.round(w * STEPS))).toString('base64');

const BEHAVIOUR = `(() => {
  const { figures, examples } = JSON.parse(document.getElementById('patterns').textContent);
  const decoded = new Map();
  const weights = (example, head) => {
    const key = example + head;
    if (!decoded.has(key)) decoded.set(key, Uint8Array.from(atob(examples[example].heads[head]), (c) => c.charCodeAt(0)));
    return decoded.get(key);
  };
  const cell = document.createElement('div');
  cell.id = 'cell'; cell.hidden = true;
  const spoken = document.createElement('div');
  spoken.id = 'spoken'; spoken.setAttribute('role', 'status');
  document.body.append(cell, spoken);
  const panelOf = (image) => {
    const figure = image && image.closest('figure');
    return figure && figure.id in figures ? figures[figure.id][Number(image.dataset.panel || 0)] : null;
  };
  const describe = (image, example, query, key) => {
    const { tokens } = examples[example], head = image.dataset.head;
    const weight = weights(example, head)[query * tokens.length + key] / ${STEPS};
    return head + '\\nquery ' + query + ' (token ' + tokens[query] + ')\\n' + (key > query ? 'key ' + key + ' lies in the future' : 'key ' + key + ' (token ' + tokens[key] + ')\\nweight ' + weight.toFixed(2));
  };
  const place = (text, x, y) => {
    cell.textContent = text; cell.hidden = false;
    cell.style.left = (x + 16 + cell.offsetWidth > innerWidth ? x - 12 - cell.offsetWidth : x + 16) + 'px';
    cell.style.top = Math.min(y + 16, innerHeight - cell.offsetHeight - 4) + 'px';
  };
  const point = (event) => {
    const image = event.target.closest && event.target.closest('image.pattern'), example = panelOf(image);
    if (example === null) { cell.hidden = true; return; }
    const box = image.getBoundingClientRect(), size = examples[example].tokens.length;
    const at = (share) => Math.min(size - 1, Math.max(0, Math.floor(share * size)));
    place(describe(image, example, at((event.clientY - box.top) / box.height), at((event.clientX - box.left) / box.width)), event.clientX, event.clientY);
  };
  document.addEventListener('pointermove', point);
  document.addEventListener('pointerdown', point);
  document.addEventListener('scroll', () => { cell.hidden = true; }, { passive: true });
  // By keyboard: every heatmap can be focused, and arrow keys walk over its cells.
  const cursor = new WeakMap();
  for (const image of document.querySelectorAll('image.pattern')) {
    if (panelOf(image) === null) continue;
    image.setAttribute('tabindex', '0');
    image.setAttribute('role', 'application');
    image.setAttribute('aria-label', 'attention of ' + image.dataset.head + '; arrow keys read cells');
  }
  document.addEventListener('keydown', (event) => {
    const image = document.activeElement && document.activeElement.closest('image.pattern'), example = panelOf(image);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (example === null || !step) return;
    event.preventDefault();
    const size = examples[example].tokens.length, [query, key] = cursor.get(image) || [size - 2, 0];
    const next = [query + step[0], key + step[1]].map((x) => Math.min(size - 1, Math.max(0, x)));
    cursor.set(image, next);
    const box = image.getBoundingClientRect(), text = describe(image, example, next[0], next[1]);
    place(text, box.left + (next[1] + 0.5) / size * box.width, box.top + (next[0] + 0.5) / size * box.height);
    spoken.textContent = text.replaceAll('\\n', ', ');
  });
})();`;
