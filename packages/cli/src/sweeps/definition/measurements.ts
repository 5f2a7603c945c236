// What is measured of each finished run of a sweep, each on or off.
import * as z from 'zod/mini';

/** In the order in which they are told. */
export const MEASUREMENTS = {
  losses: 'the losses that the run ended with, by segment',
  curves: 'the losses over steps, by segment',
  audit: 'the verdict and what it rests on',
  scores: 'every head’s scores',
  proof: 'the circuit: its kind, its heads, how faithful it is',
  phaseChange: 'the step of the phase change, and what happened around it',
  dynamics: 'heads, paths and losses at checkpoints along training',
} as const;

export type Measurement = keyof typeof MEASUREMENTS;
export type Measurements = Readonly<Record<Measurement, boolean>>;

const NAMES = Object.keys(MEASUREMENTS) as Measurement[];

/** Measured unless a sweep says otherwise: what is cheap beside a short training. */
const USUAL: ReadonlySet<Measurement> = new Set(['losses', 'curves', 'audit', 'scores']);

export const measurementsSchema: z.ZodMiniType<Partial<Measurements>> = z.strictObject(
  Object.fromEntries(NAMES.map((name) => [name, z.optional(z.boolean())])),
) as unknown as z.ZodMiniType<Partial<Measurements>>;

/** Every measurement, on or off. */
export const measurementsOf = (given: Partial<Measurements> = {}): Measurements =>
  Object.fromEntries(NAMES.map((name) => [name, given[name] ?? USUAL.has(name)])) as unknown as Measurements;
