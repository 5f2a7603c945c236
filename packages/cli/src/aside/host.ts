// What work that runs aside, in a worker thread, is given to speak with: it never touches the terminal itself.

/** What every command that measures is given. */
export interface MeasuringTask<Options> {
  /** The checkpoint, or the run folder. */
  readonly target: string;
  readonly options: Options;
}

/** Tells how far a stage of the work is: `done` of `total` units, roughly proportional to time. */
export type Told = (done: number, total: number) => void;

/** What is worth keeping when the work is stopped. */
export interface Kept {
  /** Printed to stdout, then. */
  readonly text: string;
  /** Ends the sentence "Stopped ...": what was done, and where it is. */
  readonly sentence: string;
}

export interface Host {
  /** Columns that a table may take. */
  readonly columns: number;
  /** Begins a stage, named as in "audit: measuring"; what is returned tells how far it is. */
  stage(name: string): Told;
  /** Prints a result. It stands before what comes later, whatever happens then. */
  print(text: string): void;
  /** Replaces what is kept when the work is stopped from now on. */
  keep(kept: Kept): void;
}
