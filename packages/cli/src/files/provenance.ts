// Where numbers come from: the same fields in every JSON that a command prints or writes.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type Backend, type ByteSource, KERNELS_VERSION } from '@induction-lab/core/node';
import { programCommit, VERSION } from '../version.ts';

/** Of every JSON that a command prints or writes. */
export const SCHEMA_VERSION = 1;

/** A file that was measured: its name without folders, and the SHA-256 of the bytes that were read, as hexadecimals. */
export interface MeasuredFile {
  readonly file: string;
  readonly sha256: string;
}

export interface Provenance {
  readonly schemaVersion: number;
  readonly versions: { readonly inductionLab: string; readonly node: string };
  /** Of the program's checkout; null where it is installed as a package. */
  readonly commit: string | null;
  /** Which arithmetic ran. */
  readonly backend: Backend;
  /** Version of the kernels: another one gives other last bits. */
  readonly kernels: number;
}

/** Fields that every record of one checkpoint begins with. */
export type CheckpointProvenance = Provenance & { readonly checkpoint: MeasuredFile };

export const measuredFile = (path: string, bytes: Uint8Array): MeasuredFile => ({
  file: basename(path),
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Bytes that are hashed at a time. */
const PIECE = 2 ** 24;

/** The same of files that are read in parts, the SHA-256 of all their bytes in that order; `first` are bytes before them. */
export function measuredSources(path: string, sources: readonly ByteSource[], first?: Uint8Array): MeasuredFile {
  const hash = createHash('sha256');
  if (first) hash.update(first);
  for (const { size, bytes } of sources)
    for (let at = 0; at < size; at += PIECE) hash.update(bytes(at, Math.min(size, at + PIECE)));
  return { file: basename(path), sha256: hash.digest('hex') };
}

/** What stands at the head of a JSON record. `checkpoint` is null where a record is about several. */
export const provenance = (backend: Backend): Provenance => ({
  schemaVersion: SCHEMA_VERSION,
  versions: { inductionLab: VERSION, node: process.versions.node },
  commit: programCommit(),
  backend,
  kernels: KERNELS_VERSION,
});
