// What is wrong with a measure at one sequence. Analyses run some of the sequences that they were given, so the number and the
// caller that are named can be those of the whole.

interface Said {
  readonly caller: string;
  /** `the measure "mine" must be a finite number, and is NaN` */
  readonly said: string;
  readonly sequence: number;
  /** "query 4" */
  readonly where: string;
}

/** A measure that gives no finite number, or throws; `cause` is what it threw. */
export class MeasureError extends Error {
  private readonly is: Said;

  constructor(is: Said, cause?: unknown) {
    super(`${is.caller}: ${is.said} for sequence ${is.sequence}, ${is.where}.`, cause === undefined ? {} : { cause });
    this.is = is;
  }

  /** The same as another caller says it, whose sequence has another number. */
  as({ caller, numbers, part = this.is.caller }: Whole): MeasureError {
    if (part !== this.is.caller) return this;
    const sequence = numbers?.[this.is.sequence] ?? this.is.sequence;
    return new MeasureError({ ...this.is, caller, sequence }, this.cause);
  }
}

/** What a part of it is told with. */
export interface Whole {
  readonly caller: string;
  /** Which of all sequences those of the part are; the same ones unless given. */
  readonly numbers?: readonly number[];
  /** Whose complaints are meant, by the caller that they name; any unless given. */
  readonly part?: string;
}

/** Does a part of a caller's work; what a measure does wrong in it is told as the caller's, with its sequence's number in the whole. */
export function asPartOf<T>(whole: Whole, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof MeasureError ? error.as(whole) : error;
  }
}
