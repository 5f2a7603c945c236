// Writes the JSON Schemas of the files that people write into packages/cli/schemas. Build first; a test asks for it when
// they are stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemas } from '../dist/work/jsonSchemas.js';

const folder = new URL('../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas()))
  writeFileSync(new URL(`${name}.schema.json`, folder), `${JSON.stringify(schema, null, 2)}\n`);
