// Colours of heatmaps: the figures' ramp, looked up by level, in the page's theme.
import { rampColour, rampLevel, rampLevels } from '@induction-lab/figures/colours';
import { type Signal, signal } from '@preact/signals';

export type Scheme = 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');

const chosen = (): Scheme => (dark.matches ? 'dark' : 'light');

/** The scheme that the reader's system asks for. */
export const scheme: Signal<Scheme> = signal(chosen());
dark.addEventListener('change', () => {
  scheme.value = chosen();
});

const tables = new Map<Scheme, Uint32Array>();

/** 0xAABBGGRR by level; level 0 is the future, transparent. */
function table(of: Scheme): Uint32Array {
  let colours = tables.get(of);
  if (!colours) {
    colours = new Uint32Array(rampLevels + 1);
    for (let level = 1; level <= rampLevels; level++) {
      const [r, g, b] = rampColour(of, (level - 1) / (rampLevels - 1));
      colours[level] = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
    }
    tables.set(of, colours);
  }
  return colours;
}

/** Draws one head's pattern, a pixel per cell: queries down, keys across. `weights` starts at the head. */
export function drawPattern(canvas: HTMLCanvasElement, weights: Float32Array, size: number, of: Scheme): void {
  if (canvas.width !== size || canvas.height !== size) {
    canvas.width = size;
    canvas.height = size;
  }
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const image = context.createImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = table(of);
  for (let query = 0; query < size; query++)
    for (let key = 0; key <= query; key++)
      pixels[query * size + key] = colours[rampLevel(weights[query * size + key] as number)] as number;
  context.putImageData(image, 0, 0);
}
