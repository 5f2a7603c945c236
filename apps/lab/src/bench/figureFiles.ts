// Figures of what is on the bench, as files: fetched when the first view is there (Files.tsx), with the charts.
import { type FigureOptions, headScoreChart, lossChart, mapChart, patternGrid } from '@induction-lab/figures';
import { repeatQueries } from '../copying.ts';
import type { Lab } from '../lab/createLab.ts';
import type { BenchRun, MapPicture } from '../protocol.ts';
import { brokenTitle, titleAt } from '../viewText.ts';
import { bothCurves } from './bothCurves.ts';
import { scheme } from './colours.ts';

export type FigureName = 'loss' | 'scores' | 'patterns' | 'map';

/** A figure as SVG text, and the run that it is of. Everything in it, the title too, is of one view (or of one run's losses). */
export function figure({ currentAudit, other, subject, view }: Lab, name: FigureName): { svg: string; run: BenchRun } {
  const shown = view.value;
  if (!shown) throw new Error('There is nothing to draw yet.');
  const options = { theme: scheme.value, document };
  const of = (svg: string): { svg: string; run: BenchRun } => ({ svg, run: shown.run });
  const title = titleAt(shown.run, shown.step);
  const size = shown.tokens.length;
  if (name === 'loss') {
    const { run: trained, losses: points = [] } = subject.value ?? {};
    if (points.length === 0 || !trained) throw new Error('There is no loss to draw yet: train first.');
    const lossTitle = `${titleAt(trained, points.at(-1)?.step ?? 0)}: loss`;
    const { segments, lnVocab } = trained;
    const chart = {
      ...bothCurves(points, segments, other.value),
      lnVocab,
      title: lossTitle,
      xScale: 'linear' as const,
    };
    return { svg: lossChart(chart, options), run: trained };
  }
  if (name === 'scores')
    return of(
      headScoreChart(
        {
          heads: shown.bars.map(({ label, previousToken, induction, control }) => ({
            label,
            previousToken,
            induction,
            inductionControl: control,
          })),
          chance: shown.chance,
          title: `${title}: scores${shown.broken ? ' of the intact model' : ''}`,
        },
        options,
      ),
    );
  if (name === 'map') {
    const judged = currentAudit.value;
    if (!judged) throw new Error('There is no map of this model yet: audit it first.');
    return of(drawMap(judged.map, { title: `${title}: where it finds the earlier copy`, theme: scheme.value }));
  }
  const { period, start } = shown;
  const { from: fromQuery, to } = repeatQueries({ period, start, length: size });
  return of(
    patternGrid(
      {
        heads: shown.bars.map(({ label }, i) => ({
          label,
          pattern: shown.patterns.subarray(i * size * size, (i + 1) * size * size),
        })),
        size,
        tokens: shown.tokens,
        ...(period > 0 ? { stripe: { offset: period - 1, fromQuery, toQuery: to - 1 } } : {}),
        title: `${title}: attention patterns${brokenTitle(shown.look)}`,
      },
      options,
    ),
  );
}

/** Pixels of the map in the bench: as wide as its panel on a desktop. */
const MAP_WIDTH = 620;

/** The map of an audit. */
export const drawMap = (map: MapPicture, { title, ...options }: { title: string } & FigureOptions): string =>
  mapChart({ ...map, title }, { width: MAP_WIDTH, document, ...options });

/** Draws SVG text on a canvas, twice as large for sharp print. */
export async function toPng(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * image.naturalWidth;
  canvas.height = 2 * image.naturalHeight;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be drawn.'))), 'image/png');
  });
}
