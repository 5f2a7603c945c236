// What is measured of each finished run of a sweep, each on or off.
import * as z from 'zod/mini';

/** In the order in which they are told. */
export const MEASUREMENTS = {
  losses: 'the losses that the run ended with, by segment',
  curves: 'the losses over steps, by segment',
  audit: 'the verdict and what it rests on',
  scores: 'every head’s scores',
  proof: 'the circuit: its kind, its heads, how faithful it is',
  drop: 'the first step with a loss on the repeat below 1 nat, and how often it rose above it again',
  causes: 'what ablating each part of the circuit costs, and what its weights compose',
  picture: 'the five properties of the textbook picture',
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

/** These came when there were results already, and decide what a run is only where they are on: the others keep their ids. */
const LATER: ReadonlySet<Measurement> = new Set(['drop', 'causes', 'picture']);

/** What of the measurements decides a job's id. */
export const decidingMeasurements = (given: Partial<Measurements>): Partial<Measurements> =>
  Object.fromEntries(Object.entries(given).filter(([name, on]) => on || !LATER.has(name as Measurement)));

/** Measurements as a record has them: what it does not know it has not measured. */
export const recordedMeasurements = (given: Partial<Measurements>): Measurements =>
  Object.fromEntries(NAMES.map((name) => [name, given[name] ?? false])) as unknown as Measurements;

/** Every measurement, on or off. */
export const measurementsOf = (given: Partial<Measurements> = {}): Measurements =>
  Object.fromEntries(NAMES.map((name) => [name, given[name] ?? USUAL.has(name)])) as unknown as Measurements;
