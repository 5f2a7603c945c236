// What is said of a view, in words. Everything comes from the view and the run that it is of.
import { listed } from '@induction-lab/core/internal/names';
import { headText } from './link.ts';
import type { BenchRun, Look, View } from './protocol.ts';

/** A run in words: `varied, seed 1`, or the name of a loaded file. */
export const titleOf = ({ name, seed, file }: Pick<BenchRun, 'name' | 'seed' | 'file'>): string =>
  file ? name : `${name}, seed ${seed}`;

/** A run and the step of a view of it; a loaded file has no steps. */
export const titleAt = (run: Pick<BenchRun, 'name' | 'seed' | 'file'>, step: number): string =>
  run.file ? titleOf(run) : `${titleOf(run)}, step ${step}`;

/** A token as a model that reads texts spells it, or as the reader typed it; otherwise its number. */
export const wordIn = ({ look, words }: Pick<View, 'look' | 'words'>, token: number): string =>
  words?.get(token) ?? (look.tokens ? look.typed?.words.get(token) : undefined) ?? String(token);

/** Each thing that is broken in a look: `L0H1 off`, `K cut`. */
export const brokenParts = ({ ablated, cuts }: Pick<Look, 'ablated' | 'cuts'>): string[] => [
  ...ablated.map((head) => `${headText(head)} off`),
  ...cuts.map((input) => `${input.toUpperCase()} cut`),
];

/** What a figure's title says of what was broken; empty for an intact model. */
export function brokenTitle({ ablated, cuts, kind }: Look): string {
  const parts = [
    ...(ablated.length > 0 ? [`${listed(ablated.map(headText), 12)} off (${kind})`] : []),
    ...(cuts.length > 0 ? [`${cuts.map((input) => `${input.toUpperCase()} path`).join(', ')} cut`] : []),
  ];
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`;
}

/** What one looks at, in words: `period 17`, `own sequence`, with what is broken. */
export function lookText(look: Pick<Look, 'period' | 'tokens' | 'ablated' | 'cuts'>): string {
  const sequence = look.tokens ? 'own sequence' : `period ${look.period}`;
  const broken = brokenParts(look);
  return broken.length === 0 ? sequence : `${sequence}, ${listed(broken, 12)}`;
}
