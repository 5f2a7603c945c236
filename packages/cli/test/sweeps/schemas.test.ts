// The JSON Schemas that editors check by are those that the files are read by.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPrompts } from '../../src/files/readPrompts.ts';
import { jsonSchemas } from '../../src/work/jsonSchemas.ts';
import { temporaryFolder, writeJson } from '../support/folders.ts';

test.for(['experiment', 'prompts', 'sweep'])(
  'the schema of a %s is current: npm run schemas -w packages/cli',
  (name) => {
    const file = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(jsonSchemas()[name])));
  },
);

test('a value of an experiment may have its reason beside it, a section may not', () => {
  const { properties } = jsonSchemas().experiment as {
    properties: Record<string, { properties: Record<string, object> }>;
  };
  const steps = properties.training!.properties.steps as { anyOf: { type: string; required?: string[] }[] };
  expect(steps.anyOf[0]).toMatchObject({ type: 'integer', minimum: 1 });
  expect(steps.anyOf[1]).toMatchObject({ required: ['value', 'why'], additionalProperties: false });
  expect(properties.training).toMatchObject({ type: 'object', additionalProperties: false });
  expect(Object.keys(properties.training!.properties)).toEqual(
    expect.arrayContaining(['learningRate', 'clipNorm', 'clamps']),
  );
});

test('the schema of a task has every kind with its own fields', () => {
  const { properties } = jsonSchemas().experiment as { properties: { task: { oneOf?: object[]; anyOf?: object[] } } };
  const kinds = (properties.task.oneOf ?? properties.task.anyOf) as { properties: { kind: { const: string } } }[];
  expect(kinds.map((kind) => kind.properties.kind.const)).toEqual(
    expect.arrayContaining(['repeated', 'varied', 'data']),
  );
});

test('prompts that name their schema are read as those that do not', () => {
  const folder = temporaryFolder();
  const prompts = [{ tokens: [1, 2, 1], queries: [2], answers: [2] }];
  const named = writeJson(join(folder, 'named.json'), { $schema: './prompts.schema.json', prompts });
  expect(readPrompts(named).prompts).toEqual(prompts);
});
