import { formatCount } from '../frame/text.ts';
import { logTicks, multiples, roundStep } from './ticks.ts';

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
    return axisOf(
      (step) => step,
      Math.min(steps[0]!, 0),
      last || 1,
      multiples(0, last || 1, Math.max(1, roundStep((last || 1) / 6))),
      {
        label: 'training step',
        breakAt: null,
      },
    );
  }
  const hasZero = steps[0] === 0;
  const zero = Math.log10(firstPositive) - zeroGap;
  const place = (step: number) => (step <= 0 ? zero : Math.max(zero, Math.log10(step)));
  const start = hasZero ? zero : Math.log10(firstPositive);
  const end = Math.log10(last);
  const whole = logTicks(firstPositive, last).filter(Number.isInteger);
  const ticks = whole.length > 0 ? whole : [firstPositive, last];
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
