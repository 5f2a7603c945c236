// What happened while a run trained, found in what was measured: the step at which the loss fell, and from marks of kept steps
// when a head took its shape and when the keys' path began to carry the copying.
import { headText } from '../link.ts';
import type { BenchRun, HeadIndex, Losses, Mark } from '../protocol.ts';
import { type Role, roleName, roleOf } from './headRoles.ts';
import { isMain } from './lossSegments.ts';

/** Steps over which the loss is averaged: a single batch says little. */
const WINDOW = 5;

/** The step at which the mean loss of the last steps first came below half of guessing; null where it never did. */
export function lossFall(losses: readonly Losses[], run: Pick<BenchRun, 'segments' | 'lnVocab'>): number | null {
  const about = run.segments.find(isMain)?.name;
  if (about === undefined) return null;
  let sum = 0;
  const recent: number[] = [];
  for (const { step, segments } of losses) {
    const loss = segments[about];
    if (loss === undefined || loss === null || Number.isNaN(loss)) continue;
    recent.push(loss);
    sum += loss;
    if (recent.length > WINDOW) sum -= recent.shift() as number;
    if (recent.length === WINDOW && sum / WINDOW < run.lnVocab / 2) return step;
  }
  return null;
}

/** Something that happened: at `step`, and not yet at `after`, the kept step before it. */
export interface RunEvent {
  readonly kind: 'loss' | 'head' | 'path';
  readonly step: number;
  readonly after: number;
  /** Heads that took their shape there, with the role that they have kept since. */
  readonly heads: readonly (HeadIndex & { readonly role: Role })[];
}

/** The first of the marks from which on all marks pass; −1 where the last does not. */
function sinceWhen(marks: readonly Mark[], passes: (mark: Mark) => boolean): number {
  let from = marks.length;
  while (from > 0 && passes(marks[from - 1] as Mark)) from--;
  return from < marks.length ? from : -1;
}

/** Solved with the whole model, and not without what earlier layers wrote into keys. */
const throughKeys = ({ intact, withoutKeys }: Mark, lnVocab: number): boolean =>
  intact < lnVocab / 2 && withoutKeys > lnVocab / 2;

/** The events of a run, in the order of their steps. `marks` are in the order of theirs. */
export function eventsOf(
  losses: readonly Losses[],
  marks: readonly Mark[],
  run: Pick<BenchRun, 'segments' | 'lnVocab'>,
): RunEvent[] {
  const events: RunEvent[] = [];
  const fall = lossFall(losses, run);
  if (fall !== null) events.push({ kind: 'loss', step: fall, after: fall - 1, heads: [] });
  const between = (at: number): { step: number; after: number } => ({
    step: (marks[at] as Mark).step,
    after: marks[at - 1]?.step ?? (marks[at] as Mark).step,
  });
  const path = sinceWhen(marks, (mark) => throughKeys(mark, run.lnVocab));
  if (path > 0) events.push({ kind: 'path', ...between(path), heads: [] });
  const heads = new Map<number, RunEvent['heads'][number][]>();
  for (const last of marks.at(-1)?.bars ?? []) {
    const role = roleOf(last);
    if (role === 'quiet') continue;
    const at = sinceWhen(marks, ({ bars }) => bars.some((b) => b.label === last.label && roleOf(b) === role));
    const { layer, head } = last;
    if (at > 0) heads.set(at, [...(heads.get(at) ?? []), { layer, head, role }]);
  }
  for (const [at, those] of heads) events.push({ kind: 'head', ...between(at), heads: those });
  return events.sort((a, b) => a.step - b.step);
}

/** An event in words; which heads, and what they look like, only where roles are seen. */
export function eventText({ kind, heads }: RunEvent, rolesSeen: boolean): string {
  if (kind === 'loss') return 'loss falls';
  if (kind === 'path') return 'K path appears';
  if (rolesSeen) return `${heads.map((h) => `${headText(h)} ${roleName[h.role]}`).join(', ')} appears`;
  return heads.length === 1 ? 'a head appears' : `${heads.length} heads appear`;
}
