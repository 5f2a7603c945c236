// What `npm run benchmarks` is asked for: its options, and the cells that follow from them.
import { parseArgs } from 'node:util';
import { allThreads, RIVALS } from './competitors.mjs';
import { REFERENCE } from './reference.mjs';

export const HELP = `Usage: npm run benchmarks -- [options]

Steps per second of the reference training step, beside PyTorch, jax-js and TensorFlow.js in the same run, and what
induction-lab promises of its own costs. Exits with 0 whatever is measured: a benchmark is not a test.

  --batch LIST     sequences in a batch, separated by commas
  --d-model LIST   widths of the residual stream; every batch is measured at every width, on all threads and one.
                   Where one of the two is not given it is 64. Without either: batch 64 at width 64, and then, on all
                   threads, batch 256 and 1024 at width 64 and batch 64 at width 128 and 256
  --threads LIST   numbers of threads for every size (this machine has ${allThreads})
  --rivals LIST    race only these against us: ${RIVALS.join(', ')}, or none
  --against REV    race our step of another commit too; it is checked out and built in a temporary folder
  --only PART      measure only the speed (speed), only what follows it (measurements), training on the GPU (gpu) or
                   what a sweep costs (sweep); the last two are measured when asked for alone
  --gpu NAME       the adapter of that name, for --only gpu; without it hardware
  --quick          batch 64 and dModel 64 if not given, 3 short rounds
  --json           print one JSON document
  --python PATH    an interpreter that has PyTorch
  --retune         search PyTorch's best settings anew
  --no-install     install nothing: what is not there is reported as missing
  --help           this text`;

const PARTS = ['speed', 'measurements', 'gpu', 'sweep'];

/** Those that are measured where nobody says which. */
const USUAL_PARTS = ['speed', 'measurements'];

/** The options of a command line. Throws an Error, one sentence, for what cannot be. */
export function parseOptions(args) {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      ...{ quick: flag, json: flag, retune: flag, 'no-install': flag, help: flag },
      ...{
        batch: text,
        'd-model': text,
        threads: text,
        rivals: text,
        against: text,
        only: text,
        gpu: text,
        python: text,
      },
    },
  });
  const { batch, 'd-model': dModel, threads, rivals, only, 'no-install': noInstall, ...rest } = values;
  if (only !== undefined) oneOf(only, PARTS, '--only');
  if (rest.gpu !== undefined && only !== 'gpu')
    throw new Error('--gpu names the adapter of --only gpu; give that too.');
  const chosen = rivals === 'none' ? [] : (rivals?.split(',').map((name) => oneOf(name, RIVALS, '--rivals')) ?? RIVALS);
  return {
    ...rest,
    batches: numbers(batch, '--batch', { most: 65_536 }),
    dModels: numbers(dModel, '--d-model', { most: 4096, multipleOf: REFERENCE.heads }),
    threads: numbers(threads, '--threads', { most: allThreads }),
    rivals: RIVALS.filter((name) => chosen.includes(name)),
    parts: only === undefined ? USUAL_PARTS : [only],
    install: !noInstall,
  };
}

function oneOf(name, names, option) {
  if (!names.includes(name)) throw new Error(`${option}: there is no "${name}"; choose from ${names.join(', ')}.`);
  return name;
}

/** Whole numbers separated by commas, each once; undefined where the option is not given. */
function numbers(list, option, { most, multipleOf = 1 }) {
  if (list === undefined) return undefined;
  const values = list.split(',').map((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 1 && value <= most && value % multipleOf === 0) return value;
    const kind = multipleOf === 1 ? 'whole numbers' : `multiples of ${multipleOf}`;
    throw new Error(`${option}: "${text}" cannot be; give ${kind} from ${multipleOf} to ${most}, separated by commas.`);
  });
  return [...new Set(values)];
}

/** The size where none is given, and how it is varied then. */
const USUAL = { batch: 64, dModel: 64 };
const VARIED = [{ batch: 256 }, { batch: 1024 }, { dModel: 128 }, { dModel: 256 }].map((change) => ({
  ...USUAL,
  ...change,
}));

/** The settings { batch, dModel, layerNorm, threads } to measure in, in the order of the report. */
export function cellsOf({ batches, dModels, threads, quick }) {
  const allAndOne = [...new Set([allThreads, 1])];
  const cells = (sizes, counts) =>
    sizes.flatMap((size) =>
      [true, false].flatMap((layerNorm) =>
        (threads ?? counts).map((count) => ({ ...size, layerNorm, threads: count })),
      ),
    );
  if (batches === undefined && dModels === undefined && !quick)
    return [...cells([USUAL], allAndOne), ...cells(VARIED, [allThreads])];
  const sizes = (dModels ?? [USUAL.dModel]).flatMap((dModel) =>
    (batches ?? [USUAL.batch]).map((batch) => ({ batch, dModel })),
  );
  return cells(sizes, allAndOne);
}
