// The benchmark: npm run benchmarks. See README.md beside this file.
import { existsSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkOut, commitOf } from './against.mjs';
import { allThreads, prepareCompetitors } from './competitors.mjs';
import { judge } from './judge.mjs';
import { cellsOf, HELP, parseOptions } from './options.mjs';
import { race } from './race.mjs';
import { describeCell } from './reference.mjs';
import { printReport } from './report.mjs';
import { tunedSettings } from './tuning.mjs';

const say = (text) => process.stderr.write(`${text}\n`);

/** What `work` gives; a complaint of it ends the program with this status. */
function orEnd(status, work) {
  try {
    return work();
  } catch (error) {
    say(`benchmarks: ${error.message.split('\n')[0]}`);
    process.exit(status);
  }
}

/** Races everyone who takes part in a cell; results as the report shows them. */
async function runCell(cell, competitors, { rounds, seconds, again }) {
  const entries = [];
  const tuned = new Map();
  for (const [name, competitor] of competitors) {
    if (competitor.missing || competitor.takes?.(cell) === false) continue;
    if (name === 'pytorch') tuned.set(name, await tunedSettings(competitor, cell, { again, say }));
    entries.push({ name, launch: competitor.launch(cell, tuned.get(name)) });
  }
  say(`${describeCell(cell)} ...`);
  const results = await race(entries, { rounds, seconds });
  const ours = results.find(({ name }) => name === 'ours');
  return results.map((result) => judge({ result, ours, cell, settings: tuned.get(result.name) }));
}

/** Who was asked for, with the version that ran or why none did. */
function presence(name, { missing }, results) {
  const own = results.filter((result) => result.name === name);
  const { version, build } = own.find((result) => !result.missing) ?? {};
  const reason = own[0]?.missing ?? 'it has no part in these cells (README.md says who runs on how many threads)';
  return { name, version, build, missing: missing ?? (version ? undefined : reason) };
}

const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown processor',
  cores: allThreads,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.versions.node,
  /** Programs that wanted a core in the minute before; 0 where the system does not say. */
  load: Number(loadavg()[0].toFixed(2)),
});

async function measureSpeed(record, options) {
  const { against, rivals, quick, python, install, retune } = options;
  const other = against === undefined ? undefined : orEnd(1, () => checkOut(against, say));
  const names = ['ours', ...(other ? ['against'] : []), ...rivals];
  const competitors = prepareCompetitors(names, { python, install, say, other });
  try {
    for (const cell of cellsOf({ ...options, quick }))
      record.cells.push({ ...cell, results: await runCell(cell, competitors, { ...record.settings, again: retune }) });
  } finally {
    other?.remove();
  }
  const results = record.cells.flatMap((cell) => cell.results);
  record.competitors = names.map((name) => presence(name, competitors.get(name), results));
}

async function main() {
  const options = orEnd(2, () => {
    const { against, ...rest } = parseOptions(process.argv.slice(2));
    return { ...rest, against: against === undefined ? undefined : commitOf(against) };
  });
  if (options.help) return console.log(HELP);
  if (!existsSync(fileURLToPath(new URL('../packages/core/dist/node.js', import.meta.url)))) {
    say('benchmarks: the library is not built; run "npm run build".');
    process.exit(1);
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  const settings = options.quick ? { rounds: 3, seconds: 0.5 } : { rounds: 7, seconds: 1 };
  const record = { schemaVersion: 1, machine: machine(), settings, competitors: [], cells: [], measurements: [] };
  if (options.parts.includes('speed')) await measureSpeed(record, options);
  if (options.parts.includes('measurements')) {
    const { measure } = await import('./measurements.mjs');
    const ours = prepareCompetitors(['ours'], { install: false, say }).get('ours');
    record.measurements = await measure({ ...settings, ours, say });
  }
  if (options.parts.includes('gpu')) {
    const { measureGpu } = await import('./gpu.mjs');
    const [batch = 64] = options.batches ?? [];
    const [dModel = 64] = options.dModels ?? [];
    record.gpu = await measureGpu({ ...settings, batch, dModel, name: options.gpu, say });
  }
  if (options.parts.includes('sweep')) {
    const { measureSweep } = await import('./sweep.mjs');
    record.measurements = await measureSweep({ say });
  }
  if (options.json) console.log(JSON.stringify(record));
  else printReport(record);
}

await main();
