// Figures lie in docs/images in two themes, NAME.svg and NAME-dark.svg. A page on a code host picks one by the reader's
// system; the site has a switch of its own, so both are in the page and its style shows one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Markdown } from './markdown.ts';

const darkOf = (src: string): string => src.replace(/(\.\w+)$/, '-dark$1');
const asAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** An image in both themes; `rest` are its other attributes. */
const both = (src: string, rest: string): string =>
  `<img class="light-only" src="./${src}"${rest}><img class="dark-only" src="./${darkOf(src)}"${rest}>`;

const NARROW = /<source media="(\(max-width: \d+px\))" srcset="([^"]+)">/;

/** The same of `<picture>` with dark sources; one for narrow windows stays. */
const ofHtml = (html: string): string =>
  html.replace(/<picture>((?:<source[^>]*>)+)<img src="([^"]+)"([^>]*)><\/picture>/g, (_, sources, src, rest) => {
    const [, media, narrow] = NARROW.exec(sources) ?? [];
    if (media === undefined || narrow === undefined) return both(src, rest);
    const picture = (theme: string, small: string, large: string): string =>
      `<picture class="${theme}-only"><source media="${media}" srcset="./${small}"><img src="./${large}"${rest}></picture>`;
    return picture('light', narrow, src) + picture('dark', darkOf(narrow), darkOf(src));
  });

/** `![...](x.svg)` and `<picture>` become two images, of the classes light-only and dark-only. */
export function themedImages(md: Markdown): void {
  md.core.ruler.push('themed-images', ({ tokens, env }) => {
    for (const token of tokens) {
      if (token.type === 'html_block') token.content = ofHtml(token.content);
      if (token.type === 'inline' && token.content.includes('<picture>')) {
        const [first] = token.children ?? [];
        first!.type = 'html_inline';
        first!.content = ofHtml(token.content);
        token.children = [first!];
      }
      for (const child of token.children ?? []) {
        const src = child.type === 'image' ? child.attrGet('src') : null;
        if (!src || !env.path || !existsSync(join(env.path, '..', darkOf(src)))) continue;
        child.type = 'html_inline';
        child.content = both(src.replace(/^\.\//, ''), ` alt="${asAttribute(child.content)}"`);
        child.children = null;
      }
    }
  });
}
