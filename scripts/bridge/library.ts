// What these tests use of core.
export { sourceOf } from '../../packages/core/src/model/formats/byteSource.ts';
export * from '../../packages/core/src/node.ts';

import type { decodeSafetensors } from '../../packages/core/src/node.ts';

/** Tensors by name, as TransformerLens's side writes them down. */
export type Expected = ReturnType<typeof decodeSafetensors>['tensors'];
