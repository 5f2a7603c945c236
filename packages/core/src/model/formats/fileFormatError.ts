/** Raised for a file that cannot be read; the message says what is wrong with it and what to do. */
export class FileFormatError extends Error {}
