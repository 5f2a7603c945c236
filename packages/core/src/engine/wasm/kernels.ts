// Loading the WebAssembly kernels: which build this engine can run, and the typed table of exports.
import { TooLargeError } from '../../errors/tooLarge.ts';

type Kernel = (...numbers: number[]) => void;
type KernelName =
  | 'gemm'
  | 'gemmTransposed'
  | 'transpose'
  | 'add'
  | 'scale'
  | 'addColumnSums'
  | 'gatherRows'
  | 'scatterAddRows'
  | 'layerNorm'
  | 'layerNormApply'
  | 'layerNormBackward'
  | 'attentionScores'
  | 'attentionScoresBackward'
  | 'causalSoftmax'
  | 'causalSoftmaxBackward'
  | 'attentionMix'
  | 'attentionMixBackward'
  | 'rotary'
  | 'crossEntropy'
  | 'lookUp'
  | 'lookUpBackward'
  | 'moments'
  | 'momentsBackward'
  | 'centre'
  | 'centreBackward'
  | 'activate'
  | 'activateBackward'
  | 'adamw';

/** The kernels of one instance, all working on one memory; addresses are bytes. Documented in assembly/. */
export type Kernels = Record<KernelName, Kernel> & { sumShards(...numbers: number[]): number };

/** `relaxed` uses fused multiply-add (fast, exact for one machine); `simd` gives the same bits on every machine. */
export type KernelBuild = 'relaxed' | 'simd';

/** A module of one function that multiplies and adds with f32x4.relaxed_madd: valid only where relaxed SIMD is. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65,
  0, 253, 17, 253, 133, 2, 11,
]);

/** The fastest build that this JavaScript engine runs. */
export const bestBuild = (): KernelBuild => (WebAssembly.validate(RELAXED_PROBE) ? 'relaxed' : 'simd');

/** The build that a file of kernels is: only `relaxed` holds the instruction f32x4.relaxed_madd (0xfd 0x85 0x02). */
export const buildOf = (bytes: Uint8Array): KernelBuild =>
  bytes.some((byte, at) => byte === 0xfd && bytes[at + 1] === 0x85 && bytes[at + 2] === 0x02) ? 'relaxed' : 'simd';

/** Compiles kernels for a shared memory, or, where the platform has none, for a memory of one thread. */
export async function compileKernels(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(shared ? bytes : withoutSharedMemory(bytes));
  } catch (error) {
    throw new Error(
      `The kernels are not what a build makes of them (${(error as Error).message}); run "npm run build", or correct wasmUrl.`,
      { cause: error },
    );
  }
}

/** The kernels over a memory that is shared exactly when they were compiled for one. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const abort = (): never => {
    throw new Error('A kernel aborted: it was given sizes that it cannot compute.');
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Kernels;
}

export const INITIAL_PAGES = 16;
export const MAXIMUM_PAGES = 65536;

/**
 * A memory that the kernels accept, of at most `maximumPages` of 64 KiB. Throws a TooLargeError where there is no room for it. Shared memory reserves address space only; pages
 * are used as they are touched.
 */
export function createKernelMemory(shared: boolean, maximumPages: number = MAXIMUM_PAGES): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: maximumPages, shared });
  } catch (error) {
    // Each shared memory reserves all its addresses at once, and they are given back when it is forgotten.
    throw new TooLargeError(
      `createArena: this machine gives no room for another memory of up to ${maximumPages / 16} MiB; keep fewer models at a time.`,
      { cause: error },
    );
  }
}

/**
 * Clears the `shared` flag of the imported memory. The kernels use no atomics, so that one bit of the import section is
 * all that ties them to shared memory; flipping it here spares a second pair of builds.
 */
export function withoutSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = bytes.slice();
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = out[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (!(byte >= 0x80)) return value; // also where the bytes end before their time
    }
  };
  const text = (): void => {
    const length = number();
    at += length;
  };
  const IMPORT_SECTION = 2;
  while (at < out.length) {
    const section = out[at++];
    const length = number();
    if (section !== IMPORT_SECTION) {
      at += length;
      continue;
    }
    for (let left = number(); left > 0; left--) {
      text();
      text();
      const kind = out[at++];
      if (kind === 2) {
        out[at] = (out[at] as number) & ~2;
        return out;
      }
      number(); // imports before the memory are functions: a type index each
    }
  }
  throw new Error('withoutSharedMemory: the kernels import no memory; rebuild them.');
}
