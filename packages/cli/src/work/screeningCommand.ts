import { totalmem } from 'node:os';
import { SCREENING, screeningRuns } from '@induction-lab/core/internal';
import {
  drawRepeats,
  type Model,
  memoryNeeded,
  type ScreeningRecord,
  screenHeads,
  usualPeriod,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { SCREENED, SCREENED_CIRCUITS } from '../terminal/headings.ts';
import {
  estimateCells,
  explainedTable,
  percent,
  percentInterval,
  percentRange,
  plainNumber,
  signedNumber,
  wrapped,
} from '../terminal/textTable.ts';
import { analyseLanguage, type LanguageOptions, vocabularyOf } from './languageTask.ts';

export interface ScreeningOptions extends LanguageOptions {
  sequences?: number;
  candidates?: number;
}

/** What the search was expected to take before it began. */
interface Expected {
  readonly seconds: number;
  readonly bytes: number;
}

type Screened = ScreeningRecord & { readonly expected: Expected };

/** `evaluate` of a language model: heads screened by attribution, and measured on what is left. */
export const screeningCommand = (task: MeasuringTask<ScreeningOptions>, host: Host): Promise<void> => {
  const { options } = task;
  const { seed, sequences = SCREENING.sequences, candidates } = options;
  return analyseLanguage(task, host, {
    prepare: () => null,
    analysis: (tokenizer) => ({
      measure: (model): Screened => {
        const { tokens } = vocabularyOf(model, tokenizer, options);
        const asked = { tokens, seed, sequences };
        const expected = expectedOf(model, { ...asked, candidates: candidates ?? SCREENING.candidates });
        // Said before it starts, in the line of progress.
        const onProgress = host.stage(
          `measuring, about ${durationText(expected.seconds)} and ${gigabytes(expected.bytes)}`,
        );
        return {
          ...screenHeads(model, { ...asked, ...(candidates === undefined ? {} : { candidates }), onProgress }),
          expected,
        };
      },
      text: (record, _, columns) => screenedText(record, columns),
      figures: async (record) => (await import('../figures/languageFigures.ts')).screeningFigures(record),
    }),
  });
};

/** From one run: how long all of them take, and the memory of the largest. Throws a CommandError where that is not there. */
function expectedOf(
  model: Model,
  {
    tokens,
    seed,
    sequences,
    candidates,
  }: { tokens: readonly number[]; seed: number; sequences: number; candidates: number },
): Expected {
  const { config } = model;
  const period = usualPeriod(config, tokens, 2);
  const { repeat, place } = drawRepeats({ config, tokens, count: 1, seed, period });
  const bytes = memoryNeeded(config, { sequences: 1, length: place.length, gradients: true });
  // What a process holds beside the model's memory: gradients are copied out, kept activations come on top.
  const needed = 1.5 * bytes;
  if (needed > totalmem())
    throw badInput(
      `The search takes about ${gigabytes(needed)} of memory, and this machine has ${gigabytes(totalmem())}; use a smaller model.`,
    );
  model.run(repeat);
  const began = performance.now();
  model.run(repeat);
  const seconds = ((performance.now() - began) / 1000) * screeningRuns(config, candidates) * sequences;
  return { seconds, bytes: needed };
}

const gigabytes = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
const durationText = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

function screenedText(record: ScreeningRecord & { expected: Expected }, columns: number): string[] {
  const { loss, lossWithoutHeads, candidates, circuits, random, notSearched, period, sequences, expected } = record;
  return [
    ...wrapped(
      `Random tokens that come again after ${period}, ${sequences} sequences: ${plainNumber(loss.value)} nats on the repeat, ${plainNumber(lossWithoutHeads.value)} with every head mean-ablated. Expected before it began: ${durationText(expected.seconds)}, ${gigabytes(expected.bytes)}.`,
      columns,
    ),
    '',
    ...explainedTable(
      SCREENED,
      candidates.map(({ label, attributed, increase }) => [
        label,
        signedNumber(attributed),
        ...estimateCells(increase),
      ]),
      { columns },
    ),
    '',
    ...(circuits.length === 0
      ? wrapped('No candidate raises the loss when it is ablated: there is no circuit of heads to name.', columns)
      : explainedTable(
          SCREENED_CIRCUITS,
          circuits.map(({ heads, kept, lost }) => [
            heads.length === 1 ? (heads[0] as string) : `the first ${heads.length}`,
            percent(kept.value),
            percentInterval(kept),
            percent(lost.value),
            percentInterval(lost),
          ]),
          { columns, groups: 2 },
        )),
    ...(circuits.length > 0 && !Number.isFinite(circuits[0]!.kept.value)
      ? wrapped(
          'What heads make of the loss on the repeat is not surely above 0, so no share of it means anything.',
          columns,
        )
      : []),
    ...(random.length === 0 || !Number.isFinite(circuits[0]!.kept.value)
      ? []
      : wrapped(
          `${random.length} draws of as many random heads of the same layers keep ${percentRange(random.map(({ kept }) => kept))} and lose ${percentRange(random.map(({ lost }) => lost))}.`,
          columns,
        )),
    '',
    ...wrapped(`Not searched: ${notSearched.join('; ')}.`, columns),
  ];
}
