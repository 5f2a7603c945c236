// What a record's numbers are of.

import { MEASURES } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { PromptSet } from './promptSet.ts';
import { RepeatSet } from './repeatSet.ts';

/** A measure in a record. */
export interface MeasuredBy {
  /** The measure's name. */
  readonly name: string;
  /** Of every number that is not a share. */
  readonly unit: string;
  /** Which numbers are better; null of a measure that does not say. */
  readonly better: 'higher' | 'lower' | null;
}

/** Of every record that can be of another measure, or on given prompts. */
export interface Measured {
  /** What was measured. Left out where it is lossRepeat of drawn repeats, in nats. */
  readonly measure?: MeasuredBy;
}

export const describeMeasure = ({ name, unit, better }: Measure): MeasuredBy => ({
  name,
  unit,
  better: better ?? null,
});

/** The field for a record of this set. */
export const measuredBy = (set: PromptSet): Measured =>
  set instanceof RepeatSet && set.measure === MEASURES.loss ? {} : { measure: describeMeasure(set.measure) };
