// docs/lesson.md as HTML for the page. The file is the one source of the lesson; what the page adds stands in it as
// comments, which other readers of the file do not see:
//   <!-- lab:show preset=literal&step=300 | text of the button -->   puts the bench into that state
//   <!-- lab:circuit -->  <!-- lab:exercises -->                     places for the diagram and the exercises
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Marked } from 'marked';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
export const lessonFile: string = `${docs}lesson.md`;

export interface Lesson {
  /** The essay: sections of HTML. */
  readonly html: string;
  readonly contents: readonly { readonly id: string; readonly title: string }[];
  /** Terms of the glossary as pop-overs. */
  readonly popovers: string;
}

interface Term {
  readonly id: string;
  readonly name: string;
  readonly meaning: string;
}

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/^\d+\.\s*/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/** Rows of the table in the section "Glossary". */
function glossary(markdown: string): Term[] {
  const section = /^## \d+\. Glossary$([\s\S]*?)^## /m.exec(markdown)?.[1];
  if (!section) throw new Error('docs/lesson.md has no section "Glossary"; the page takes its terms from there.');
  return [...section.matchAll(/^\|\s*([^|]+?)\s*\|\s*([^|]+?)\s*\|$/gm)]
    .filter(([, name]) => name !== 'term' && !/^-+$/.test(name as string))
    .map(([, name, meaning]) => ({
      id: `term-${slug(name as string)}`,
      name: name as string,
      meaning: meaning as string,
    }));
}

/** Makes the first mention of each term in a section a button that opens its definition. */
function linkTerms(html: string, terms: readonly Term[]): string {
  const left = new Set(terms);
  const skipped = /^<(h\d|pre|code|a|button|table|figure)\b/;
  let depth = 0;
  return html
    .split(/(<[^>]+>)/)
    .map((part) => {
      if (part.startsWith('<')) {
        if (skipped.test(part)) depth++;
        else if (/^<\/(h\d|pre|code|a|button|table|figure)>/.test(part)) depth--;
        return part;
      }
      if (depth > 0) return part;
      let text = part;
      for (const term of left) {
        const found = new RegExp(`\\b${term.name.replace(/[-]/g, '[- ]')}s?\\b`, 'i').exec(text);
        // One term a stretch of text: a second could land inside the first one's button.
        if (!found) continue;
        left.delete(term);
        text = `${text.slice(0, found.index)}<button type="button" class="term" popovertarget="${term.id}">${found[0]}</button>${text.slice(found.index + found[0].length)}`;
        break;
      }
      return text;
    })
    .join('');
}

/** Comments of the lab as elements. */
function placeParts(html: string): string {
  return html
    .replace(
      /<!-- lab:show (\S+) \| (.+?) -->/g,
      (_, state: string, text: string) =>
        `<p class="show"><button type="button" data-show="${escaped(state)}"><span aria-hidden="true">▶</span> Show me: ${escaped(text)}</button></p>`,
    )
    .replace(/<!-- lab:(circuit|exercises) -->/g, '<div class="part" data-part="$1"></div>');
}

/** Prepared figures lie in docs/images/lesson, light and dark. */
function placeFigures(html: string): string {
  return html.replace(
    /<p><img src="(images\/lesson\/[\w-]+)\.svg" alt="([^"]*)"[^>]*><\/p>/g,
    (_, path: string, alt: string) => {
      const at = `../../docs/${path}`;
      return `<figure class="prepared"><picture><source media="(prefers-color-scheme: dark)" srcset="${at}-dark.svg"><img src="${at}.svg" alt="${alt}" fetchpriority="low" decoding="async"></picture><figcaption>${alt}</figcaption></figure>`;
    },
  );
}

/** Wide tables scroll by themselves, reachable by keyboard. */
const placeTables = (html: string): string =>
  html
    .replace(/<table>/g, '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>')
    .replace(/<\/table>/g, '</table></div>')
    .replace(/<pre>/g, '<pre tabindex="0">');

/** Reads and renders the lesson. */
export function readLesson(): Lesson {
  const markdown = readFileSync(lessonFile, 'utf8');
  const terms = glossary(markdown);
  const marked = new Marked({ gfm: true });
  const [head, ...sections] = markdown.split(/^(?=## )/m);
  const contents: { id: string; title: string }[] = [];
  const rendered = sections.map((section) => {
    const title = /^## (.+)$/m.exec(section)?.[1] ?? '';
    const id = slug(title);
    contents.push({ id, title: title.replace(/^\d+\.\s*/, '') });
    let html = marked.parse(section, { async: false });
    html = html.replace(/<a href="(?!https?:|#)([^"]+)">([\s\S]*?)<\/a>/g, '$2'); // files of the repository are not in the page
    html = placeTables(placeFigures(placeParts(title.endsWith('Glossary') ? html : linkTerms(html, terms))));
    html = html.replace(/<h2>[\s\S]*?<\/h2>/, `<h2>${title.replace(/^\d+\.\s*/, '')}</h2>`);
    return `<section id="${id}">${html}</section>`;
  });
  const intro = marked
    .parse((head as string).replace(/^# .*$/m, ''), { async: false })
    .replace(/<a href="(?!https?:|#)[^"]+">([\s\S]*?)<\/a>/g, '$1');
  const popovers = terms
    .map(
      ({ id, name, meaning }) =>
        `<div popover id="${id}" class="definition"><b>${escaped(name)}</b> ${marked.parseInline(meaning, { async: false })}</div>`,
    )
    .join('\n');
  return { html: `<div class="intro">${placeParts(intro)}</div>\n${rendered.join('\n')}`, contents, popovers };
}
