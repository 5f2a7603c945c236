// The benchmark: npm run benchmarks. See README.md beside this file.
import { existsSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allThreads, COMPETITORS, prepareCompetitors } from './competitors.mjs';
import { lossFell, median, pairedRatio, race } from './race.mjs';
import { printReport } from './report.mjs';
import { tunedSettings } from './tuning.mjs';

const HELP = `Usage: npm run benchmarks -- [options]

Steps per second of the reference training step, beside PyTorch, jax-js and TensorFlow.js in the same run, and what
induction-lab promises of its own costs. Exits with 0 whatever is measured: a benchmark is not a test.

  --quick         batch 64 only, 3 short rounds
  --json          print one JSON document
  --only LIST     measure only these, separated by commas: ${COMPETITORS.join(', ')}, measurements
  --python PATH   an interpreter that has PyTorch
  --retune        search PyTorch's best settings anew
  --no-install    install nothing: what is not there is reported as missing
  --help          this text`;

/** Our speed over theirs on a machine of two cores. */
const TARGETS = {
  pytorch: ({ threads, layerNorm }) => (threads > 1 ? (layerNorm ? 1.6 : 2) : null),
  jaxjs: () => 20,
  tfjs: () => 20,
};

const say = (text) => process.stderr.write(`${text}\n`);

function options() {
  const flag = { type: 'boolean', default: false };
  const known = { quick: flag, json: flag, retune: flag, 'no-install': flag, help: flag };
  try {
    const { values } = parseArgs({ options: { ...known, only: { type: 'string' }, python: { type: 'string' } } });
    const names = [...COMPETITORS, 'measurements'];
    const only = values.only?.split(',') ?? names;
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`--only: there is no "${unknown}"; choose from ${names.join(', ')}.`);
    return { ...values, only };
  } catch (error) {
    say(`benchmarks: ${error.message.split('\n')[0]}`);
    process.exit(2);
  }
}

function cells(quick) {
  const threads = allThreads > 1 ? [allThreads, 1] : [1];
  return (quick ? [64] : [64, 256]).flatMap((batch) =>
    [true, false].flatMap((layerNorm) => threads.map((count) => ({ batch, layerNorm, threads: count }))),
  );
}

/** Races everyone who takes part in a cell; results as the report shows them. */
async function runCell(cell, competitors, { rounds, seconds, again }) {
  const entries = [];
  const tuned = new Map();
  for (const [name, competitor] of competitors) {
    if (competitor.missing || (competitor.oneThread && cell.threads > 1)) continue;
    if (name === 'pytorch') tuned.set(name, await tunedSettings(competitor, cell, { again, say }));
    entries.push({ name, launch: competitor.launch(cell, tuned.get(name)) });
  }
  if (entries.length > 0)
    say(`Batch ${cell.batch}, ${cell.layerNorm ? 'LayerNorm' : 'no LayerNorm'}, ${cell.threads} thread(s) ...`);
  const results = await race(entries, { rounds, seconds });
  const ours = results.find(({ name, missing }) => name === 'ours' && !missing);
  return results.map((result) => judge({ result, ours, cell, settings: tuned.get(result.name) }));
}

function judge({ result, ours, cell, settings }) {
  if (result.missing) return result;
  const { name, version, build, rates, firstLoss, lastLoss } = result;
  const fell = lossFell(result);
  const comparable = fell && ours && ours !== result && lossFell(ours);
  const ratio = comparable ? pairedRatio(ours.rates, rates) : null;
  const target = TARGETS[name]?.(cell) ?? null;
  const passed = ratio && target ? ratio.median >= target : null;
  const stepsPerSecond = median(rates);
  return { name, version, build, stepsPerSecond, rates, firstLoss, lastLoss, fell, ratio, target, passed, settings };
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

async function main() {
  const { quick, json, only, python, retune, help, 'no-install': noInstall } = options();
  if (help) return console.log(HELP);
  if (!existsSync(fileURLToPath(new URL('../packages/core/dist/node.js', import.meta.url)))) {
    say('benchmarks: the library is not built; run "npm run build".');
    process.exit(1);
  }
  const settings = quick ? { rounds: 3, seconds: 0.5 } : { rounds: 7, seconds: 1.5 };
  const names = COMPETITORS.filter((name) => only.includes(name));
  const competitors = prepareCompetitors(names, { python, install: !noInstall, say });
  const record = { schemaVersion: 1, machine: machine(), settings, competitors: [], cells: [], measurements: [] };
  for (const cell of cells(quick)) {
    const results = await runCell(cell, competitors, { ...settings, again: retune });
    if (results.length > 0) record.cells.push({ ...cell, results });
  }
  const ran = record.cells.flatMap((cell) => cell.results);
  record.competitors = names.map((name) => {
    const { version, build } = ran.find((result) => result.name === name && !result.missing) ?? {};
    const missing = competitors.get(name).missing ?? (version ? undefined : ran.find((r) => r.name === name)?.missing);
    return { name, version, build, missing };
  });
  if (only.includes('measurements')) {
    const { measure } = await import('./measurements.mjs');
    const ours = prepareCompetitors(['ours'], { install: false, say }).get('ours');
    record.measurements = await measure({ ...settings, ours, say });
  }
  if (json) console.log(JSON.stringify(record));
  else printReport(record);
}

await main();
