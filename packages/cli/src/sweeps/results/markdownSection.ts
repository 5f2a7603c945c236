// What a sweep has in a page of Markdown, between comments: <!-- NAME:begin --> … <!-- NAME:end --> its tables, and
// <!-- NAME.FIGURE:begin --> … one of its figures.
import { readFileSync } from 'node:fs';
import { nearest } from '@induction-lab/core/internal/names';
import { printable, quoted } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { writeWhole } from '../../files/wholeFiles.ts';

const begin = (name: string): string => `<!-- ${name}:begin -->`;
const end = (name: string): string => `<!-- ${name}:end -->`;

/** A page's places for a sweep. */
export interface MarkdownPage {
  readonly path: string;
  readonly text: string;
  /** Whether it has the tables, and which figures. */
  readonly tables: boolean;
  readonly figures: readonly string[];
}

/** Looks for the sections of a sweep. Throws a CommandError where there is none of this name, or one does not end. */
export function readPage(path: string, name: string): MarkdownPage {
  const text = readFileSync(path, 'utf8');
  const found = Array.from(text.matchAll(/<!-- ([\w.-]+):begin -->/g), ([, section]) => section!).filter(
    (section) => section === name || section.startsWith(`${name}.`),
  );
  if (found.length === 0)
    throw badInput(
      `${printable(path)} has no section ${begin(name)} … ${end(name)}; write both comments where the table is to stand.`,
    );
  for (const section of found)
    if (text.indexOf(end(section)) < text.indexOf(begin(section)))
      throw badInput(`${printable(path)} begins ${begin(section)} and never ends it; write ${end(section)} behind it.`);
  return {
    path,
    text,
    tables: found.includes(name),
    figures: found.filter((section) => section !== name).map((section) => section.slice(name.length + 1)),
  };
}

/** Throws a CommandError where a page asks for a figure that the sweep does not have. */
export function checkFigures({ path, figures }: MarkdownPage, there: readonly string[]): void {
  const none = figures.find((figure) => !there.includes(figure));
  if (none !== undefined)
    throw badInput(
      `${printable(path)} asks for a figure ${quoted(none)}, which this sweep does not have; ${there.length === 0 ? 'it has none' : `the nearest is ${quoted(nearest(none, there, 1)[0])}`}.`,
    );
}

/** Writes a page with what stands in its sections now, by the section's name. */
export function writeSections({ path, text }: MarkdownPage, contents: ReadonlyMap<string, string>): void {
  let page = text;
  for (const [section, content] of contents) {
    const from = page.indexOf(begin(section)) + begin(section).length;
    page = `${page.slice(0, from)}\n${content}\n${page.slice(page.indexOf(end(section)))}`;
  }
  writeWhole(path, page);
}

/** What a section says at present. */
export function sectionOf({ text }: MarkdownPage, section: string): string {
  return text.slice(text.indexOf(begin(section)) + begin(section).length, text.indexOf(end(section)));
}

/** Where a figure lies, by theme. */
interface ByTheme {
  readonly light: string;
  readonly dark: string;
}

/** A figure by theme and width, as HTML; `before` is what stood there, whose words and width are kept. */
export function pictureOf(
  { wide, narrow }: { wide: ByTheme; narrow: ByTheme | null },
  { title, before }: { title: string; before: string },
): string {
  const alt = /\balt="([^"]*)"/.exec(before)?.[1] || title.replace(/["&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const width = /\bwidth="([^"]*)"/.exec(before)?.[1];
  const [DARK, PHONE] = ['(prefers-color-scheme: dark)', '(max-width: 600px)'];
  const sources = [
    ...(narrow
      ? [
          [`${PHONE} and ${DARK}`, narrow.dark],
          [PHONE, narrow.light],
        ]
      : []),
    [DARK, wide.dark],
  ].map(([media, file]) => `<source media="${media}" srcset="${file}">`);
  return `<picture>${sources.join('')}<img src="${wide.light}"${width === undefined ? '' : ` width="${width}"`} alt="${alt}"></picture>`;
}

/** A table in Markdown. */
export const markdownTable = ({
  headings,
  rows,
}: {
  headings: readonly string[];
  rows: readonly (readonly string[])[];
}): string[] => [
  `| ${headings.map(cell).join(' | ')} |`,
  `|${'---|'.repeat(headings.length)}`,
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
];

const cell = (text: string): string => text.replaceAll('|', '\\|');
