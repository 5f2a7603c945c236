// An engine whose operations fail when they are told to, in the midst of what they compute: as a kernel that aborts does.
import type { Engine } from '../../src/engine/engine.ts';

export interface Fault {
  /** Calls of operations until one fails; null for none. */
  after: number | null;
}

export function faultyEngine(engine: Engine, fault: Fault): Engine {
  const failing = <T extends object>(ops: T): T =>
    new Proxy(ops, {
      get: (target, name) => {
        const operation = Reflect.get(target, name) as unknown;
        if (typeof operation !== 'function') return operation;
        return (...given: unknown[]) => {
          if (fault.after !== null && fault.after-- === 0) {
            fault.after = null;
            throw new Error('A kernel aborted.');
          }
          return operation.apply(target, given);
        };
      },
    });
  return {
    ...engine,
    opsFor: (...given) => failing(engine.opsFor(...given)),
    optimizerFor: (...given) => failing(engine.optimizerFor(...given)),
  };
}
