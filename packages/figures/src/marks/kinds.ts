import { draw, type Frame, type KeyEntry, swatchSize } from '../frame/figureFrame.ts';
import type { Palette } from '../frame/theme.ts';

type Shape = 'circle' | 'diamond' | 'triangle' | 'square' | 'cross' | 'ring';

/** How marks of one kind look: a shape and a colour of its own, so that neither has to be seen. */
export interface KindStyle {
  readonly shape: Shape;
  readonly colour: string;
}

const styles: readonly (readonly [Shape, keyof Palette])[] = [
  ['circle', 'blue'],
  ['diamond', 'orange'],
  ['triangle', 'purple'],
  ['square', 'green'],
  ['cross', 'ink'],
  ['ring', 'muted'],
];

/** Kinds of marks that can be told apart. */
export const MOST_KINDS: number = styles.length;

/** The name in a key of marks without a kind. */
const nameless = 'other';

/** Gives each kind a style, in order of first appearance. Throws on more kinds than can be told apart. */
export function kindStyles(where: string, kinds: readonly string[], palette: Palette): Map<string, KindStyle> {
  const distinct = [...new Set(kinds)];
  if (distinct.length > MOST_KINDS) {
    throw new Error(
      `${where}: there are ${distinct.length} kinds (${distinct.join(', ')}), at most ${MOST_KINDS} can be told apart; merge some.`,
    );
  }
  return new Map(
    distinct.map((kind, i) => {
      const [shape, colour] = styles[i]!;
      return [kind, { shape, colour: palette[colour] }];
    }),
  );
}

/** The outline of a shape about (x, y), about as large to the eye as a circle of radius `r`. */
function outline(shape: Shape, x: number, y: number, r: number): string {
  const polygon = (...points: [number, number][]) =>
    `M${points.map(([dx, dy]) => `${(x + dx * r).toFixed(2)},${(y + dy * r).toFixed(2)}`).join('L')}Z`;
  switch (shape) {
    case 'diamond':
      return polygon([0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]);
    case 'triangle':
      return polygon([0, -1.25], [1.2, 0.85], [-1.2, 0.85]);
    case 'square':
      return polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]);
    case 'cross': {
      const [a, b] = [0.5, 1.25];
      return polygon(
        [0, -a],
        [b - a, -b],
        [b, a - b],
        [a, 0],
        [b, b - a],
        [b - a, b],
        [0, a],
        [a - b, b],
        [-b, b - a],
        [-a, 0],
        [-b, a - b],
        [a - b, -b],
      );
    }
    default:
      return `M${(x - r).toFixed(2)},${y.toFixed(2)}a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0Z`;
  }
}

/** Draws a mark; its edge in the background's colour keeps it apart from marks and lines that it covers. */
export function drawKindMark(
  frame: Frame,
  { shape, colour }: KindStyle,
  {
    x,
    y,
    r,
    attributes,
  }: { x: number; y: number; r: number; attributes?: Readonly<Record<string, string | number | undefined>> },
): void {
  const hollow = shape === 'ring';
  draw(frame, 'path', {
    ...attributes,
    d: outline(shape, x, y, r),
    fill: hollow ? frame.palette.background : colour,
    stroke: hollow ? colour : frame.palette.background,
    'stroke-width': hollow ? 1.75 : 1,
  });
}

/** Key entries of all kinds, with the count of each where given. */
export function kindKey(
  frame: Frame,
  kinds: ReadonlyMap<string, KindStyle>,
  counts?: ReadonlyMap<string, number>,
): KeyEntry[] {
  const half = swatchSize / 2;
  return [...kinds].map(([kind, style]) => ({
    text: `${kind || nameless}${counts ? ` (${counts.get(kind) ?? 0})` : ''}`,
    swatch: (x, y) => drawKindMark(frame, style, { x: x + half, y: y + half, r: 4.5 }),
  }));
}
