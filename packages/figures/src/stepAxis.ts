import { formatCount } from './text.ts';

/** A horizontal axis of training steps, placed on a linear scale of its own so that step 0 also exists on a logarithmic axis. */
export interface StepAxis {
  /** Where a step stands on the scale given to Plot. */
  readonly place: (step: number) => number;
  /** Where a step stands between the axis's ends, 0 to 1. */
  readonly fraction: (step: number) => number;
  readonly scale: { type: 'linear'; domain: [number, number] };
  /** Tick places, and their text. */
  readonly ticks: number[];
  readonly format: (place: number) => string;
  readonly label: string;
  /** Where the axis break between step 0 and the rest stands, 0 to 1; null without one. */
  readonly breakAt: number | null;
}

/** How far left of the first positive step a logarithmic axis puts step 0, in decades. */
const zeroGap = 0.4;

/** Makes the axis for ascending steps; a logarithmic axis that would hold no two positive steps is drawn linear. */
export function stepAxis(steps: readonly number[], xScale: 'linear' | 'log'): StepAxis {
  const last = steps[steps.length - 1]!;
  const firstPositive = steps.find((step) => step > 0);
  if (xScale === 'linear' || firstPositive === undefined || firstPositive === last) {
    return axisOf((step) => step, Math.min(steps[0]!, 0), last || 1, linearTicks(last || 1), {
      label: 'training step',
      breakAt: null,
    });
  }
  const hasZero = steps[0] === 0;
  const zero = Math.log10(firstPositive) - zeroGap;
  const place = (step: number) => (step <= 0 ? zero : Math.max(zero, Math.log10(step)));
  const start = hasZero ? zero : Math.log10(firstPositive);
  const end = Math.log10(last);
  const ticks = logTicks(firstPositive, last);
  return axisOf(place, start, end, hasZero ? [0, ...ticks] : ticks, {
    label: 'training step (log scale)',
    breakAt: hasZero ? zeroGap / 2 / (end - start) : null,
  });
}

function axisOf(
  place: (step: number) => number,
  start: number,
  end: number,
  tickSteps: number[],
  rest: { label: string; breakAt: number | null },
): StepAxis {
  const names = new Map(tickSteps.map((step) => [place(step), formatCount(step)]));
  return {
    place,
    fraction: (step) => (place(step) - start) / (end - start),
    scale: { type: 'linear', domain: [start, end] },
    ticks: [...names.keys()],
    format: (at) => names.get(at) ?? '',
    ...rest,
  };
}

function linearTicks(last: number): number[] {
  const rough = last / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 1);
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}

function logTicks(first: number, last: number): number[] {
  const decades = Math.log10(last / first);
  const multiples = decades > 3.5 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(first)); power <= last; power *= 10) {
    for (const m of multiples) {
      const step = m * power;
      if (step >= first && step <= last && Number.isInteger(step)) ticks.push(step);
    }
  }
  return ticks.length > 0 ? ticks : [first, last];
}
