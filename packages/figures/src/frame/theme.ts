/** How a figure is coloured: concrete colours for 'light' and 'dark', CSS variables with light fallbacks for 'auto'. */
export type Theme = 'light' | 'dark' | 'auto';

/** The named colours of a figure. Every value is valid as an SVG presentation attribute. */
export interface Palette {
  /** What lies behind the figure. */
  readonly background: string;
  /** Text and axes. */
  readonly ink: string;
  /** Secondary text: tick labels, reference lines. */
  readonly muted: string;
  /** Grid lines and panel borders. */
  readonly faint: string;
  /** Induction: loss on the repeat, induction score. */
  readonly blue: string;
  /** Its counterpart: loss on the first occurrence, previous-token score. */
  readonly orange: string;
  /** The boundary between the two. */
  readonly purple: string;
  /** A further kind of mark. */
  readonly green: string;
}

// Hues after Okabe and Ito's colour-blind-safe set, darkened (light) or lightened (dark) until text in them reads at 4.5 : 1.
const light: Palette = {
  background: '#ffffff',
  ink: '#1f2328',
  muted: '#59636e',
  faint: '#d8dee4',
  blue: '#0067a8',
  orange: '#bd4b00',
  purple: '#99457f',
  green: '#00735a',
};

const dark: Palette = {
  background: '#0d1117',
  ink: '#e6edf3',
  muted: '#9da7b3',
  faint: '#2f363e',
  blue: '#56b4e9',
  orange: '#f0a030',
  purple: '#dc94c0',
  green: '#3cc79b',
};

const names = Object.keys(light) as (keyof Palette)[];

function mapPalette(colour: (name: keyof Palette) => string): Palette {
  return Object.fromEntries(names.map((name) => [name, colour(name)])) as unknown as Palette;
}

const palettes: Readonly<Record<Theme, Palette>> = {
  light,
  dark,
  auto: mapPalette((name) => `var(--figure-${name}, ${light[name]})`),
};

/** The palette of a theme. Throws on an unknown theme. */
export function paletteOf(theme: Theme): Palette {
  const palette = palettes[theme];
  if (!palette) throw new Error(`paletteOf: theme is "${String(theme)}"; pass 'light', 'dark' or 'auto'.`);
  return palette;
}

function variables(palette: Palette): string {
  return names.map((name) => `--figure-${name}: ${palette[name]};`).join(' ');
}

/**
 * The style sheet that 'auto' figures follow: put it once into a page that inlines them. The reader's colour scheme decides;
 * `data-theme="light"` or `data-theme="dark"` on the root element, or on any element around a figure, overrides it.
 */
export const figureCss: string = `:root, [data-theme=light] { ${variables(light)} }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { ${variables(dark)} } }
[data-theme=dark] { ${variables(dark)} }
`;
