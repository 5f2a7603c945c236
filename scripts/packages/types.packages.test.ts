// The declarations as a project's TypeScript reads them, all files of ours included, from the oldest version that we name.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { emptyProject, type Project } from './emptyProject.ts';

let project: Project;
beforeAll(() => {
  project = emptyProject(inject('tarballs').slice(0, 2));
});
afterAll(() => project?.remove());

const SETTINGS = [
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
] as const;
const COMPILERS = ['typescript-5.7', 'typescript-6.0', 'typescript'];

test.for(COMPILERS.flatMap((compiler) => SETTINGS.map((setting) => [compiler, ...setting] as const)))(
  '%s, %s',
  ([compiler, resolution, module]) => {
    const script = ['lib/tsc.js', 'bin/tsc'].map((path) => `node_modules/${compiler}/${path}`);
    project.run(
      'node',
      script.find((path) => existsSync(join(project.folder, path)))!,
      ...['--noEmit', '--strict', '--skipLibCheck', 'false', '--exactOptionalPropertyTypes'],
      ...['--target', 'es2022', '--lib', 'es2023,dom,dom.iterable', '--types', 'node'],
      ...['--module', module, '--moduleResolution', resolution, 'typed.ts'],
    );
  },
);

test('every source that a map names is in the package', () => {
  const ours = join(project.folder, 'node_modules/@induction-lab');
  const maps = readdirSync(ours, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.map'));
  expect(maps.length).toBeGreaterThan(500);
  const nowhere = maps.flatMap((file) =>
    (JSON.parse(readFileSync(join(ours, file), 'utf8')).sources as string[]).filter(
      (source) => !existsSync(join(ours, file, '..', source)),
    ),
  );
  expect(nowhere).toEqual([]);
});
