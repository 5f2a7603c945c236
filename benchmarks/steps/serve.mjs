// The child's side of the protocol (competitor.mjs): answers every line {"steps": n} with the time those steps took.
import { createInterface } from 'node:readline';

const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

/**
 * Makes the competitor from the cell in the first argument and serves bursts until the parent closes the pipe.
 * `create` resolves to { version, build, step }, where `step` trains once and resolves to the loss before the update;
 * one whose steps run elsewhere gives `burst` (n steps, then the last loss) instead, and `close` if it has to end that.
 */
export async function serve(create) {
  const { version, build, step, burst = repeat(step), close } = await create(JSON.parse(process.argv[2]));
  say({ ready: true, version, build, firstLoss: await burst(1) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { steps } = JSON.parse(line);
    const [start, before] = [performance.now(), process.cpuUsage()];
    const loss = await burst(steps);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    say({ steps, seconds, cpu: (user + system) / 1e6, loss });
  }
  await close?.();
  process.exit(0);
}

const repeat = (step) => async (steps) => {
  let loss = Number.NaN;
  for (let i = 0; i < steps; i++) loss = await step();
  return loss;
};
