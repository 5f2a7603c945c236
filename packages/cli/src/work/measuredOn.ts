// What a command measures, and on what: the prompts of a file or sequences that are drawn; the loss or what is asked for.
import type { MeasureName, Model, Prompts } from '@induction-lab/core/node';
import type { MeasuredFile } from '../files/provenance.ts';
import { checkPromptsOf, readPrompts } from '../files/readPrompts.ts';

export interface MeasuredOnOptions {
  readonly prompts?: string;
  readonly measure?: MeasureName;
  readonly sequences?: number;
  readonly seed: number;
}

export interface MeasuredOn {
  /** For --json: the file that was measured on, where there is one. */
  readonly source: { readonly prompts?: MeasuredFile };
  readonly prompts: Prompts | null;
  /** Options of an analysis, checked against the model. */
  of(model: Model): OnPrompts | OnSequences;
}

type Asked = { readonly measure?: MeasureName };
type OnPrompts = Asked & { readonly prompts: Prompts };
type OnSequences = Asked & { readonly sequences?: number; readonly seed: number };

/** Reads the file, before any checkpoint is read; `twins` says that every prompt needs a corrupted one. */
export function measuredOn(
  { prompts: path, measure, sequences, seed }: MeasuredOnOptions,
  { twins = false }: { twins?: boolean } = {},
): MeasuredOn {
  const asked = measure === undefined ? {} : { measure };
  if (path === undefined)
    return {
      source: {},
      prompts: null,
      of: () => ({ ...asked, ...(sequences === undefined ? {} : { sequences }), seed }),
    };
  const given = readPrompts(path);
  const { prompts, file } = given;
  return {
    source: { prompts: file },
    prompts,
    of: (model) => {
      checkPromptsOf(given, model, { measure: measure ?? 'loss', twins });
      return { ...asked, prompts };
    },
  };
}
