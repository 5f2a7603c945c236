// One head's attention pattern on a canvas. What is pointed at here is pointed at in all views.
import { effect } from '@preact/signals';
import type { JSX, TargetedPointerEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import type { View } from '../protocol.ts';
import { drawPattern, scheme } from './colours.ts';
import { drawSoon } from './drawing.ts';
import { headWeights } from './headWeights.ts';

export interface PatternProps {
  /** Read inside an effect, so that new weights are drawn without rendering anything anew. */
  readonly source: () => View | null;
  readonly head: number;
  readonly part?: 'patterns' | 'control';
}

/** The cell under a pointer; null in the future. */
export function cellAt(event: MouseEvent, size: number): { query: number; key: number } | null {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const clamp = (share: number): number => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
  const query = clamp((event.clientY - box.top) / box.height);
  const key = clamp((event.clientX - box.left) / box.width);
  return key <= query ? { query, key } : null;
}

export function PatternCanvas({ source, head, part = 'patterns' }: PatternProps): JSX.Element {
  const { cell } = useLab();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(
    () =>
      effect(() => {
        const view = source();
        const colours = scheme.value;
        const element = canvas.current;
        if (view && element && (head + 1) * view.tokens.length ** 2 <= view[part].length)
          drawSoon(element, () => drawPattern(element, headWeights(view, head, part), view.tokens.length, colours));
      }),
    [source, head, part],
  );
  const point = (event: TargetedPointerEvent<HTMLCanvasElement>): void => {
    const view = source();
    const found = view ? cellAt(event, view.tokens.length) : null;
    cell.value = found && { ...found, head };
  };
  return (
    <canvas
      ref={canvas}
      class="pattern"
      role="img"
      aria-label={part === 'control' ? 'attention pattern without a repeat' : 'attention pattern'}
      onPointerMove={point}
      onPointerLeave={() => {
        cell.value = null;
      }}
    />
  );
}
