// Whether a model fits into this machine's memory: told before its weights are read.
import { sizeText } from './engine/tensor.ts';
import { printable } from './errors/printable.ts';
import { TooLargeError } from './errors/tooLarge.ts';
import type { ModelConfig } from './model/config.ts';
import { weightsOf } from './model/parameters.ts';

/** Models whose weights take less are not looked at: what is free may be free a moment later. */
const SMALL = 2 ** 28;

/**
 * Throws a TooLargeError where the weights in float32 take more than is free. `file` is the model's, for messages; `available` are the
 * bytes that this process may still take, unless given those that the system says (where this Node asks it).
 */
export function checkMemory(config: ModelConfig, file: string, available: number = availableMemory()): void {
  let bytes = 0;
  for (const { layout } of weightsOf(config)) bytes += 4 * layout.rows * layout.width;
  if (bytes < SMALL || bytes <= available) return;
  throw new TooLargeError(
    `${printable(file)} takes ${sizeText(bytes)} of memory in float32, and ${sizeText(available)} are free; end other programs, or choose a smaller model.`,
  );
}

/** Of Node 20.13 and later. */
const availableMemory = (): number =>
  (process as { availableMemory?: () => number }).availableMemory?.() ?? Number.POSITIVE_INFINITY;
