/** Raised for a config that cannot be run; the message names the field and the remedy. */
export class ExperimentError extends Error {}
