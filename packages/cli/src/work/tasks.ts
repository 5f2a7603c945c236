// The work that runs aside, by name: functions of cloneable data and of the host.
import type { Host } from '../aside/host.ts';

type Task = (data: never, host: Host) => unknown;

/** Each is loaded when it is asked for. */
const TASKS: Record<string, () => Promise<Task>> = {
  audit: async () => (await import('./auditCommand.ts')).auditCommand,
  heads: async () => (await import('./headsCommand.ts')).headsCommand,
  prompt: async () => (await import('./promptCommand.ts')).promptCommand,
  ablate: async () => (await import('./ablateCommand.ts')).ablateCommand,
  patch: async () => (await import('./patchCommand.ts')).patchCommand,
  compose: async () => (await import('./composeCommand.ts')).composeCommand,
  evaluate: async () => (await import('./evaluateCommand.ts')).evaluateCommand,
  prove: async () => (await import('./evaluateCommand.ts')).evaluateCommand,
  dynamics: async () => (await import('./dynamicsCommand.ts')).dynamicsCommand,
  cache: async () => (await import('./cacheCommand.ts')).cacheCommand,
  convert: async () => (await import('./convertCommand.ts')).convertCommand,
  'finished circuit': async () => (await import('../finished/finishedCircuit.ts')).measureCircuit,
  'finished effects': async () => (await import('../finished/finishedEffects.ts')).measureEffects,
};

export async function loadTask(name: string): Promise<(data: unknown, host: Host) => unknown> {
  const load = TASKS[name];
  if (!load) throw new Error(`There is no task "${name}".`);
  return (await load()) as (data: unknown, host: Host) => unknown;
}
