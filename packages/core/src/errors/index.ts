/**
 * Errors that any part of the library raises; those of one room are exported there.
 * @module errors
 */

export { ArgumentError } from './argumentError.ts';
export { NotFiniteError } from './notFinite.ts';
export { TooLargeError } from './tooLarge.ts';
