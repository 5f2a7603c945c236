/**
 * A signal that aborts at the first Ctrl-C (SIGINT) or SIGTERM, or when nobody reads the output any more (a pipe into
 * `head`), so that work can finish its step and save. A second Ctrl-C ends the process at once. `dispose` gives the keys
 * back.
 */
export function interruptSignal(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    const newLine = process.stderr.isTTY ? '\n' : ''; // below the live line
    process.stderr.write(`${newLine}Finishing this step and saving; press Ctrl-C again to stop at once.\n`);
    controller.abort();
  };
  const onOutputError = (): void => controller.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onOutputError);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      for (const stream of [process.stdout, process.stderr]) stream.off('error', onOutputError);
    },
  };
}
