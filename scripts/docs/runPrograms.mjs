// Runs programs one after the other in this process, in the folder that is named first, and prints what each of them printed as
// JSON, in their order. The first that fails ends it, with its name.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, ...programs] = process.argv;
const files = programs.map((file) => resolve(file));
mkdirSync(folder, { recursive: true });
process.chdir(folder);

const { log } = console;
const printed = [];
for (const file of files) {
  const lines = [];
  console.log = (...values) => lines.push(values.join(' '));
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    console.error(`${file}: ${error.stack ?? error}`);
    process.exit(1);
  }
  printed.push(lines.join('\n'));
}
log(JSON.stringify(printed));
process.exit();
