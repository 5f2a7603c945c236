// The corner of a table over its rows' names is an empty cell, not a header: a header without words says nothing to who listens.
import type { Markdown } from './markdown.ts';

/** `<th></th>` becomes `<td></td>`. */
export function emptyCorners(md: Markdown): void {
  md.core.ruler.push('empty-corners', ({ tokens }) => {
    for (const [i, { type }] of tokens.entries()) {
      const [, content, close] = tokens.slice(i, i + 3);
      if (type !== 'th_open' || content!.content !== '') continue;
      tokens[i]!.tag = 'td';
      close!.tag = 'td';
    }
  });
}
