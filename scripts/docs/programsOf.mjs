// Code in documents that runs: a page's blocks ```js run are one program, and a block ```text that follows one of them is what
// it prints. A page on a code host shows them as any other code.

const BLOCK = /^```(js run|text)\n([\s\S]*?)^```$/gm;

/** The program of a page and what it prints, line by line; null of a page without one. */
export function programOf(page) {
  const code = [];
  const printed = [];
  let running = false;
  let end = 0;
  for (const { 0: whole, 1: kind, 2: text, index } of page.matchAll(BLOCK)) {
    if (kind === 'text' && running && page.slice(end, index).trim() === '') printed.push(text.trimEnd());
    running = kind === 'js run';
    if (running) code.push(text);
    end = index + whole.length;
  }
  return code.length === 0 ? null : { code: code.join('\n'), printed: printed.join('\n') };
}
