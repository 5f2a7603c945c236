// No JSON, however it is bent, brings anything but a good experiment or a good sentence.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzz } from '../../test/support/fuzz.ts';
import { ExperimentError, parseExperiment } from './experiment.ts';

const preset = readFileSync(new URL('../../presets/varied.json', import.meta.url), 'utf8');
const base = JSON.stringify(parseExperiment(JSON.parse(preset)));

test('a bent experiment is refused in a short printable sentence, or read, written and read again the same', async () => {
  const odd = fc.oneof(
    fc.constantFrom(
      null,
      0,
      -1,
      1,
      2,
      0.5,
      1e308,
      4096,
      65536,
      '',
      '\u001b',
      [],
      {},
      true,
      [[]],
      'constructor',
      '__proto__',
    ),
    fc.jsonValue(),
  );
  const bend = fc.tuple(fc.nat(), fc.constantFrom('set', 'drop', 'add', 'explain'), fc.string(), odd);
  await fuzz('experiments', fc.array(bend, { minLength: 1, maxLength: 3 }), {
    runs: 400,
    check: (bends) => {
      const json = JSON.parse(base);
      // A copy: what is set in two places must not come to hold itself.
      for (const [at, how, name, value] of bends) bendAt(json, { at, how, name, value: structuredClone(value) });
      checkRead(json);
    },
  });
});

function checkRead(json: unknown): void {
  let experiment: unknown;
  try {
    experiment = parseExperiment(json);
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    const { message } = error as Error;
    expect(message).toMatch(/^[^\p{Cc}\p{Cs}]{10,500}\.$/u);
    expect(message).not.toMatch(/undefined|\[object|Invalid input/);
    return;
  }
  expect(parseExperiment(JSON.parse(JSON.stringify(experiment)))).toEqual(experiment);
}

function bendAt(
  json: Record<string, unknown>,
  { at, how, name, value }: { at: number; how: string; name: string; value: unknown },
): void {
  const places: [Record<string, unknown>, string][] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const key of Object.keys(holder)) {
      places.push([holder, key]);
      if (typeof holder[key] === 'object' && holder[key] !== null) visit(holder[key] as Record<string, unknown>);
    }
  };
  visit(json);
  const [holder, key] = places[at % Math.max(1, places.length)] ?? [json, 'name'];
  if (how === 'set') holder[key] = value;
  else if (how === 'drop') delete holder[key];
  else if (how === 'add') holder[name] = value;
  else holder[key] = { value: holder[key], why: name };
}
