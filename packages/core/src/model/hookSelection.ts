// How a user's pattern selects among the hook points of a model.
import { ArgumentError } from '../errors/arguments.ts';
import { nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import type { HookPoint } from './components/hookPoint.ts';
import type { ModelConfig } from './config.ts';
import { globExpression } from './glob.ts';
import { declaredHookPoints } from './hookPoints.ts';

/** A name, a glob with `*` and `?`, several of them, or a predicate. */
export type HookSelection = string | readonly string[] | ((name: string) => boolean);

/**
 * The hook points that a selection names, in forward order. Points on request are matched by names and by globs other
 * than a lone `*`; predicates do not see them. Throws an Error listing the nearest names when a name or glob matches
 * nothing, and one when a predicate does, since what was to be looked at or changed there would be missed in silence. An
 * empty list selects nothing.
 * @param caller Who asks: named in messages.
 * @returns Names, in forward order.
 */
export function selectHookPoints(config: ModelConfig, selection: HookSelection, caller: string): string[] {
  const points = declaredHookPoints(config);
  if (typeof selection === 'function') return satisfying(selection, points, caller);
  const all = points.map(({ name }) => name);
  const wanted = new Set<string>();
  for (const pattern of patternsOf(selection, caller)) {
    const found = matching(pattern, points);
    if (found.length === 0) throw new Error(unknownHook(caller, pattern, all));
    for (const name of found) wanted.add(name);
  }
  return all.filter((name) => wanted.has(name));
}

function patternsOf(selection: string | readonly string[], caller: string): readonly string[] {
  if (typeof selection === 'string') return [selection];
  const wrong = Array.isArray(selection) ? Array.from(selection).find((name) => typeof name !== 'string') : selection;
  if (!Array.isArray(selection) || Array.from(selection).some((name) => typeof name !== 'string'))
    throw new ArgumentError(
      `${caller}: hook points are named by a string, an array of strings or a function of a name, got ${quoted(wrong)}.`,
    );
  return selection;
}

function satisfying(predicate: (name: string) => boolean, points: readonly HookPoint[], caller: string): string[] {
  const usual = points.filter(({ onRequest }) => !onRequest).map(({ name }) => name);
  const found = usual.filter((name) => {
    const answer: unknown = predicate(name);
    if (typeof (answer as { then?: unknown } | null | undefined)?.then === 'function')
      throw new ArgumentError(
        `${caller}: the function of a name gave a promise; it must answer true or false at once.`,
      );
    return Boolean(answer);
  });
  if (found.length === 0)
    throw new ArgumentError(
      `${caller}: the function of a name chooses no hook point of this model; it is asked for names such as "${usual[0]}", and those on request (${onRequestKinds(points).join(', ')}) have to be named.`,
    );
  return found;
}

function matching(pattern: string, points: readonly HookPoint[]): string[] {
  const expression = /[*?]/.test(pattern) ? globExpression(pattern) : { test: (name: string) => name === pattern };
  const found = points.filter(({ name, onRequest }) => expression.test(name) && (pattern !== '*' || !onRequest));
  return found.map(({ name }) => name);
}

/** What the points on request are called within a layer. */
const onRequestKinds = (points: readonly HookPoint[]): string[] => {
  const kinds = points.flatMap(({ name, onRequest }) => (onRequest ? [name.replace(/^blocks\.\d+\./, '')] : []));
  return [...new Set(kinds)];
};

function unknownHook(caller: string, name: string, all: readonly string[]): string {
  const near = nearest(name, all).map((n) => `"${n}"`);
  return `${caller}: this model has no hook point ${quoted(name)}; the nearest are ${near.join(', ')}.`;
}
