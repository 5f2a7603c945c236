import { checkMemory, configBeside, openHuggingFaceFolder } from '@induction-lab/core/internal/node';
import {
  type ByteSource,
  type Engine,
  Model,
  type ModelConfig,
  NotFiniteError,
  type OpenedModel,
  openCheckpoint,
  openHuggingFace,
  readInto,
} from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from '../errors.ts';
import { type DrawnOptions, withDrawn } from './drawnTokens.ts';
import { type MeasuredFile, measuredSources } from './provenance.ts';
import { inputSource, readJson } from './wholeFiles.ts';

/** A model, and the file that it came from. */
export interface LoadedCheckpoint {
  readonly model: Model;
  readonly checkpoint: MeasuredFile;
}

/** What the user says of a checkpoint that its file does not. */
export interface GivenBeside extends DrawnOptions {
  /** Path of a TransformerLens config, or of a Hugging Face model's. */
  readonly modelConfig?: string | undefined;
}

export interface WhileLoading {
  readonly accept?: ((config: ModelConfig) => void) | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * A model from a checkpoint or GGUF file that the user named, or from a folder as the Hugging Face hub holds models. `accept` looks at its
 * config, and may throw, before any weight is read; `onProgress` is told how many weights are.
 */
export function loadCheckpoint(
  engine: Engine,
  path: string,
  given: GivenBeside = {},
  { accept, onProgress }: WhileLoading = {},
): LoadedCheckpoint {
  const { opened, sources, first } = openNamed(path, given);
  accept?.(opened.config);
  checkMemory(opened.config, path);
  const model = new Model(engine, opened.config);
  readInto(model, opened, onProgress);
  return { model, checkpoint: measuredSources(path, sources, first) };
}

/** The same before its weights are read: the files, and bytes that belong to the model before theirs. */
export function openNamed(
  path: string,
  { modelConfig, ...drawn }: GivenBeside,
): { opened: OpenedModel; sources: readonly ByteSource[]; first?: Uint8Array | undefined } {
  const options = modelConfig === undefined ? {} : { config: readJson(modelConfig, 'model config') };
  const folder = openHuggingFaceFolder(path);
  const sources = folder?.files ?? [inputSource(path, 'checkpoint')];
  const opened = folder
    ? openHuggingFace(options.config ?? folder.config, { ...folder, configFile: modelConfig ?? folder.configFile })
    : openCheckpoint(sources[0]!, { config: options.config ?? configBeside(sources[0]!) });
  const config = withDrawn(opened.config, drawn, path);
  return { opened: { ...opened, config }, sources, first: folder?.configBytes };
}

/**
 * Runs an analysis; what it says of the model (a context too short ...) is told with the checkpoint's name. Outputs that
 * are not finite are a failure, not bad input: the file is read as it should be, and there is nothing to measure.
 */
export function blameCheckpoint<T>(checkpoint: string, analyse: () => T): T {
  try {
    return analyse();
  } catch (error) {
    // A full memory, a fault of ours, and what is a sentence of its own already say the right thing.
    if (error instanceof RangeError || error instanceof TypeError || error instanceof CommandError) throw error;
    const { message } = error as Error;
    if (error instanceof NotFiniteError)
      throw new CommandError(`${checkpoint}: ${message.replace(/^\w+: /, '')}`, EXIT.failed);
    throw badInput(message.replace(/^\w+: /, `${checkpoint}: `));
  }
}
