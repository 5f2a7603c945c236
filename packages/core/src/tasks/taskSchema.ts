// Schemas of tasks, made from the fields that each declares.
import * as z from 'zod/mini';
import { startTokenField } from './startToken.ts';
import type { FieldValue, TaskField } from './task.ts';
import { TASKS } from './tasks.ts';

function valueSchema(value: FieldValue): z.ZodMiniType {
  switch (value.is) {
    case 'flag':
      return z.boolean();
    case 'share':
      return z.number().check(z.positive(), z.maximum(1));
    case 'whole':
      return z.int().check(z.minimum(value.least));
    case 'pair':
      return z.tuple([valueSchema(value.of), valueSchema(value.of)]);
    case 'list':
      return z.array(valueSchema(value.of));
  }
}

/** The schema of a task, each field's made by `of` from that of its value; its output is a Task. */
export function taskSchema(of: (schema: z.ZodMiniType, field: TaskField) => z.ZodMiniType): z.ZodMiniType {
  const options = TASKS.map(({ kind, fields }) =>
    z.strictObject({
      kind: z.literal(kind),
      bos: of(valueSchema(startTokenField.value), startTokenField),
      ...Object.fromEntries(
        [['bos', startTokenField] as const, ...Object.entries<TaskField>(fields)].map(([name, field]) => [
          name,
          of(valueSchema(field.value), field),
        ]),
      ),
    }),
  );
  return z.discriminatedUnion('kind', options as unknown as Parameters<typeof z.discriminatedUnion>[1]);
}
