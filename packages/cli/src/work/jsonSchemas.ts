// JSON Schemas of the files that people write, for editors that complete and check by them. Made from the schemas that read
// the files, so that they cannot differ.
import { experimentSchema, promptsSchema } from '@induction-lab/core/internal';
import * as z from 'zod/mini';
import { sweepSchema } from '../sweeps/definition/sweepSchema.ts';

/** What zod calls a schema from inside. */
interface Definition {
  readonly type: string;
  readonly in?: z.ZodMiniType;
  readonly out?: z.ZodMiniType;
}

const definition = (schema: unknown): Definition => (schema as z.ZodMiniType)._zod.def as unknown as Definition;

/** The JSON Schema of a file. What code alone can check (one field beside another) is not in it. */
export function jsonSchemaOf(schema: z.ZodMiniType, title: string): Record<string, unknown> {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { type, in: from, out } = definition(zodSchema);
      // The only values that zod has no word for: lists of tokens or positions.
      if (type === 'custom') Object.assign(jsonSchema, { type: 'array', items: { type: 'integer' } });
      if (type !== 'pipe' || !from || !out || definition(from).type !== 'transform') return;
      const { $schema: _, ...bare } = jsonSchemaOf(out, '');
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Record<string, unknown>)[key];
      Object.assign(jsonSchema, isSection(out) ? bare : withReason(bare));
    },
  });
  return (title === '' ? made : { $schema: made.$schema, title, ...made }) as Record<string, unknown>;
}

/** A task is told apart by its kind and has reasons within; a value may have one beside it. */
const isSection = (schema: z.ZodMiniType): boolean => ['object', 'union'].includes(definition(schema).type);

const withReason = (value: Record<string, unknown>): Record<string, unknown> => ({
  anyOf: [
    value,
    {
      type: 'object',
      properties: { value, why: { type: 'string' } },
      required: ['value', 'why'],
      additionalProperties: false,
    },
  ],
});

/** The files, by the names of their schemas in packages/cli/schemas. */
export function jsonSchemas(): Readonly<Record<string, Record<string, unknown>>> {
  const prompts = jsonSchemaOf(promptsSchema, 'Prompts of induction-lab (--prompts)');
  const { $schema, title, ...list } = prompts;
  const named = { type: 'object', properties: { $schema: { type: 'string' }, prompts: list }, required: ['prompts'] };
  return {
    experiment: jsonSchemaOf(experimentSchema, 'An experiment of induction-lab (train --config)'),
    prompts: { $schema, title, anyOf: [list, { ...named, additionalProperties: false }] },
    sweep: jsonSchemaOf(sweepSchema, 'A sweep of induction-lab (sweep)'),
  };
}
