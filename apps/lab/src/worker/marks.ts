// What is measured while the page rests and nobody has asked for it: what kept steps are like, for the events on the timeline,
// and the loss at every period. A few are measured each time, so that whatever else is asked meanwhile does not wait.
import { allHeads, type Intervention, type Model, mean, RepeatSet } from '@induction-lab/core/browser';
import { scannedPeriods, spread } from '@induction-lab/core/internal';
import { type Look, type Mark, type Questions, SHORTEST_PERIOD } from '../protocol.ts';
import { barsOf, longestSeen, lossAt } from './look.ts';
import { LIVE_SEQUENCES, loadStep, type Subject } from './subject.ts';

/** Milliseconds after which the rest is left for the next time. */
const SLICE = 40;

/** Sequences over which the losses are averaged. */
const SEQUENCES = 12;

/** Measures the weights that a model has now. */
export function markOf(model: Model, step: number): Mark {
  const { config } = model;
  const cut = allHeads(config)
    .filter(({ layer }) => layer > 0)
    .map((head): Intervention => ({ kind: 'removeFromInput', ...head, input: 'k', sources: 'allEarlier' }));
  const set = new RepeatSet(model, { sequences: SEQUENCES, seed: 7, periods: spread(scannedPeriods(config), 3) });
  const intact = mean(set.losses([]));
  const withoutKeys = cut.length === 0 ? intact : mean(set.losses(cut));
  return { step, bars: barsOf(model, LIVE_SEQUENCES).bars, intact, withoutKeys };
}

/** Marks of kept steps that the page does not know. */
export function marksOf(subject: Subject, known: readonly number[]): Questions['marks']['answer'] {
  const has = new Set(known);
  const open = (subject.run?.keptSteps() ?? []).filter((step) => !has.has(step));
  const until = performance.now() + SLICE;
  const marks: Mark[] = [];
  for (const step of open) {
    loadStep(subject, step);
    marks.push(markOf(subject.model, step));
    if (performance.now() > until) break;
  }
  return { run: subject.id, marks, left: open.length - marks.length };
}

/** The loss at every period of the probe. */
export const sweepPeriods = (model: Model, look: Look): number[] =>
  Array.from({ length: longestSeen(model.config) - SHORTEST_PERIOD + 1 }, (_, i) =>
    lossAt(model, look, SHORTEST_PERIOD + i),
  );

/** The same from one period on, of a subject, for as long as there is time. */
export function sweepOf(subject: Subject, { look, from }: Questions['sweep']['ask']): Questions['sweep']['answer'] {
  const { model } = subject;
  const { fingerprint } = loadStep(subject, look.step);
  const last = longestSeen(model.config);
  const until = performance.now() + SLICE;
  const losses: number[] = [];
  for (let period = from; period <= last; period++) {
    losses.push(lossAt(model, look, period));
    if (performance.now() > until) break;
  }
  return { losses, fingerprint, left: Math.max(0, last - from + 1 - losses.length) };
}
