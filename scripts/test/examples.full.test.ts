// The examples of the reference are right in TypeScript's eyes too, as a project in strict mode has it; programs.test.ts runs them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libraryExamples } from './documentPrograms.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.cache/examples'); // below the root, so that packages are found

/** What TypeScript says of files with these sources; '' where it has nothing to say. */
function complaints(sources: readonly { name: string; code: string }[]): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of sources) writeFileSync(join(folder, `${name}.mts`), code);
  const compilerOptions = { noUnusedLocals: false }; // what a reader would go on with
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.tests.json', compilerOptions, include: ['*.mts'] }),
  );
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
    {
      ...{ cwd: folder, encoding: 'utf8' },
    },
  );
  return stdout + stderr;
}

test('every @example compiles', () => {
  expect(complaints(libraryExamples())).toBe('');
});

test('one that takes what is not there does not', () => {
  const code = "import { nothing } from '@induction-lab/core/node';\nnothing();\n";
  expect(complaints([{ name: 'wrong', code }])).toMatch(/^wrong\.mts.*'nothing'/);
});
