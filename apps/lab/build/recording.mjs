// Makes the recording of the first screen anew: node recording.mjs. Vite reads the sources as they are.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { module } = await runnerImport(at('./recording.ts'), { root: at('..'), configFile: false, logLevel: 'warn' });
const bytes = module.compressed(await module.makeRecording());
writeFileSync(at('../src/recording.bin'), bytes);
console.log(`apps/lab/src/recording.bin: ${bytes.length} bytes`);
