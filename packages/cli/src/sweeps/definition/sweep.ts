// A sweep with everything that it says spelled out: it depends on no preset, no file beside it and no default any more.
import type { Backend, DataOrigin } from '@induction-lab/core/node';
import type { GpuInfo } from '@induction-lab/core/node-gpu';
import type { Axis } from './axes.ts';
import type { Measurements } from './measurements.ts';
import type { TableJson } from './tables.ts';

/** Axes whose settings are combined, each with each. */
export interface Grid {
  /** Empty where the sweep has one grid alone. */
  readonly name: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly axes: readonly Axis[];
}

export interface Sweep {
  readonly name: string;
  readonly about: string;
  /** The experiment's JSON, before anything is set. */
  readonly base: Readonly<Record<string, unknown>>;
  readonly grids: readonly Grid[];
  readonly seeds: readonly number[];
  readonly measure: Measurements;
  /** Which build of the kernels trains and measures. */
  readonly backend: Backend;
  /** The GPU that trains what it can of it; not there where the CPU does. */
  readonly gpu?: GpuInfo;
  /** The name by which it was asked for; not there for whatever hardware there is. */
  readonly gpuName?: string;
  readonly data: DataOrigin | null;
  /** What its report shows; not there for the usual table. */
  readonly tables?: readonly TableJson[];
}
