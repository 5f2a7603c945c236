// The start of the built command: from spawning it to its first step record, and the memory of its processes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median } from './race.mjs';

const COMMAND = fileURLToPath(new URL('../packages/cli/bin/induction-lab.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));

/** How long the run goes on after its first step, so that its memory has grown to what it needs. */
const MEMORY_SECONDS = 8;

/** Two measurements: first step within 0.5 s, and memory under 400 MB. */
export async function measureStart(runs) {
  const first = { name: 'First training step after starting the command', target: '≤ 0.5 s' };
  const memory = {
    name: `Peak resident memory of train --preset varied, first ${MEMORY_SECONDS} s`,
    target: '< 400 MB',
  };
  if (!existsSync(COMMAND) || !existsSync(BUILT)) {
    const missing = 'the command is not built; run "npm run build"';
    return [
      { ...first, missing },
      { ...memory, missing },
    ];
  }
  try {
    const seconds = [];
    for (let run = 0; run < runs; run++) seconds.push((await startOnce(0)).seconds);
    const { bytes } = await startOnce(MEMORY_SECONDS);
    const value = median(seconds);
    return [
      { ...first, text: `${value.toFixed(2)} s (median of ${runs})`, value, passed: value <= 0.5 },
      bytes === null
        ? { ...memory, text: 'not measured on this platform', passed: null }
        : { ...memory, text: `${(bytes / 1e6).toFixed(0)} MB`, value: bytes / 1e6, passed: bytes < 400e6 },
    ];
  } catch (error) {
    return [first, memory].map((measurement) => ({ ...measurement, missing: error.message }));
  }
}

/** Runs the command until `more` seconds after its first step: seconds to that step, peak memory of its processes. */
async function startOnce(more) {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-benchmark-'));
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [COMMAND, 'train', '--preset', 'varied', '--json', '--out', join(folder, 'run')],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    const seconds = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (isStep(line)) resolve((performance.now() - began) / 1000);
      });
      child.on('close', () =>
        reject(new Error(complaints.trim().split('\n')[0] || 'the command ended before its first step')),
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 1000 * more));
    return { seconds, bytes: peakBytes(child.pid) };
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function isStep(line) {
  try {
    const record = JSON.parse(line);
    return record.step >= 1 && typeof record.loss === 'number';
  } catch {
    return false;
  }
}

/** Sum of the peak resident memory of a process and its descendants, from /proc; null where there is none. */
function peakBytes(pid) {
  const status = (id) => (existsSync(`/proc/${id}/status`) ? readFileSync(`/proc/${id}/status`, 'utf8') : '');
  if (!existsSync(`/proc/${pid}/status`)) return null;
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((id) => [Number(id), Number(/^PPid:\s+(\d+)/m.exec(status(id))?.[1])]);
  const tree = new Set([pid]);
  for (let before = 0; before < tree.size; ) {
    before = tree.size;
    for (const [id, parent] of parents) if (tree.has(parent)) tree.add(id);
  }
  return [...tree].reduce((sum, id) => sum + 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(status(id))?.[1] ?? 0), 0);
}
