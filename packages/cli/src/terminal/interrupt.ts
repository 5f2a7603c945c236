const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A signal that aborts at the first Ctrl-C (SIGINT), SIGTERM or SIGHUP (the terminal has been closed), or when nobody reads
 * the output any more (a pipe into `head`), so that work can finish its step and save. A second Ctrl-C ends the process at
 * once. `dispose` gives the keys back. `saying` is what is said at the first.
 */
export function interruptSignal(saying = 'Finishing this step and saving; press Ctrl-C again to stop at once.'): {
  signal: AbortSignal;
  dispose(): void;
} {
  const controller = new AbortController();
  let hungUp = false;
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      // A terminal that goes sends SIGHUP, often twice and with a SIGTERM after it: nobody is impatient there.
      if (name === 'SIGHUP' || (hungUp && name === 'SIGTERM')) return;
      process.exit(130);
    }
    hungUp = name === 'SIGHUP';
    const newLine = process.stderr.isTTY ? '\n' : ''; // below the live line
    process.stderr.write(`${newLine}${saying}\n`);
    controller.abort();
  };
  const onOutputError = (): void => controller.abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onOutputError);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      for (const stream of [process.stdout, process.stderr]) stream.off('error', onOutputError);
    },
  };
}
