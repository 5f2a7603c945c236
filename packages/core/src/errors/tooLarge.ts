/** Raised for what needs more memory than there is; the message is one sentence with the number and the remedy. */
export class TooLargeError extends RangeError {
  /** How much is needed in bytes, where it was counted. */
  readonly bytes: number | null;
  /** The message without who says it and the remedy, where a caller knows a better one: "2 GiB are needed, … at most 1 GiB". */
  readonly fact: string | null;
  constructor(message: string, options: ErrorOptions & { bytes?: number; fact?: string } = {}) {
    super(message, options);
    this.bytes = options.bytes ?? null;
    this.fact = options.fact ?? null;
  }
}
