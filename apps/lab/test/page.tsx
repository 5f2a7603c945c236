// The whole bench without a browser: its panels drawn into a document of linkedom, over a lab whose worker runs in this thread.
// Import it before any panel: panels look at the browser when they are loaded.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import type { Lab } from '../src/lab/createLab.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const { window } = parseHTML(
  '<!doctype html><html><body><div id="bench"></div><div id="story"></div><div id="lesson"></div><button id="back"></button></body></html>',
);
export const document: Document = window.document;

const never = { matches: false, addEventListener: () => {} };
class NoObserver {
  observe(): void {}
  disconnect(): void {}
}
Object.assign(globalThis, {
  document,
  window,
  self: globalThis,
  location: new URL('http://lab.test/'),
  history: { replaceState: () => {}, pushState: () => {} },
  matchMedia: () => never,
  // Nothing is pointed at.
  addEventListener: () => {},
  removeEventListener: () => {},
  PointerEvent: class {},
  innerHeight: 900,
  ResizeObserver: NoObserver,
  IntersectionObserver: NoObserver,
  // Files that the site would bring along.
  fetch: async (asked: string | URL) => {
    const url = String(asked);
    const path = url.startsWith('file:') ? fileURLToPath(url) : url.startsWith('/@fs/') ? url.slice(4) : root + url;
    return new Response(await readFile(path.split('?')[0] as string));
  },
});
// Node 20 has no navigator of its own; later ones let nobody replace theirs.
if (!('navigator' in globalThis)) Object.assign(globalThis, { navigator: { hardwareConcurrency: 2 } });
/** Nothing is drawn. */
Object.assign(window.HTMLCanvasElement.prototype, {
  getContext: () => ({
    createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: () => {},
  }),
});

/** Draws the bench, its story, the exercises and the diagram of the circuit. */
export async function mount(lab: Lab): Promise<void> {
  const [{ render }, { BenchPane }, { Story }, { LabProvider }, { PARTS }] = await Promise.all([
    import('preact'),
    import('../src/bench/BenchPane.tsx'),
    import('../src/bench/Story.tsx'),
    import('../src/lab/LabContext.ts'),
    import('../src/lesson/parts.ts'),
    import('../src/bench/laterParts.ts'),
  ]);
  const draw = (id: string, Panel: () => preact.JSX.Element): void =>
    render(
      <LabProvider value={lab}>
        <Panel />
      </LabProvider>,
      document.getElementById(id) as HTMLElement,
    );
  draw('bench', BenchPane);
  draw('story', Story);
  draw('lesson', () => (
    <>{Object.entries(PARTS).map(([name, Part]) => (name === 'projected' ? null : <Part key={name} />))}</>
  ));
}

export const all = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)];
export const one = (selector: string): HTMLElement | null => document.querySelector<HTMLElement>(selector);
/** What is read there, in one line; empty where there is nothing. */
export const textOf = (element: Element | null): string => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
export const text = (selector: string): string => textOf(one(selector));

export function press(element: HTMLElement): void {
  element.dispatchEvent(new window.Event('click', { bubbles: true, cancelable: true }));
}

/** Types into a field, moves a slider, or chooses. */
export function set(element: HTMLElement, value: string, kind: 'input' | 'change'): void {
  Object.defineProperty(element, 'value', { value, configurable: true, writable: true });
  element.dispatchEvent(new window.Event(kind, { bubbles: true }));
  Reflect.deleteProperty(element, 'value');
}
