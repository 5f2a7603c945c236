// Heads by layer and number, and what they are called.
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';

/** A head. */
export interface HeadIndex {
  /** Its layer, from 0. */
  readonly layer: number;
  /** Its number within the layer, from 0. */
  readonly head: number;
}

/**
 * A head's name as everybody writes it: L0H3.
 * @param layer From 0.
 * @param head From 0, within the layer.
 */
export const headLabel = (layer: number, head: number): string => `L${layer}H${head}`;

/** The name of keys and values that several heads share: L0KV1. */
export const keyValueHeadLabel = (layer: number, head: number): string => `L${layer}KV${head}`;

/** The label of a head, as in L0H3. */
export const labelOf = ({ layer, head }: HeadIndex): string => headLabel(layer, head);
/** Whether two are the same head. */
export const sameHead = (a: HeadIndex, b: HeadIndex): boolean => a.layer === b.layer && a.head === b.head;

/** Whether several heads share each head of keys and values. */
export const isGrouped = ({ nKeyValueHeads, nHeads }: ModelConfig): boolean => (nKeyValueHeads ?? nHeads) !== nHeads;

/**
 * How many heads of keys and values a layer has.
 * @returns How many there are in each layer.
 */
export const keyValueHeads = ({ nKeyValueHeads, nHeads }: ModelConfig): number => nKeyValueHeads ?? nHeads;

/**
 * The head of keys and values that a head reads, among those that there are.
 * @param head The query head, from 0.
 * @returns The head whose keys and values it reads, from 0.
 */
export const keyValueHeadOf = (config: ModelConfig, head: number): number =>
  Math.floor(head / (config.nHeads / keyValueHeads(config)));

/** Where one head's part of W_Q, W_K, W_V or W_O lies: the weight's name, and the number of the head in it. */
export function headWeight(
  config: ModelConfig,
  { layer, head }: HeadIndex,
  part: 'Q' | 'K' | 'V' | 'O',
): { name: string; index: number } {
  const shared = isGrouped(config) && (part === 'K' || part === 'V');
  const index = shared ? keyValueHeadOf(config, head) : head;
  return { name: `blocks.${layer}.attn.${shared ? '_' : ''}W_${part}`, index };
}

/**
 * All heads of all layers before this one.
 * @param layer The layer that reads, from 0.
 */
export function earlierHeads(config: ModelConfig, layer: number): HeadIndex[] {
  return Array.from({ length: layer }, (_, earlier) => headsOf(config, earlier)).flat();
}

/**
 * A layer's heads.
 * @param layer From 0.
 */
export const headsOf = ({ nHeads }: ModelConfig, layer: number): HeadIndex[] =>
  Array.from({ length: nHeads }, (_, head) => ({ layer, head }));

/** Every head of a model, layer by layer. */
export const allHeads = (config: ModelConfig): HeadIndex[] => earlierHeads(config, config.nLayers);

/** Throws an Error naming the head and what the model has. */
export function checkHead(config: ModelConfig, name: HeadIndex, caller: string): void {
  const { layer, head } = name ?? {};
  if (typeof layer !== 'number' || typeof head !== 'number')
    throw new ArgumentError(`${caller}: expected a head such as { layer: 0, head: 1 }, got ${quoted(name)}.`);
  const inRange = (value: number, count: number): boolean => Number.isInteger(value) && value >= 0 && value < count;
  if (!inRange(layer, config.nLayers) || !inRange(head, config.nHeads))
    throw new Error(
      `${caller}: there is no head ${headLabel(layer, head)}; this model has heads L0H0 to ${headLabel(config.nLayers - 1, config.nHeads - 1)}.`,
    );
}
