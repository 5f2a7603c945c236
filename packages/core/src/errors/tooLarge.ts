/** Raised for what needs more memory than there is; the message is one sentence with the number and the remedy. */
export class TooLargeError extends RangeError {}
