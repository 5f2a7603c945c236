// Errors are told apart by their class and code, never by their text: whoever rewords a sentence changes nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const ROOMS = [
  'packages/core/src/',
  'packages/figures/src/',
  'packages/cli/src/',
  'apps/lab/src/',
  'notebooks/support/',
];

/** Where a text is all that there is, and why. */
const TEXT_ALONE: Readonly<Record<string, string>> = {
  'packages/cli/src/errors.ts': 'V8 says by texts alone what it has no memory for',
  'packages/core/src/nodeGpu.ts': 'Dawn tells the names of adapters in a sentence',
  'packages/core/src/errors/arguments.ts': 'the end of a sentence that a schema of ours gave to zod',
};

const TEXT = String.raw`(?:\w*[mM]essage|sentence|stderr|String\((?:error|e|reason)\)|\((?:error|e) as \w+\)\.message)`;
const ASKED = new RegExp(
  [
    String.raw`\b${TEXT}\??\.(?:includes|startsWith|endsWith|match|matchAll|search|indexOf)\(`,
    String.raw`\/[a-z]*\.(?:test|exec)\((?:\w+\.)*${TEXT}`,
    String.raw`\b(?:error|e|reason)\.message\s*[!=]==`,
    String.raw`\.message\)?\.replaceAll\(\s*['"\`]`,
  ].join('|'),
);

test('the scan sees each way to ask a text', () => {
  for (const line of [
    "if (message.includes('--model-config'))",
    "error.message.startsWith('Arena: ')",
    '/holds no config/.test(message)',
    '/would take (.*)/.exec((error as Error).message)',
    "error.message === 'stopped'",
    "error.message.replaceAll('with --x', 'as x')",
    "String(error).includes('lost')",
  ])
    expect(line).toMatch(ASKED);
  for (const line of ["message.kind === 'answer'", "error.message.replace(/^\\w+: /, '')", 'message.tokens.map(f)'])
    expect(line).not.toMatch(ASKED);
});

test('no source tells errors apart by their text', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(new URL(room, root), { recursive: true })
      .map((entry) => `${room}${String(entry).replaceAll('\\', '/')}`)
      .filter((path) => /\.tsx?$/.test(path) && !/\.test\.ts$|\/test\//.test(path)),
  );
  expect(files.length).toBeGreaterThan(200);
  const asking = files.filter((path) => ASKED.test(readFileSync(new URL(path, root), 'utf8')));
  expect(asking.sort()).toEqual(Object.keys(TEXT_ALONE).sort());
});
