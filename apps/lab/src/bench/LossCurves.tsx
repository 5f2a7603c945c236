// Loss curves while training: of the task's segments, the line of guessing, and the step that is looked at.
import { computed, effect, type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Lab } from '../lab/createLab.ts';
import { useLab } from '../lab/LabContext.ts';
import type { Subject } from '../lab/state.ts';
import 'uplot/dist/uPlot.min.css';
import { notFetched } from '../notFetched.ts';
import type { Segment } from '../protocol.ts';
import { scheme } from './colours.ts';
import { lossFall } from './events.ts';
import { drawn, isMain } from './lossSegments.ts';

/** What draws curves: fetched when the first view, which does without, is there. */
const plotter: Signal<typeof import('./lossPlot.ts') | null> = signal(null);

/** Fetches it once there is a view. */
function fetchPlotter({ report, view }: Lab): () => void {
  const stop = effect(() => {
    if (view.value === null) return;
    queueMicrotask(() => stop());
    import('./lossPlot.ts').then(
      (module) => {
        plotter.value = module;
      },
      (error: Error) => report(notFetched(error)),
    );
  });
  return stop;
}

export function LossCurves(): JSX.Element {
  const lab = useLab();
  const { other, run, subject, view } = lab;
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => fetchPlotter(lab), []);
  useEffect(() => {
    const element = host.current as HTMLDivElement;
    let plot: uPlot | null = null;
    let key = '';
    const draw = (): void => {
      if (!plotter.value) return;
      const { uPlot: Plot, joined, plotOptions } = plotter.value;
      const besideLosses = other.value?.losses ?? [];
      const lnVocab = run.value?.lnVocab ?? Math.log(64);
      const wanted = [scheme.value, run.value?.id, besideLosses.length > 0, element.clientWidth].join();
      const data = joined(run.value, subject.value?.losses ?? [], besideLosses);
      if (key !== wanted || !plot) {
        plot?.destroy();
        key = wanted;
        plot = new Plot(
          plotOptions(lab, Math.max(240, element.clientWidth), lnVocab, besideLosses.length > 0),
          data,
          element,
        );
      } else plot.setData(data);
    };
    /** The kept step that is looked at, as a line in the plot; null for the newest. */
    const seenStep = computed(() => (view.value && view.value.look.step !== null ? view.value.step : null));
    const stop = effect(() => {
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
        {drawn(run.value).map((segment) => (
          <span key={segment.name} class={isMain(segment) ? 'key main' : 'key side'}>
            {segment.title}
          </span>
        ))}
        {other.value ? (
          <span class="key other">
            {drawn(run.value).find(isMain)?.title}, {other.value.name}, seed {other.value.setting.seed}
          </span>
        ) : null}
        <span class="key guess">guessing, {lnVocab.toFixed(2)} nats</span>
      </figcaption>
      <div ref={host} class="plot" role="img" aria-label={describe(subject.value)} />
    </figure>
  );
}

/** Steps over which the loss is averaged where it is told in numbers: a single batch says little. */
const RECENT = 20;

/** The curves in words. */
function describe(subject: Subject | null): string {
  const last = subject?.losses.at(-1);
  if (!subject || !last) return 'Loss curves: nothing trained yet.';
  const recent = subject.losses.slice(-RECENT);
  const nats = ({ name, title }: Segment): string => {
    const measured = recent.flatMap((l) => l.segments[name] ?? []);
    const told =
      measured.length === 0
        ? 'not measured'
        : `${(measured.reduce((sum, x) => sum + x, 0) / measured.length).toFixed(2)} nats`;
    return `${title} ${told}`;
  };
  const told = drawn(subject.run).map(nats).join(', ');
  const fall = lossFall(subject.losses, subject.run);
  const fell = fall === null ? '' : ` The loss fell at step ${fall}.`;
  return `Loss curves up to step ${last.step}, mean of the last ${recent.length} steps: ${told}.${fell}`;
}
