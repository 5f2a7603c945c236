// A competitor runs as a child that keeps its model between bursts. Protocol, one JSON object a line: the child says
// {ready, version, build, firstLoss} once; the parent asks {steps} and the child answers {steps, seconds, loss}, timed
// by itself. Between its bursts a child is stopped, so that threads which spin while they wait disturb nobody. It ends
// when its input closes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const canStop = process.platform !== 'win32';

/** What a child may take to end by itself: one that has a browser closes it. */
const GRACE = 5000;

const alive = new Set();
process.on('exit', () => {
  for (const child of alive) {
    child.kill('SIGTERM');
    if (canStop) child.kill('SIGCONT'); // one that is stopped hears nothing before
  }
});

/** Starts a child; resolves when its first step is done. Rejects with the last line of its errors, or after `limit` ms. */
export async function startCompetitor({ command, args, env = {} }, limit = 180_000) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  alive.add(child);
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve)).then(() =>
    alive.delete(child),
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints = (complaints + text).slice(-4000);
  });
  child.stdin.on('error', () => {}); // a child that died is noticed where its answer is missing
  const failed = new Promise((_, reject) => child.on('error', reject));
  const signal = (name) => canStop && child.kill(name);

  /** Resolves when the child has ended. */
  const stop = async () => {
    signal('SIGCONT');
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await ended;
    clearTimeout(timer);
  };
  const answer = async () => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
    });
    try {
      const { value, done } = await Promise.race([lines.next(), failed, late]);
      if (done) throw new Error(lastLine(complaints) || 'it ended without a word');
      return JSON.parse(value);
    } catch (error) {
      await stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  const about = await answer();
  signal('SIGSTOP');
  return {
    about,
    /** Trains `steps` steps; resolves to { steps, seconds, loss }. */
    async burst(steps) {
      signal('SIGCONT');
      child.stdin.write(`${JSON.stringify({ steps })}\n`);
      const result = await answer();
      signal('SIGSTOP');
      return result;
    },
    stop,
  };
}

const lastLine = (text) => text.trim().split('\n').at(-1)?.trim() ?? '';
