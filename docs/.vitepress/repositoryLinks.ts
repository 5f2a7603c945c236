// Links to files of the repository that are no pages.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Markdown, Token } from './markdown.ts';

/** Where the repository can be looked at, if package.json says so. */
function addressOf(root: string): string | null {
  const { repository } = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'));
  const url: string | undefined = typeof repository === 'string' ? repository : repository?.url;
  return url ? url.replace(/^git\+/, '').replace(/\.git$/, '') : null;
}

/** Takes a tag out of the text. */
const asText = (token: Token): void => {
  token.type = 'html_inline';
  token.content = '';
};

/** A link out of docs/ leads to the file on the code host; where none is known its text stays, without a link. */
export function repositoryLinks(md: Markdown, root: string): void {
  const address = addressOf(root);
  const docs = join(root, 'docs');
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      const open: Token[] = [];
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          open.push(token);
          const href = token.attrGet('href') ?? '';
          if (/^[a-z]+:|^[#/]/.test(href) || !env.path) continue;
          const path = join(env.path, '..', decodeURI(href.split('#')[0]!));
          if (!relative(docs, path).startsWith('..') || !existsSync(path)) continue;
          const kind = statSync(path).isDirectory() ? 'tree' : 'blob';
          if (address) token.attrSet('href', `${address}/${kind}/main/${relative(root, path).replaceAll('\\', '/')}`);
          else asText(token);
        } else if (token.type === 'link_close') {
          if (open.pop()?.type === 'html_inline') asText(token);
        }
      }
    }
  });
}
