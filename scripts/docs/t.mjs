import { writeFileSync } from 'node:fs';
import { gapsOf } from './coverage.mjs';
import { sourceOf } from './declarations.mjs';
import { readLibrary } from './library.mjs';

const { app, project } = await readLibrary();
const m = project.children.find((m) => m.name.endsWith('circuits/causal'));
for (const c of m.children.slice(0, 6))
  console.log(c.name, JSON.stringify(project.getSymbolIdFromReflection(c)), sourceOf(project, c).slice(0, 100));
writeFileSync('/tmp/project.json', JSON.stringify(app.serializer.projectToObject(project, process.cwd())));
const gaps = gapsOf(project);
writeFileSync('/tmp/gaps.txt', gaps.join('\n'));
console.log(gaps.length);
