import { createRequire } from 'node:module';

/** The version of the package, as recorded in every run. */
export const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
