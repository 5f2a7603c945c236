// The map: where the first copy starts × how far back it lies, and what the model makes of each place.
import type { ModelConfig } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import type { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { workPerSequence } from '../work.ts';
import { type Cell, countCells, type MapSpace, mapSpace, queriesOf, sameCell } from './cells.ts';
import { between, cellsOn, firstGrid } from './grid.ts';
import type { InductionMap, Solution } from './mapRecord.ts';
import { cellsSize, type MapOptions, type MeasuredCell, measureCells } from './measureCells.ts';
import { AS_IS, bestFactor, FACTORS, withLogitsTimes } from './temperature.ts';
import { copiedDistances, measureWithoutMatch, type WithoutMatch } from './withoutMatch.ts';

/** A cell with all that decides what it is. */
export interface JudgedCell extends MeasuredCell {
  readonly withoutMatch: WithoutMatch;
  readonly solution: Solution;
  /** The same for each of its queries. */
  readonly solutions: readonly Solution[];
}

/** A map as it was measured. */
export interface MeasuredMap {
  readonly cells: readonly JudgedCell[];
  readonly space: MapSpace;
  /** Which of the FACTORS the logits are judged at. */
  readonly factor: number;
  /** The model with its logits multiplied by that factor: itself where the factor is 1. */
  readonly judged: Model;
  readonly sequences: number;
  readonly seed: number;
}

/** How much to measure of a map. */
export interface MeasureMapOptions {
  readonly sequences: number;
  readonly seed: number;
  readonly progress?: Progress | null;
}

/**
 * Measures the map of a model: a first grid, the lines on which it copies from a fixed distance, and where answers change.
 * @param options On how many sequences, from which seed.
 * @returns The map as it was measured, for `mapRecord`.
 */
export function measureMap(model: Model, config: ModelConfig, options: MeasureMapOptions): MeasuredMap {
  const { sequences, seed, progress = null } = options;
  const space = mapSpace(config);
  const guess = Math.log(space.tokens.length);
  const how: MapOptions = { space, sequences, seed, progress };
  const most = mostCells(config, sequences);
  const measure = (cells: readonly Cell[]): MeasuredCell[] => {
    progress?.expect(cellsSize(cells, how));
    return measureCells(model, cells, how);
  };
  let measured = measureCells(model, firstGrid(space, most), how);
  const starts = [...new Set(measured.map(({ start }) => start))];
  const distances = copiedDistances(model, how);
  const onLines = cellsOn(space, { starts, distances }).filter((c) => !measured.some((m) => sameCell(m, c)));
  measured = [...measured, ...measure(onLines.slice(0, most))];
  const factor = factorOf(measured, guess);
  const judged = withLogitsTimes(model, FACTORS[factor] as number);
  const judge = (cells: readonly MeasuredCell[]): JudgedCell[] => {
    const without = measureWithoutMatch(judged, cells, how);
    return cells.map((cell, i) => judgedCell(cell, without[i]!, { factor, guess }));
  };
  let cells = judge(measured);
  for (let round = 0; round < ROUNDS; round++) {
    const differ = (a: JudgedCell, b: JudgedCell): boolean => a.solution !== b.solution;
    const more = between(space, cells, { differ, most: Math.floor(most / 6) });
    if (more.length === 0) break;
    cells = [...cells, ...judge(measure(more))];
  }
  cells.sort((a, b) => a.start - b.start || a.distance - b.distance);
  return { cells, space, factor, judged, sequences, seed };
}

/** Tokens that a map runs at least: its first grid, and twice the sequences without a repeat. */
export function mapSize(config: ModelConfig, sequences: number): number {
  const space = mapSpace(config);
  const grid = firstGrid(space, mostCells(config, sequences));
  return cellsSize(grid, { space, sequences }) + 4 * sequences * config.nCtx;
}

/** How often cells are added where answers change. */
const ROUNDS = 3;
/** Arithmetic that a first grid may take, floating-point operations, and cells that it has at least and at most. */
const WORK = 2e10;
const FEWEST = 24;
const MOST = 120;

/** Cells of the first grid that a model can afford. */
function mostCells(config: ModelConfig, sequences: number): number {
  return Math.max(FEWEST, Math.min(MOST, Math.floor(WORK / (workPerSequence(config) * sequences * 0.7))));
}

/** The factor of the logits at which what is solved is solved best; 1 where nothing is. */
export function factorOf(cells: readonly MeasuredCell[], guess: number): number {
  const byFactor = cells.map(({ losses }) => FACTORS.map((_, f) => mean(losses.map((l) => l[f] as number))));
  const solved = byFactor.filter((losses) => Math.min(...losses) < guess / 2);
  if (solved.length === 0) return AS_IS;
  return bestFactor(
    FACTORS.map((_, f) => mean(solved.map((losses) => losses[f] as number))),
    SLACK * guess,
  );
}

/** A share of guessing that a better temperature must win. */
const SLACK = 0.05;

/** Of the loss drop so much must go when nothing repeats, or else the place is solved by position. */
const BY_CONTENT = 0.5;
/** Solved is below this share of guessing, and below this share of guessing among the tokens seen so far. */
const SOLVED = { ofAll: 0.5, ofSeen: 0.75 };

/** What guessing among the tokens seen so far costs: a model that copies any of them gets so far without finding one. */
const guessSeen = (query: number, guess: number): number => Math.min(guess, Math.log(query + 1));

/** What an answer rests on: well below guessing it is solved, by position if as much comes of it where nothing repeats. */
function solutionOf({ loss, without, seen, guess }: Record<'loss' | 'without' | 'seen' | 'guess', number>): Solution {
  if (!(loss < Math.min(SOLVED.ofAll * guess, SOLVED.ofSeen * seen))) return 'not solved';
  return Math.min(seen, without) - loss > BY_CONTENT * (seen - loss) ? 'by content' : 'by position';
}

function judgedCell(
  cell: MeasuredCell,
  withoutMatch: WithoutMatch,
  { factor, guess }: { factor: number; guess: number },
): JudgedCell {
  const losses = cell.losses.map((l) => l[factor] as number);
  const seen = queriesOf(cell).map((query) => guessSeen(query, guess));
  const solutions = losses.map((loss, i) =>
    solutionOf({ loss, without: withoutMatch.losses[i] as number, seen: seen[i] as number, guess }),
  );
  const solution = solutionOf({ loss: mean(losses), without: mean(withoutMatch.losses), seen: mean(seen), guess });
  return { ...cell, withoutMatch, solution, solutions };
}

/**
 * The map as a record.
 * @param measured What `measureMap` gave.
 */
export const mapRecord = (
  { cells, space, factor, sequences, seed }: MeasuredMap,
  { untrained }: Pick<ModelConfig, 'untrained'>,
): InductionMap => ({
  cells: cells.map((cell) => ({
    start: cell.start,
    distance: cell.distance,
    queries: queriesOf(cell).length,
    loss: mean(cell.losses.map((l) => l[AS_IS] as number)),
    lossAtBestTemperature: mean(cell.losses.map((l) => l[factor] as number)),
    lossWithoutRepeat: mean(cell.withoutMatch.losses),
    solution: cell.solution,
    attention: Array.from(cell.attention, (x, head) => x - cell.withoutMatch.attention[head]!),
  })),
  cellsInAll: countCells(space),
  length: space.length,
  prefix: [...space.prefix],
  ...(untrained === undefined ? {} : { excluded: untrained }),
  tokens: space.tokens.length,
  temperature: 1 / FACTORS[factor]!,
  sequences,
  seed,
});
