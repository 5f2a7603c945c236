// What the benchmark prints: its record as JSON, or the same as text.
import { LABELS } from './competitors.mjs';
import { describeCell } from './reference.mjs';

/** PyTorch's settings as words. */
export const describeSettings = ({ attention, optimizer, compile, env }) =>
  [
    `attention ${attention}`,
    `AdamW ${optimizer}`,
    `compile ${compile}`,
    ...Object.entries(env).map(([name, value]) => `${name}="${value}"`),
  ].join(', ');

const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;
const passText = (passed) => (passed === null ? '' : passed ? 'PASS' : 'below');

export function printReport(record) {
  const lines = [...heading(record), ''];
  for (const cell of record.cells) lines.push(...cellLines(cell), '');
  if (record.measurements.length > 0)
    lines.push('Further measurements', ...record.measurements.map(measurementLine), '');
  if (record.gpu) lines.push(...gpuLines(record.gpu), '');
  const onGpu = record.gpu?.ensembles ?? [];
  const outcomes = [...record.cells.flatMap((cell) => cell.results), ...record.measurements, ...onGpu].map(
    (r) => r.passed,
  );
  const judged = outcomes.filter((passed) => typeof passed === 'boolean');
  lines.push(
    `${plural(judged.length, 'target')}: ${judged.filter(Boolean).length} PASS, ${judged.filter((p) => !p).length} below.`,
  );
  console.log(lines.join('\n'));
}

/** Load of other programs above which a figure says little. */
const QUIET = 0.5;

function heading({ machine, settings, competitors }) {
  const present = competitors.filter(({ missing }) => !missing);
  const absent = competitors.filter(({ missing }) => missing);
  return [
    `Machine: ${machine.cpu}, ${plural(machine.cores, 'core')}, ${machine.memoryGiB} GiB, ${machine.platform}, Node ${machine.node}`,
    ...(machine.load > QUIET
      ? [`Other programs were running (load ${machine.load}): figures on all threads mean little, above all PyTorch's.`]
      : []),
    'Reference step: vocabulary 64, context 50, 4 heads of dModel / 4, 2 layers, standard positions, no biases, AdamW',
    `Medians of ${plural(settings.rounds, 'round')} of ${settings.seconds} s; × is our speed over theirs: the median of the rounds' ratios [quartiles]`,
    ...present.map(({ name, version, build }) => `${LABELS[name]}: ${version}, ${build}`),
    ...absent.map(({ name, missing }) => `${LABELS[name]}: missing: ${missing}`),
  ];
}

const cellLines = (cell) => [describeCell(cell), ...cell.results.flatMap(resultLines)];

const quartiles = ({ median, low, high }) => `× ${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;

function resultLines(result) {
  const { name, missing, stepsPerSecond, ratio, target, passed, firstLoss, lastLoss, fell, settings, stepTime } =
    result;
  const label = `  ${LABELS[name].padEnd(28)}`;
  if (missing) return [`${label} missing: ${missing}`];
  const speed = `${stepsPerSecond.toFixed(stepsPerSecond < 10 ? 2 : 1).padStart(7)} steps/s`;
  const loss = `loss ${firstLoss.toFixed(3)} → ${lastLoss.toFixed(3)}${fell ? '' : ' DID NOT FALL: this speed counts for nothing'}`;
  const ours = (ratio ? quartiles(ratio) : '').padEnd(24);
  const aim = ratio && target ? `target ≥ ${target} ${passText(passed)}` : '';
  const lines = [`${label}${speed}  ${loss}  ${ours}${aim}`.trimEnd()];
  if (settings) lines.push(`    ${describeSettings(settings)}`);
  if (stepTime) lines.push(`    our time a step ${quartiles(stepTime)} of its`);
  return lines;
}

function measurementLine({ name, missing, text, target, passed }) {
  const outcome = missing ? `missing: ${missing}` : text;
  return `  ${name}: ${outcome}${target ? ` (target ${target}) ${passText(passed)}` : ''}`.trimEnd();
}

/** Training on the GPU, as lines of text. */
function gpuLines({ missing, adapter, driver, batch, dModel, cpu, ensembles }) {
  if (missing) return [`GPU: missing: ${missing}`];
  return [
    `GPU: ${adapter}${driver ? ` (${driver})` : ''}; the reference step at batch ${batch} and dModel ${dModel} with LayerNorm`,
    `  CPU, all threads         ${cpu.toFixed(1).padStart(9)} steps/s`,
    ...ensembles.map(
      ({ members, memberSteps, ratio, target, passed }) =>
        `  GPU, ${`${members} at once`.padEnd(19)} ${memberSteps.toFixed(1).padStart(9)} member-steps/s  × ${ratio.toFixed(2)}${passed === null ? '' : `  target ≥ ${target} ${passed ? 'PASS' : 'below'}`}`,
    ),
  ];
}
