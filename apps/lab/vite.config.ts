import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licencesOf } from '../../scripts/packages/licences.mjs';
import { figureColours } from './build/figureColours.ts';
import { lessonPage } from './build/lessonPage.ts';
import { plainImports } from './build/plainImports.ts';
import { presetValues } from './build/presetValues.ts';
import { isolationHeaders, policyHeader, securityPolicy } from './build/securityPolicy.ts';
import { singleFile } from './build/singleFile.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at('./package.json'), 'utf8')) as { version: string };

/** `vite build` makes the site; `vite build --mode offline` one page that also opens from a local folder. */
export default defineConfig(({ mode }) => {
  const offline = mode === 'offline';
  const licences = licencesOf();
  return {
    root: at('.'),
    base: './',
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [
      presetValues(),
      plainImports(),
      figureColours(),
      lessonPage(),
      ...(offline ? [singleFile()] : []),
      securityPolicy({ offline }),
      licences.emit('licences.txt'),
    ],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    resolve: offline
      ? { alias: [{ find: /^.*\/startWorker\.ts$/, replacement: at('./src/startWorkerOffline.ts') }] }
      : {},
    server: { headers: isolationHeaders },
    preview: { headers: { ...isolationHeaders, ...policyHeader } },
    worker: {
      format: offline ? 'iife' : 'es',
      plugins: () => [presetValues(), licences.collect],
      rolldownOptions: {
        preserveEntrySignatures: 'allow-extension',
        // What most of its scripts share is one file, which is smaller than four.
        output: {
          codeSplitting: offline
            ? false
            : { includeDependenciesRecursively: false, groups: [{ name: 'shared', minShareCount: 3 }] },
        },
      },
    },
    build: {
      target: 'baseline-widely-available',
      outDir: at(offline ? './dist/offline' : './dist/site'),
      emptyOutDir: true,
      modulePreload: {
        polyfill: false,
        resolveDependencies: (_, deps, { hostType }) => (hostType === 'html' ? deps : []),
      },
      ...(offline ? { assetsInlineLimit: Number.MAX_SAFE_INTEGER, cssCodeSplit: false } : { assetsInlineLimit: 0 }),
      rolldownOptions: {
        ...(offline ? { output: { codeSplitting: false } } : {}),
        input: offline ? { index: at('./index.html') } : { index: at('./index.html'), teacher: at('./teacher.html') },
      },
    },
  };
});
