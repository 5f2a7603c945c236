// A link to a program of examples/ that stands alone is, on the site, the program itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Markdown } from './markdown.ts';

export function programs(md: Markdown): void {
  md.core.ruler.push('programs', ({ tokens, env }) => {
    tokens.forEach((inline, i) => {
      const [, path] = /^\[[^\]]*\]\((\S*examples\/\w+\.mjs)\)$/.exec(inline.content) ?? [];
      if (inline.type !== 'inline' || path === undefined || !env.path) return;
      const [before, after] = [tokens[i - 1]!, tokens[i + 1]!];
      if (before.type !== 'paragraph_open' || after.type !== 'paragraph_close') return;
      inline.type = 'fence';
      inline.tag = 'code';
      inline.info = 'js';
      inline.content = readFileSync(join(env.path, '..', path), 'utf8');
      inline.children = null;
      for (const paragraph of [before, after]) {
        paragraph.type = 'html_block';
        paragraph.content = '';
      }
    });
  });
}
