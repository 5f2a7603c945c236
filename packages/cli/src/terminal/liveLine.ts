// One line of a terminal that is written over and over.
import { clearLine, cursorTo } from 'node:readline';

/** Writes the line anew, cut to the terminal's width. */
export function drawLine(stream: NodeJS.WriteStream, text: string): void {
  cursorTo(stream, 0);
  stream.write(text.slice(0, (stream.columns || 80) - 1));
  clearLine(stream, 1);
}

/** Takes the line away, so that what follows starts on its own. */
export function eraseLine(stream: NodeJS.WriteStream): void {
  cursorTo(stream, 0);
  clearLine(stream, 0);
}
