// The verdict on models of every kind whose answer is known: one or two of each; all of them are in knownModels.slow.test.ts.
import { expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { loadEngine } from '../src/node.ts';
import { KNOWN_MODELS, type KnownModel, wrongAbout } from './support/knownModels.ts';

const engine = await loadEngine({ exact: true });
const fast = KNOWN_MODELS.filter(({ slow }) => !slow);
const firstOf = [...new Set(fast.map(({ kind }) => kind))].map((kind) => fast.find((model) => model.kind === kind)!);
const nameOf = ({ kind, name }: KnownModel): string => `${kind}: ${name}`;

test('there are a hundred models of twelve kinds and more', () => {
  expect(KNOWN_MODELS.length).toBeGreaterThanOrEqual(100);
  expect(firstOf.length).toBeGreaterThanOrEqual(12);
  expect(new Set(KNOWN_MODELS.map(nameOf)).size).toBe(KNOWN_MODELS.length);
});

test.for(firstOf.map((model) => [nameOf(model), model] as const))('%s', ([, model]) => {
  const record = audit(model.build(engine), { sequences: 6, ...model.options });
  expect(wrongAbout(model, record), record.sentence).toBeNull();
});
