import { readLibrary } from './library.mjs';
import { gapsOf } from './coverage.mjs';
import { writeFileSync } from 'node:fs';
const { app, project } = await readLibrary();
writeFileSync('/tmp/project.json', JSON.stringify(app.serializer.projectToObject(project, process.cwd())));
const gaps = gapsOf(project);
writeFileSync('/tmp/gaps.txt', gaps.join('\n'));
console.log(gaps.length);
