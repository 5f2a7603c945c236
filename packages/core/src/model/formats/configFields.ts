// The fields of a config, with their types checked: null counts as absent, as it does for Python's None.
import { quoted } from '../../errors/printable.ts';
import { FileFormatError } from './fileFormatError.ts';

export type RawConfig = Readonly<Record<string, unknown>>;

export class FieldReader {
  readonly raw: RawConfig;
  /** What the file is called in messages. */
  readonly file: string;

  constructor(raw: RawConfig, file: string) {
    this.raw = raw;
    this.file = file;
  }

  wholeNumber(field: string): number | undefined {
    const value = this.raw[field] ?? undefined;
    if (value !== undefined && !Number.isInteger(value)) throw this.wrongType(field, 'a whole number');
    return value as number | undefined;
  }

  positiveNumber(field: string): number | undefined {
    const value = this.raw[field] ?? undefined;
    if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value) && value > 0))
      throw this.wrongType(field, 'a positive number');
    return value as number | undefined;
  }

  flag(field: string): boolean | undefined {
    const value = this.raw[field] ?? undefined;
    if (value !== undefined && typeof value !== 'boolean') throw this.wrongType(field, 'true or false');
    return value as boolean | undefined;
  }

  wrongType(field: string, expected: string): FileFormatError {
    const value = this.raw[field];
    const remedy =
      typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))
        ? '; write it without quotation marks'
        : '';
    return new FileFormatError(
      `${this.file}: its config needs ${expected} as ${field}, got ${quoted(value)}${remedy}.`,
    );
  }
}
