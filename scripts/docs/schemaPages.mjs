// The JSON Schemas of the files that people write: each field in a table, and the schema itself to point an editor at.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const code = (text) => `\`${text}\``;

/** A schema in a few words. */
function words(schema) {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  // A value may stand there alone or with a reason beside it; the table names the value.
  if (choices) {
    const plain = choices.filter((choice) => !(choice.properties?.why && choice.properties?.value));
    return [...new Set(plain.map(words))].join(' or ');
  }
  if (schema.prefixItems) return `[${schema.prefixItems.map(words).join(', ')}]`;
  if (schema.type === 'array') return `list of ${words(schema.items ?? {})}`;
  if (schema.type === 'object') return 'object';
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  const bounds = [
    least !== undefined && Math.abs(least) < 1e15 && `${schema.minimum === undefined ? 'above' : 'from'} ${least}`,
    most !== undefined && Math.abs(most) < 1e15 && `${schema.maximum === undefined ? 'below' : 'to'} ${most}`,
  ].filter(Boolean);
  return [schema.type ?? 'anything', ...bounds].join(' ');
}

/** The rows of a schema's fields, those of inner objects under their paths: [path, value, needed]. */
function* rows(schema, path = '', kinds = 1) {
  const choices = schema.anyOf ?? schema.oneOf ?? [];
  for (const variant of choices)
    yield* rows(variant, path, choices.filter(({ properties }) => properties?.kind).length);
  if (schema.type === 'array' && schema.items) yield* rows(schema.items, `${path}[].`.replace('.[]', '[]'));
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (name === 'why' || (name === 'value' && schema.properties.why)) continue;
    const needed = schema.required?.includes(name) && field.default === undefined;
    const where = kinds > 1 && name !== 'kind' ? 'where its kind has it' : 'yes';
    yield [`${path}${name}`, words(field), needed ? where : ''];
    yield* rows(field, `${path}${name}.`);
  }
}

function section(name, schema) {
  const seen = new Map();
  for (const [path, value, needed] of rows(schema)) {
    const known = seen.get(path);
    if (!known) seen.set(path, [value, needed]);
    else if (!known[0].includes(value)) seen.set(path, [`${known[0]} or ${value}`, known[1]]);
  }
  const table = [...seen].map(
    ([path, [value, needed]]) => `| \`${path}\` | ${value.replaceAll('|', '\\|')} | ${needed} |`,
  );
  return `## ${schema.title}

[${name}.schema.json](./${name}.schema.json)

| field | value | needed |
|---|---|---|
${table.join('\n')}`;
}

/** Writes index.md into the folder, and the schemas into the site's public files. */
export function schemaPages(folder, schemas, published) {
  mkdirSync(folder, { recursive: true });
  mkdirSync(published, { recursive: true });
  const files = readdirSync(schemas).filter((file) => file.endsWith('.schema.json'));
  const sections = files.map((file) => {
    copyFileSync(join(schemas, file), join(published, file));
    return section(file.replace('.schema.json', ''), JSON.parse(readFileSync(join(schemas, file), 'utf8')));
  });
  writeFileSync(
    join(folder, 'index.md'),
    `# JSON Schemas

Editors complete and check a file that names its schema: \`"$schema": "./node_modules/induction-lab/schemas/experiment.schema.json"\`. They are
made from what reads the files. What code alone can check, one field beside another, is not in them.

${sections.join('\n\n')}
`,
  );
}
