// What a person sees while a run trains: one live line on a terminal, plain lines elsewhere, nothing when quiet.

import { printable, shortened } from '@induction-lab/core/internal/printable';
import type { Segment, StepRecord } from '@induction-lab/core/node';
import { drawLine, eraseLine } from './liveLine.ts';

export interface ProgressOptions {
  readonly name: string;
  readonly steps: number;
  /** The segments whose losses are told. */
  readonly segments: readonly Segment[];
  readonly quiet: boolean;
  readonly stream?: NodeJS.WriteStream;
}

/** Milliseconds between updates of the live line, and steps between plain lines: about twenty lines a run. */
const LIVE_EVERY = 100;
const PLAIN_LINES = 20;
/** Milliseconds over which the rate is measured. */
const RATE_OVER = 10_000;

export class Progress {
  private readonly options: ProgressOptions;
  private readonly stream: NodeJS.WriteStream;
  private last = 0;
  /** The rate is that of about the last ten seconds, so that the time left is not spoilt by a slow start. */
  private recent: { step: number; time: number }[] = [];

  constructor(options: ProgressOptions) {
    const { name, segments } = options;
    this.options = { ...options, name: shortened(printable(name)), segments: segments.filter(({ single }) => !single) };
    this.stream = options.stream ?? process.stderr;
  }

  private get live(): boolean {
    return this.stream.isTTY === true;
  }

  step(record: StepRecord): void {
    const { quiet, steps } = this.options;
    if (quiet) return;
    const now = performance.now();
    this.recent.push({ step: record.step, time: now });
    while (this.recent.length > 2 && now - this.recent[0]!.time > RATE_OVER) this.recent.shift();
    if (this.live) {
      if (now - this.last < LIVE_EVERY && record.step < steps) return;
      this.last = now;
      drawLine(this.stream, this.line(record));
    } else if (record.step === 1 || record.step === steps || record.step % Math.ceil(steps / PLAIN_LINES) === 0)
      this.stream.write(`${this.line(record)}\n`);
  }

  /** Says something that is no progress: also where no progress is wanted. */
  say(sentence: string): void {
    if (this.live && this.last > 0) eraseLine(this.stream);
    this.stream.write(`${sentence}\n`);
  }

  /** Ends the live line, so that what follows starts on its own. */
  end(): void {
    if (!this.options.quiet && this.live && this.last > 0) this.stream.write('\n');
  }

  private line(record: StepRecord): string {
    const { name, steps, segments } = this.options;
    const nats = (x: number | null): string => (x === null ? '   –  ' : x.toFixed(4));
    const [from, to] = [this.recent[0]!, this.recent.at(-1)!];
    const rate = to.step > from.step ? ((to.step - from.step) * 1000) / (to.time - from.time) : null;
    const parts = segments.map((segment) => `${segment.name} ${nats(record.segments[segment.name] ?? null)}`);
    const losses = [name, `step ${record.step}/${steps}`, ...parts].join('  ');
    if (rate === null) return losses;
    const left = Math.round((steps - record.step) / rate);
    const time = left >= 60 ? `${Math.floor(left / 60)} min ${left % 60} s` : `${left} s`;
    return `${losses}  ${rate.toFixed(0)} steps/s  ${time} left`;
  }
}
