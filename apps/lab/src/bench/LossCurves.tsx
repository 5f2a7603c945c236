// Loss curves while training: of the task's segments, the line of guessing, and the step that is looked at.
import { computed, effect, type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { tell } from '../actions/notices.ts';
import { notFetched } from '../notFetched.ts';
import type { Losses, Segment } from '../protocol.ts';
import { losses, lossesVersion, other, run, view } from '../state.ts';
import { scheme } from './colours.ts';

/** Points drawn at most: beyond it neighbours are averaged, which costs nothing to see. */
const POINTS = 600;
const HEIGHT = 190;

/** Losses are drawn of the segments that are more than a single position: that one is too noisy. */
const drawn = (): readonly Segment[] => (run.value?.segments ?? []).filter(({ single }) => !single);

/** The segment that the run is about: what can be predicted. */
const isMain = ({ predictable }: Segment): boolean => predictable === true;

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
function joined(
  Plot: typeof uPlot,
  main: readonly Losses[],
  beside: readonly Losses[],
  steps: number,
): uPlot.AlignedData {
  const segments = drawn();
  const names = segments.map(({ name }) => name);
  const tables = [columns(main, names, steps)];
  const about = segments.filter(isMain).map(({ name }) => name);
  if (beside.length > 0) tables.push(columns(beside, about, steps));
  return Plot.join(tables as uPlot.AlignedData[]);
}

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--figure-${name}`).trim();

function plotOptions(width: number, lnVocab: number, beside: boolean): uPlot.Options {
  const [ink, muted, faint] = [colour('ink'), colour('muted'), colour('faint')];
  const axis = { stroke: muted, grid: { stroke: faint, width: 1 }, ticks: { show: false }, font: '12px system-ui' };
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
      ...drawn().map((segment) => line(segment.title, colour(isMain(segment) ? 'blue' : 'orange'))),
      ...(beside
        ? drawn()
            .filter(isMain)
            .map(({ title }) => line(`${title}, other run`, colour('blue'), [5, 4]))
        : []),
    ],
    hooks: {
      drawAxes: [
        (u) => {
          const y = u.valToPos(lnVocab, 'y', true);
          rule(u, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y], muted, [5, 4]);
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

/** The kept step that is looked at, as a line in the plot; null for the newest. */
const seenStep = computed(() => (view.value && view.value.look.step !== null ? view.value.step : null));

/** What draws curves: fetched when the first view, which does without, is there. */
const plotter: Signal<typeof uPlot | null> = signal(null);

/** Fetches it once there is a view. */
function fetchPlotter(): () => void {
  const stop = effect(() => {
    if (view.value === null) return;
    queueMicrotask(() => stop());
    import('uplot').then(
      (module) => {
        plotter.value = module.default;
      },
      (error: Error) => tell(notFetched(error)),
    );
  });
  return stop;
}

export function LossCurves(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(fetchPlotter, []);
  useEffect(() => {
    const element = host.current as HTMLDivElement;
    let plot: uPlot | null = null;
    let key = '';
    const draw = (): void => {
      const Plot = plotter.value;
      if (!Plot) return;
      const besideLosses = other.value?.losses ?? [];
      const lnVocab = run.value?.lnVocab ?? Math.log(64);
      const wanted = [scheme.value, run.value?.id, besideLosses.length > 0, element.clientWidth].join();
      const data = joined(Plot, losses.all, besideLosses, Math.max(losses.all.length, besideLosses.length));
      if (key !== wanted || !plot) {
        plot?.destroy();
        key = wanted;
        plot = new Plot(
          plotOptions(Math.max(240, element.clientWidth), lnVocab, besideLosses.length > 0),
          data,
          element,
        );
      } else plot.setData(data);
    };
    const stop = effect(() => {
      void lossesVersion.value;
      void seenStep.value;
      draw();
    });
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => {
      stop();
      observer.disconnect();
      plot?.destroy();
    };
  }, []);
  const lnVocab = run.value?.lnVocab ?? Math.log(64);
  return (
    <figure class="panel losses">
      <figcaption>
        <h3>Loss</h3>
        {drawn().map((segment) => (
          <span key={segment.name} class={isMain(segment) ? 'key main' : 'key side'}>
            {segment.title}
          </span>
        ))}
        {other.value ? (
          <span class="key other">
            {drawn().find(isMain)?.title}, {other.value.name}, seed {other.value.setting.seed}
          </span>
        ) : null}
        <span class="key guess">guessing, {lnVocab.toFixed(2)} nats</span>
      </figcaption>
      <div ref={host} class="plot" role="img" aria-label={describe()} />
    </figure>
  );
}

/** Steps over which the loss is averaged where it is told in numbers: a single batch says little. */
const RECENT = 20;

/** The curves in words. */
function describe(): string {
  void lossesVersion.value;
  const last = losses.all.at(-1);
  if (!last) return 'Loss curves: nothing trained yet.';
  const recent = losses.all.slice(-RECENT);
  const nats = ({ name, title }: Segment): string => {
    const measured = recent.flatMap((l) => l.segments[name] ?? []);
    const told =
      measured.length === 0
        ? 'not measured'
        : `${(measured.reduce((sum, x) => sum + x, 0) / measured.length).toFixed(2)} nats`;
    return `${title} ${told}`;
  };
  const told = drawn().map(nats).join(', ');
  return `Loss curves up to step ${last.step}, mean of the last ${recent.length} steps: ${told}.`;
}
