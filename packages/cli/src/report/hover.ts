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
  return `<script type="application/json" id="patterns">${JSON.stringify(json)}</script><script>${BEHAVIOUR}</script>`;
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
  cell.id = 'cell'; cell.hidden = true; cell.setAttribute('role', 'status');
  document.body.append(cell);
  const show = (event) => {
    const image = event.target.closest && event.target.closest('image.pattern');
    const figure = image && image.closest('figure');
    if (!figure || !(figure.id in figures)) { cell.hidden = true; return; }
    const box = image.getBoundingClientRect(), example = figures[figure.id][Number(image.dataset.panel || 0)], { tokens } = examples[example], size = tokens.length;
    const key = Math.min(size - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * size)));
    const query = Math.min(size - 1, Math.max(0, Math.floor((event.clientY - box.top) / box.height * size)));
    const head = image.dataset.head, weight = weights(example, head)[query * size + key] / ${STEPS};
    cell.textContent = head + '\\nquery ' + query + ' (token ' + tokens[query] + ')\\n' + (key > query ? 'key ' + key + ' lies in the future' : 'key ' + key + ' (token ' + tokens[key] + ')\\nweight ' + weight.toFixed(2));
    cell.hidden = false;
    const right = event.clientX + 16 + cell.offsetWidth > innerWidth;
    cell.style.left = (right ? event.clientX - 12 - cell.offsetWidth : event.clientX + 16) + 'px';
    cell.style.top = Math.min(event.clientY + 16, innerHeight - cell.offsetHeight - 4) + 'px';
  };
  document.addEventListener('pointermove', show);
  document.addEventListener('pointerdown', show);
  document.addEventListener('scroll', () => { cell.hidden = true; }, { passive: true });
})();`;
