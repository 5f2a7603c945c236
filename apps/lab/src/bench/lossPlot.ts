// How loss curves are drawn: fetched with the plotter when the first view, which does without, is there (LossCurves.tsx).
import uPlot from 'uplot';
import type { Lab } from '../lab/createLab.ts';
import type { BenchRun, Losses } from '../protocol.ts';
import { lossFall } from './events.ts';
import { drawn, isMain } from './lossSegments.ts';

export { uPlot };

/** Points drawn at most: beyond it neighbours are averaged, which costs nothing to see. */
const POINTS = 600;
const HEIGHT = 190;

/** Columns for the plot, the steps and then one for each name: mean of each bunch of neighbouring steps. */
function columns(all: readonly Losses[], names: readonly string[], steps: number): (number | null)[][] {
  const bunch = Math.max(1, Math.ceil(steps / POINTS));
  const table: (number | null)[][] = [[], ...names.map(() => [])];
  for (let from = 0; from < all.length; from += bunch) {
    const to = Math.min(from + bunch, all.length);
    table[0]!.push(all[to - 1]!.step);
    names.forEach((name, i) => {
      let sum = 0;
      for (let j = from; j < to; j++) sum += all[j]!.segments[name] ?? Number.NaN;
      table[i + 1]!.push(Number.isNaN(sum) ? null : sum / (to - from));
    });
  }
  return table;
}

/** Several curves over their own steps, joined over all steps. */
export function joined(run: BenchRun | null, main: readonly Losses[], beside: readonly Losses[]): uPlot.AlignedData {
  const steps = Math.max(main.length, beside.length);
  const segments = drawn(run);
  const names = segments.map(({ name }) => name);
  const tables = [columns(main, names, steps)];
  const about = segments.filter(isMain).map(({ name }) => name);
  if (beside.length > 0) tables.push(columns(beside, about, steps));
  return uPlot.join(tables as uPlot.AlignedData[]);
}

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--figure-${name}`).trim();

export function plotOptions(
  { other, run, subject, view }: Lab,
  width: number,
  lnVocab: number,
  beside: boolean,
): uPlot.Options {
  const [ink, muted, faint] = [colour('ink'), colour('muted'), colour('faint')];
  const { fontFamily } = getComputedStyle(document.body);
  const axis = { stroke: muted, grid: { stroke: faint, width: 1 }, ticks: { show: false }, font: `12px ${fontFamily}` };
  const line = (label: string, stroke: string, dash?: number[]): uPlot.Series => ({
    label,
    stroke,
    width: 2,
    points: { show: false },
    spanGaps: true,
    ...(dash ? { dash } : {}),
  });
  const last = Math.max(run.value?.experiment.training.steps ?? 100, other.value?.step ?? 0);
  const rule = (u: uPlot, from: [number, number], to: [number, number], stroke: string, dash: number[]): void => {
    const c = u.ctx;
    c.save();
    c.strokeStyle = stroke;
    c.lineWidth = devicePixelRatio;
    c.setLineDash(dash.map((d) => d * devicePixelRatio));
    c.beginPath();
    c.moveTo(...from);
    c.lineTo(...to);
    c.stroke();
    c.restore();
  };
  /** The step at which the loss fell, named. */
  const markFall = (u: uPlot): void => {
    const on = subject.value;
    const fall = on && lossFall(on.losses, on.run);
    if (fall === null) return;
    const x = u.valToPos(fall, 'x', true);
    rule(u, [x, u.bbox.top], [x, u.bbox.top + u.bbox.height], colour('blue'), [2, 3]);
    const right = x < u.bbox.left + u.bbox.width * 0.55;
    u.ctx.save();
    u.ctx.fillStyle = ink;
    u.ctx.font = `600 ${12 * devicePixelRatio}px ${fontFamily}`;
    u.ctx.textAlign = right ? 'left' : 'right';
    u.ctx.textBaseline = 'top';
    const text = `the loss falls: step ${fall}`;
    u.ctx.fillText(text, x + (right ? 6 : -6) * devicePixelRatio, u.bbox.top + u.bbox.height * 0.42);
    u.ctx.restore();
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [10, 18, 0, 0],
    // A full axis from the start would hide the drop in the first pixels: it grows with the run.
    scales: {
      x: { time: false, range: (_, __, max) => [0, Math.min(last, Math.max(100, (max || 0) * 1.08))] },
      y: { range: (_, __, max) => [0, Math.max(lnVocab * 1.12, Math.min(max || 0, lnVocab * 2.6))] },
    },
    axes: [
      { ...axis, size: 30, space: 70 },
      { ...axis, size: 34, space: 34 },
    ],
    series: [
      {},
      ...drawn(run.value).map((segment) => line(segment.title, colour(isMain(segment) ? 'blue' : 'orange'))),
      ...(beside
        ? drawn(run.value)
            .filter(isMain)
            .map(({ title }) => line(`${title}, other run`, colour('blue'), [5, 4]))
        : []),
    ],
    hooks: {
      drawAxes: [
        (u) => {
          const y = u.valToPos(lnVocab, 'y', true);
          rule(u, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y], muted, [5, 4]);
          markFall(u);
          const shown = view.value;
          if (!shown || shown.look.step === null || shown.run.id !== run.value?.id) return;
          const seen = shown.step;
          const x = u.valToPos(seen, 'x', true);
          rule(u, [x, u.bbox.top], [x, u.bbox.top + u.bbox.height], ink, []);
        },
      ],
    },
  };
}
