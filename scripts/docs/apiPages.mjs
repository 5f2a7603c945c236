// The reference of the library: a page for each entry of the packages, by TypeDoc's Markdown plugin.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLibrary } from './library.mjs';

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
  });
  app.validate(project);
  await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('The reference has faults; see above.');
  const rooms = project.children.map(({ name }) => ({
    text: name.replace('@induction-lab/', ''),
    link: `/api/${name}`,
  }));
  writeFileSync(join(folder, 'rooms.json'), JSON.stringify(rooms));
}
