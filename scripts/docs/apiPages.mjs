// The reference of the library: a page for each entry of the packages, by TypeDoc's Markdown plugin.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gapsOf } from './coverage.mjs';
import { readLibrary } from './library.mjs';

const HEAD = `# The library by room

Each room is an entry that can be imported, \`@induction-lab/core/circuits\` for one; \`@induction-lab/core/node\` and
\`@induction-lab/core/browser\` hold all rooms of core but \`text\` and those of GPUs. An export is described in its room, and named where it can be had besides.

| room | what it holds |
|---|---|
`;

/** The words of a room on itself, in one line. */
const wordsOf = ({ summary }) =>
  summary
    .map(({ text }) => text)
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Writes the pages into the folder, and rooms.json with their names for the sidebar. */
export async function apiPages(folder) {
  const { app, project } = await readLibrary({
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: false,
    parametersFormat: 'table',
    propertiesFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    enumMembersFormat: 'table',
    sanitizeComments: true,
    disableSources: true,
    excludeExternals: true, // what every Error has
    externalPattern: ['**/node_modules/typescript/**', '**/node_modules/@types/**'],
    tableColumnSettings: { hideModifiers: true },
  });
  app.validate(project);
  const gaps = gapsOf(project);
  if (gaps.length > 0) throw new Error(`The reference leaves out:\n${gaps.join('\n')}`);
  await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('The reference has faults; see above.');
  const short = (name) => name.replace('@induction-lab/', '');
  const rooms = project.children.map(({ name }) => ({ text: short(name), link: `/api/${name}` }));
  writeFileSync(join(folder, 'rooms.json'), JSON.stringify(rooms));
  const rows = project.children.map(
    ({ name, comment }) => `| [${short(name)}](./${name}.md) | ${wordsOf(comment).replaceAll('|', '\\|')} |`,
  );
  writeFileSync(join(folder, 'index.md'), `${HEAD}${rows.join('\n')}\n`);
}
