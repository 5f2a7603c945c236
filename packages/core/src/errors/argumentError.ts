/** Raised for an argument that cannot be meant; the message names the function, the field, and what is right. */
export class ArgumentError extends Error {}
