import { readFileSync, writeFileSync } from 'node:fs';
import { Application, FileRegistry } from 'typedoc';
import { gapsOf } from './coverage.mjs';
import { sourceOf } from './declarations.mjs';

const app = await Application.bootstrap({});
const project = app.deserializer.reviveProject('x', JSON.parse(readFileSync('/tmp/project.json', 'utf8')), {
  projectRoot: process.cwd(),
  registry: new FileRegistry(),
});
const m = project.children.find((m) => m.name.endsWith('circuits/causal'));
for (const c of m.children.slice(0, 3)) console.log(c.name, sourceOf(project, c).slice(0, 60));
const gaps = gapsOf(project);
writeFileSync('/tmp/gaps.txt', gaps.join('\n'));
console.log(gaps.length);
