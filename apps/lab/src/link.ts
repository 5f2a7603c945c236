// The state of the view as a link, and back. What a link says is checked: impossible values are left out and named.
import { KERNELS_VERSION } from '@induction-lab/core/kernels-version';
import { listed } from '@induction-lab/core/names';
import { quoted } from '@induction-lab/core/printable';
import type { AblationKind, HeadIndex, PathInput } from './protocol.ts';
import { type BenchKnobs, type PresetName, presetNames, type Setting, stepsOf, turn } from './setting.ts';

/** Everything that a link holds. */
export interface LinkState {
  readonly setting: Setting;
  /** Steps trained. */
  readonly step: number;
  /** The step that is looked at; null for the newest. */
  readonly viewed: number | null;
  readonly period: number;
  /** The reader's own sequence as it was typed; null for the probe. */
  readonly own: string | null;
  readonly ablated: readonly HeadIndex[];
  readonly kind: AblationKind;
  readonly cuts: readonly PathInput[];
  readonly selected: HeadIndex | null;
  /** The run beside this one. */
  readonly other: { readonly setting: Setting; readonly step: number } | null;
}

export const DEFAULTS: LinkState = {
  setting: { preset: 'varied', seed: 1, turned: {} },
  step: 0,
  viewed: null,
  period: 17,
  own: null,
  ablated: [],
  kind: 'zero',
  cuts: [],
  selected: null,
  other: null,
};

/** What switching a head off can mean here. */
export const KINDS = ['zero', 'mean', 'pattern-preserving'] as const satisfies readonly AblationKind[];
const POSITIONS = ['standard', 'shortformer', 'rotary', 'sinusoidal', 'none'];

/** Letters of the reader's own sequence: more make no link. */
export const MOST_LETTERS = 4000;

export const headText = ({ layer, head }: HeadIndex): string => `L${layer}H${head}`;

/** The knobs in links: name, how it is written, and how it is read. Throws with what the value must be. */
const KNOB_FIELDS: { [K in keyof BenchKnobs]: (text: string) => BenchKnobs[K] } = {
  layers: (t) => whole(t, 1, 4),
  heads: (t) => whole(t, 1, 12),
  positions: (t) => oneOf(t, POSITIONS),
  layerNorm: (t) => oneOf(t, ['yes', 'no']) === 'yes',
  shortest: (t) => whole(t, 2, 48),
  longest: (t) => whole(t, 2, 48),
  distinct: (t) => oneOf(t, ['yes', 'no']) === 'yes',
  bos: (t) => oneOf(t, ['yes', 'no']) === 'yes',
  rate: (t) => {
    const rate = /^[\d.]+(e-?\d+)?$/.test(t) ? Number(t) : Number.NaN;
    if (!(rate > 0 && rate <= 1)) throw new Error('a number above 0, at most 1');
    return rate;
  },
  batch: (t) => whole(t, 1, 512),
  competition: (t) => {
    const strength = /^\d+(\.\d+)?$/.test(t) ? Number(t) : Number.NaN;
    if (!(strength <= 30)) throw new Error('a number from 0 to 30');
    return strength;
  },
  competitionSteps: (t) => whole(t, 0, 100_000),
};

function whole(text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,12}$/.test(text) || value < least || value > most)
    throw new Error(`a whole number from ${least} to ${most}`);
  return value;
}

/** A typed sequence; null for one in which nothing is typed. */
function sequence(text: string): string | null {
  if (text.length > MOST_LETTERS) throw new Error(`at most ${MOST_LETTERS} letters long`);
  return text.trim() === '' ? null : text;
}

function oneOf<T extends string>(text: string, allowed: readonly T[]): T {
  if (!allowed.includes(text as T)) throw new Error(allowed.join(' or '));
  return text as T;
}

function heads(text: string): HeadIndex[] {
  return [...new Set(text.split('.'))].map((name) => {
    const match = /^L(\d{1,2})H(\d{1,2})$/.exec(name);
    if (!match) throw new Error('heads such as L0H1.L1H2');
    return { layer: Number(match[1]), head: Number(match[2]) };
  });
}

const written = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value));

function writeSetting(params: URLSearchParams, { preset, seed, turned }: Setting, step: number): void {
  params.set('preset', preset);
  params.set('seed', String(seed));
  params.set('step', String(step));
  for (const [name, value] of Object.entries(turned)) params.set(name, written(value));
}

/** Equal for settings that train the same run. */
export function settingText(setting: Setting): string {
  const params = new URLSearchParams();
  writeSetting(params, setting, 0);
  params.sort();
  return params.toString();
}

/** The link's text after `#`. */
export function writeLink(state: LinkState): string {
  const params = new URLSearchParams();
  writeSetting(params, state.setting, state.step);
  if (state.viewed !== null && state.viewed !== state.step) params.set('view', String(state.viewed));
  if (state.own === null) params.set('period', String(state.period));
  else params.set('tokens', state.own);
  if (state.ablated.length > 0) {
    params.set('off', state.ablated.map(headText).join('.'));
    params.set('kind', state.kind);
  }
  if (state.cuts.length > 0) params.set('cut', state.cuts.join('.'));
  if (state.selected) params.set('head', headText(state.selected));
  if (state.other) {
    const beside = new URLSearchParams();
    writeSetting(beside, state.other.setting, state.other.step);
    params.set('beside', beside.toString());
  }
  params.set('kernels', String(KERNELS_VERSION));
  return params.toString();
}

/** Everything that stands in a link besides what is trained. */
const VIEW_FIELDS = ['view', 'period', 'tokens', 'off', 'kind', 'cut', 'head', 'beside', 'kernels'];
const SETTING_FIELDS = ['preset', 'seed', 'step', ...Object.keys(KNOB_FIELDS)];

/** More complaints than this are counted. */
const MOST_COMPLAINTS = 4;

/** What was left out of a link, as one sentence of bounded length; null where nothing was. */
export function leftOut(complaints: readonly string[]): string | null {
  if (complaints.length === 0) return null;
  const named = complaints.length > MOST_COMPLAINTS ? complaints.slice(0, MOST_COMPLAINTS - 1) : complaints;
  const more = complaints.length - named.length;
  return `Some of this link was left out: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

/** Names that a link, or the run beside it, does not have, and those that come twice. */
function strangeNames(params: URLSearchParams, known: readonly string[]): string[] {
  const names = [...params.keys()];
  const once = [...new Set(names)];
  const unknown = once.filter((name) => !known.includes(name));
  const seen = new Set<string>();
  const again = new Set(names.filter((name) => seen.has(name) || !seen.add(name)));
  const twice = [...again].filter((name) => known.includes(name));
  const complaints: string[] = [];
  if (unknown.length > 0) {
    const shown = listed(unknown.slice(0, 3).map((name) => quoted(name, 40)));
    const more = unknown.length - 3;
    const count = more > 0 ? ` and ${more.toLocaleString('en')} more` : '';
    complaints.push(`${shown}${count} ${unknown.length === 1 ? 'is' : 'are'} not known`);
  }
  if (twice.length > 0) complaints.push(`${listed(twice)} comes more than once, and the first counts`);
  return complaints;
}

/**
 * Reads a link; any text is one. `complaints` names what is impossible, or unknown, and was left out, each in a clause of
 * bounded length, fit to be shown.
 */
export function readLink(hash: string): { state: LinkState; complaints: string[]; kernels: number } {
  const params = new URLSearchParams(hash.includes('=') ? hash.replace(/^#/, '') : ''); // else it is a place in the page
  const complaints = strangeNames(params, [...VIEW_FIELDS, ...SETTING_FIELDS]);
  const read = <T>(from: URLSearchParams, name: string, parse: (text: string) => T, otherwise: T): T => {
    const text = from.get(name);
    if (text === null) return otherwise;
    try {
      return parse(text);
    } catch (error) {
      complaints.push(`${name} is ${quoted(text, 40)} and must be ${(error as Error).message}`);
      return otherwise;
    }
  };
  const setting = (from: URLSearchParams): { setting: Setting; step: number } => {
    const preset = read<PresetName>(from, 'preset', (t) => oneOf(t, presetNames), 'varied');
    const seed = read(from, 'seed', (t) => whole(t, 0, 2 ** 31 - 1), 1);
    let result: Setting = { preset, seed, turned: {} };
    for (const [name, parse] of Object.entries(KNOB_FIELDS)) {
      const value = read<unknown>(from, name, parse, undefined);
      if (value !== undefined) result = turn(result, { [name]: value });
    }
    const steps = stepsOf(preset);
    return { setting: result, step: read(from, 'step', (t) => whole(t, 0, steps), 0) };
  };
  const main = setting(params);
  const own = read<string | null>(params, 'tokens', sequence, null);
  const beside = params.get('beside');
  const told = complaints.length;
  const besides = beside === null ? null : new URLSearchParams(beside);
  if (besides) complaints.push(...strangeNames(besides, SETTING_FIELDS));
  const other = besides && setting(besides);
  for (let i = told; i < complaints.length; i++) complaints[i] = `beside: ${complaints[i]}`;
  const viewed = read<number | null>(params, 'view', (t) => whole(t, 0, main.step), null);
  const state: LinkState = {
    ...main,
    viewed: viewed === main.step ? null : viewed,
    period: read(params, 'period', (t) => whole(t, 2, 25), DEFAULTS.period),
    own,
    ablated: read(params, 'off', heads, [] as HeadIndex[]),
    kind: read<AblationKind>(params, 'kind', (t) => oneOf(t, KINDS), 'zero'),
    cuts: read(
      params,
      'cut',
      (t) => [...new Set(t.split('.'))].map((c) => oneOf<PathInput>(c, ['q', 'k', 'v'])),
      [] as PathInput[],
    ),
    selected: read<HeadIndex | null>(params, 'head', (t) => heads(t)[0] as HeadIndex, null),
    other,
  };
  // Links of the first version name none.
  const kernels = read(params, 'kernels', (t) => whole(t, 1, 9999), 1);
  return { state, complaints, kernels };
}

/** What to say of a link to a trained run whose kernels are others than this page's; null where they are the same. */
export const otherKernels = ({ step, other }: LinkState, kernels: number): string | null =>
  kernels === KERNELS_VERSION || (step === 0 && !other?.step)
    ? null
    : `This link is of version ${kernels} of the kernels, this page has version ${KERNELS_VERSION}: the run is trained anew, and its last bits may differ.`;
