// A sweep file, read and spelled out. Every run that it asks for is checked before the first one begins (points.ts).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { checkArgument } from '@induction-lab/core/internal';
import { listed, nearest } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { loadData, loadEngine } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { PRESETS } from '../../files/presetNames.ts';
import { readExperiment } from '../../files/readExperiment.ts';
import { readJson } from '../../files/wholeFiles.ts';
import { type Axis, readAxis } from './axes.ts';
import { measurementsOf } from './measurements.ts';
import { setField } from './setField.ts';
import type { Grid, Sweep } from './sweep.ts';
import { MOST, type SeedsJson, type SweepJson, sweepFileSchema } from './sweepSchema.ts';

type Json = Record<string, unknown>;

/** Reads and checks a sweep file. `exact` asks for the plain-SIMD build where the file does not. Throws one sentence. */
export async function readSweep(file: string, { exact = false }: { exact?: boolean } = {}): Promise<Sweep> {
  const json = readJson(file, 'sweep');
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badInput(`${file} must hold a sweep, an object, got ${quoted(json)}; see docs/sweeps.md.`);
  checkArgument(file, 'the sweep', sweepFileSchema, json);
  const given = json as SweepJson;
  const base = baseOf(given, file);
  if (given.data !== undefined) base.task = { kind: 'data' };
  const grids = gridsOf(given, file);
  const engine = await loadEngine({ exact: exact || (given.exact ?? false), shared: false });
  return {
    name: given.name,
    about: given.about ?? '',
    base,
    grids,
    seeds: seedsOf(given.seeds, file),
    measure: measurementsOf(given.measure),
    backend: engine.backend,
    data: await dataOf(given, { file, base }),
  };
}

/** The experiment that the sweep starts from, and whose file it is. */
function baseOf(given: SweepJson, file: string): Json {
  const bases = (['preset', 'config', 'experiment'] as const).filter((name) => given[name] !== undefined);
  if (bases.length !== 1)
    throw badInput(
      `${file} ${bases.length === 0 ? 'names no experiment to start from' : `has ${bases.join(' and ')}`}; give one of preset, config and experiment.`,
    );
  const { preset, config } = given;
  let base: unknown = given.experiment;
  if (preset !== undefined) {
    if (!(PRESETS as readonly string[]).includes(preset))
      throw badInput(
        `${file}: there is no preset ${quoted(preset)}; the nearest is "${nearest(preset, PRESETS, 1)[0]}" of ${PRESETS.join(', ')}.`,
      );
    base = JSON.parse(
      readFileSync(createRequire(import.meta.url).resolve(`@induction-lab/core/presets/${preset}.json`), 'utf8'),
    );
  } else if (config !== undefined) base = readJson(resolve(dirname(file), config), 'config');
  readExperiment(base, config === undefined ? file : resolve(dirname(file), config));
  const { $schema: _, ...experiment } = structuredClone(base) as Json;
  return experiment;
}

function gridsOf({ axes, grids, set = {} }: SweepJson, file: string): Grid[] {
  if (axes && grids)
    throw badInput(`${file} has axes and grids; put the axes into one of the grids, or leave the grids out.`);
  const all = grids ?? [{ name: '', axes: axes ?? [] }];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${file} has two grids called ${quoted(twice)}; name them apart.`);
  return all.map((grid, g): Grid => {
    const at = (i: number): string => (grids ? `grids.${g}.axes.${i}` : `axes.${i}`);
    const read = grid.axes.map((axis, i) => readAxis(axis as object, { file, at: at(i), stream: [g, i] }));
    checkDistinctFields(read, file);
    return { name: grid.name, set: { ...set, ...('set' in grid ? grid.set : {}) }, axes: read };
  });
}

/** Two axes that set the same field would undo each other. */
function checkDistinctFields(axes: readonly Axis[], file: string): void {
  const seen = new Map<string, string>();
  for (const { name, settings } of axes)
    for (const field of new Set(settings.flatMap(({ set }) => Object.keys(set)))) {
      const other = [...seen].find(
        ([known]) => known === field || known.startsWith(`${field}.`) || field.startsWith(`${known}.`),
      );
      if (other && other[1] !== name)
        throw badInput(
          `${file}: the axes ${quoted(other[1])} and ${quoted(name)} both set ${other[0]}; leave it out of one.`,
        );
      if (other && other[0] === field) throw badInput(`${file}: two axes set ${field}; leave one out.`);
      seen.set(field, name);
    }
}

function seedsOf(seeds: SeedsJson, file: string): number[] {
  if (typeof seeds === 'number') return Array.from({ length: seeds }, (_, i) => i + 1);
  if ('count' in seeds) return Array.from({ length: seeds.count }, (_, i) => seeds.from + i);
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw badInput(`${file}: seeds has ${twice} twice; leave one out.`);
  if (seeds.length > MOST) throw badInput(`${file}: seeds has over ${MOST} entries; make it shorter.`);
  return [...seeds];
}

async function dataOf(
  { data, dataDtype, set = {} }: SweepJson,
  { file, base }: { file: string; base: Json },
): Promise<Sweep['data']> {
  if (data === undefined) {
    if (dataDtype !== undefined) throw badInput(`${file}: dataDtype says how data is stored; give data too.`);
    return null;
  }
  const experiment = structuredClone(base);
  for (const [path, value] of Object.entries(set)) setField(experiment, path, value);
  const path = resolve(dirname(file), data);
  const loaded = await loadData(path, {
    experiment: readExperiment(experiment, basename(file)),
    ...(dataDtype ? { dtype: dataDtype } : {}),
  });
  return { ...loaded.origin, path };
}

/** What a sweep is about, in a few words: its axes and how many settings each has. */
export const axesText = (grids: readonly Grid[]): string[] =>
  grids.map(({ name, axes }) => {
    const sizes = axes.map(
      (axis) =>
        `${axis.name} (${axis.settings.length}: ${listed(
          axis.settings.map(({ label }) => label),
          4,
        )})`,
    );
    return `${name === '' ? '' : `${name}: `}${sizes.join(' × ') || 'one setting'}`;
  });

/** How many seeds each setting has: "8 seeds". */
export const seedsText = ({ seeds }: Pick<Sweep, 'seeds'>): string =>
  `${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}`;
