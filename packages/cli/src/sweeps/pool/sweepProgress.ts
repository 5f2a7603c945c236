// What a person sees while a sweep runs: one live line on a terminal, a plain line now and then elsewhere.
import { printable, shortened } from '@induction-lab/core/internal/printable';
import { durationText } from '../../terminal/duration.ts';
import { drawLine, eraseLine } from '../../terminal/liveLine.ts';

/** Milliseconds between live lines, and between plain ones. */
const LIVE_EVERY = 200;
const PLAIN_EVERY = 60_000;

/** How a sweep stands. */
export interface Standing {
  readonly done: number;
  readonly failed: number;
  readonly of: number;
  readonly running: number;
}

export class SweepProgress {
  private readonly name: string;
  private readonly quiet: boolean;
  private readonly stream: NodeJS.WriteStream;
  private readonly begun = performance.now();
  private drawn = 0;
  private plain = performance.now();

  constructor({ name, quiet, stream = process.stderr }: { name: string; quiet: boolean; stream?: NodeJS.WriteStream }) {
    this.name = shortened(printable(name), 40);
    this.quiet = quiet;
    this.stream = stream;
  }

  /** Shows how far it is. `ended` jobs took since the start, from which the time left follows. */
  show(standing: Standing, { ended, steps }: { ended: number; steps?: string }): void {
    if (this.quiet) return;
    const now = performance.now();
    const text = [this.name, standingText(standing), this.timeLeft(standing, ended), ...(steps ? [steps] : [])].join(
      '  ',
    );
    if (this.stream.isTTY) {
      if (now - this.drawn < LIVE_EVERY) return;
      this.drawn = now;
      drawLine(this.stream, text);
    } else if (now - this.plain >= PLAIN_EVERY) {
      this.plain = now;
      this.stream.write(`${text}\n`);
    }
  }

  /** Says something that stays. */
  say(sentence: string): void {
    if (this.stream.isTTY && this.drawn > 0) eraseLine(this.stream);
    if (!this.quiet) this.stream.write(`${printable(sentence)}\n`);
  }

  end(): void {
    if (!this.quiet && this.stream.isTTY && this.drawn > 0) eraseLine(this.stream);
  }

  private timeLeft({ done, failed, of }: Standing, ended: number): string {
    if (ended === 0) return '';
    const seconds = (performance.now() - this.begun) / 1000;
    return `${durationText(((of - done - failed) * seconds) / ended)} left`;
  }
}

export const standingText = ({ done, failed, of, running }: Standing): string =>
  [
    `${done.toLocaleString('en')} of ${of.toLocaleString('en')} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(running > 0 ? [`${running} running`] : []),
  ].join(', ');
