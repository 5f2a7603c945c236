import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { bestBuild, createKernelMemory, instantiateKernels, type KernelBuild, withoutSharedMemory } from './kernels.ts';

/** Both builds together; the web page loads one of them before anything else happens. */
const MOST_BYTES = 60 * 1024;

const read = async (build: KernelBuild): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`../../../dist/kernels/${build}.wasm`, import.meta.url)));
const builds: Record<KernelBuild, Uint8Array<ArrayBuffer>> = {
  simd: await read('simd'),
  relaxed: await read('relaxed'),
};
/** The builds that this Node runs; loading WASM_ENGINES has set the flag that Node 20 wants for relaxed SIMD. */
const runnable: KernelBuild[] = bestBuild() === 'relaxed' ? ['simd', 'relaxed'] : ['simd'];

test('both builds together are small', () => {
  expect(builds.simd.length + builds.relaxed.length).toBeLessThan(MOST_BYTES);
});

test('each engine says which build it runs', () => {
  const backends = Object.values(WASM_ENGINES).map((engine) => engine.backend);
  expect(backends).toEqual(['simd', bestBuild(), bestBuild()]);
  expect(Object.values(WASM_ENGINES).map((engine) => engine.wasm?.shared)).toEqual([true, true, false]);
});

test('the probe for relaxed SIMD agrees with whether the relaxed build itself is valid', () => {
  expect(WebAssembly.validate(builds.relaxed)).toBe(bestBuild() === 'relaxed');
});

describe.for(runnable)('withoutSharedMemory on the %s build', (build) => {
  const bytes = builds[build];
  const changed = withoutSharedMemory(bytes);

  test('changes exactly one byte, one bit of it, and not the caller’s array', () => {
    const places = [...bytes.keys()].filter((i) => bytes[i] !== changed[i]);
    expect(changed.length).toBe(bytes.length);
    expect(places.map((i) => bytes[i]! ^ changed[i]!)).toEqual([2]);
    expect(bytes).not.toBe(changed);
  });

  test('gives kernels that take a memory that is not shared, and only such a memory', async () => {
    const [unshared, shared] = [createKernelMemory(false), createKernelMemory(true)];
    expect(unshared.buffer).toBeInstanceOf(ArrayBuffer);
    expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
    const module = await WebAssembly.compile(changed);
    expect(() => instantiateKernels(module, shared)).toThrow(WebAssembly.LinkError);
    const original = await WebAssembly.compile(bytes);
    expect(() => instantiateKernels(original, unshared)).toThrow(WebAssembly.LinkError);

    const floats = new Float32Array(unshared.buffer, 1 << 16, 8);
    floats.set([1, 2, 3, 4, 5, 6, 7, 8]);
    instantiateKernels(module, unshared).scale(4, 1 << 16, 10);
    expect([...floats]).toEqual([10, 20, 30, 40, 5, 6, 7, 8]);
  });

  test('leaves a module that is unshared already as it is', () => {
    expect(withoutSharedMemory(changed)).toEqual(changed);
  });
});

test('a module that imports no memory is refused with the remedy', () => {
  const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  expect(() => withoutSharedMemory(empty)).toThrow('withoutSharedMemory: the kernels import no memory; rebuild them.');
});
