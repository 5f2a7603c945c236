// The forward pass of a language model's size beside PyTorch: node benchmarks/forward.mjs [--threads 2] [--rounds 7] [--python PATH]
// SmolLM2-135M's sizes with random weights, two sequences of 50 tokens, all logits. First the kernels are held to the float64
// reference at these widths, then both run in turn. Prints, and holds nobody to anything; wall time wants an idle machine, CPU
// time bears some load.
import { parseArgs } from 'node:util';
import { loadEngine, Model, modelConfig, referenceEngine } from '../packages/core/dist/node.js';
import { startCompetitor } from './competitor.mjs';
import { findPyTorch, pytorchStart } from './pytorch.mjs';
import { median, pairedRatio } from './race.mjs';
import { drawWeights, SMOLLM2, tokensFor } from './steps/smolLm2.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    python: { type: 'string' },
    'no-install': { type: 'boolean', default: false },
  },
});
const [threads, rounds] = [Number(values.threads), Number(values.rounds)];
const say = (text) => process.stdout.write(`${text}\n`);

/** The largest distance of logits from the reference's, beside the largest of them: one layer, few tokens, all widths. */
async function distanceFromReference() {
  const config = modelConfig({ ...SMOLLM2, nLayers: 1, nCtx: 8 });
  const tokens = tokensFor(1, 7);
  const [want, got] = [referenceEngine, await loadEngine()].map((engine) => {
    const model = new Model(engine, config);
    model.setWeights(drawWeights(model));
    return model.run(tokens).logits;
  });
  let [off, largest] = [0, 0];
  want.forEach((x, i) => {
    off = Math.max(off, Math.abs(x - got[i]));
    largest = Math.max(largest, Math.abs(x));
  });
  return off / largest;
}

say(`off float64 by ${(await distanceFromReference()).toExponential(1)} of the largest logit (one layer)`);
const cell = { threads, sequences: 2, length: 50 };
const launches = [
  ['induction-lab', { command: process.execPath, args: [stepPath('oursForward.mjs'), JSON.stringify(cell)] }],
];
const torch = findPyTorch({ python: values.python, install: !values['no-install'], say });
if (torch.missing) say(`no PyTorch: ${torch.missing}`);
else launches.push(['PyTorch, eager', pytorchStart(torch, 'pytorch_forward.py', { ...SMOLLM2, ...cell })]);
const lanes = [];
for (const [name, launch] of launches) lanes.push({ name, child: await startCompetitor(launch), wall: [], cpu: [] });
for (let round = -2; round < rounds; round++)
  for (const lane of round % 2 === 0 ? lanes : [...lanes].reverse()) {
    const { steps, seconds, cpu } = await lane.child.burst(3);
    if (round < 0) continue; // compilers settle
    lane.wall.push((1000 * seconds) / steps);
    lane.cpu.push((1000 * cpu) / steps);
  }
await Promise.all(lanes.map(({ child }) => child.stop()));
for (const { name, child, wall, cpu } of lanes)
  say(
    `${name.padEnd(16)}${median(wall).toFixed(0).padStart(6)} ms a pass, ${median(cpu).toFixed(0).padStart(6)} ms of CPU (${child.about.version}, ${child.about.build}, ${threads} threads)`,
  );
const [ours, theirs] = lanes;
if (theirs)
  for (const time of ['wall', 'cpu']) {
    const { median: middle, low, high } = pairedRatio(theirs[time], ours[time]);
    say(`our speed over PyTorch's by ${time} time: ${middle.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`);
  }

function stepPath(name) {
  return new URL(`steps/${name}`, import.meta.url).pathname;
}
