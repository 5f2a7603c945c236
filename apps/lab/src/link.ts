// The state of the view as a link, and back, from one table of properties. What a link says is checked: impossible values
// are left out and named.
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import { listed } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { type AblationKind, type HeadIndex, MOST_SEEN, type PathInput } from './protocol.ts';
import { type BenchKnobs, presetNames, type Setting, stepsOf, turn } from './setting.ts';
import { SHIPPED_NAMES, type ShippedName } from './shippedNames.ts';

/** How one looks at a run, and what is broken meanwhile. */
export interface Wanted {
  /** The step that is looked at; null for the newest. */
  readonly viewed: number | null;
  readonly period: number;
  /** The reader's own sequence as it was typed; null for the probe. */
  readonly own: string | null;
  readonly ablated: readonly HeadIndex[];
  readonly kind: AblationKind;
  readonly cuts: readonly PathInput[];
}

/** A run, trained so far. */
interface Trained {
  readonly setting: Setting;
  /** Steps trained. */
  readonly step: number;
}

/** Everything that a link holds. */
export interface LinkState extends Wanted, Trained {
  readonly selected: HeadIndex | null;
  /** A model that comes with this page, in place of a run. */
  readonly shipped: ShippedName | null;
  /** The run beside this one. */
  readonly other: Trained | null;
}

/** What switching a head off can mean here. */
export const KINDS = ['zero', 'mean', 'pattern-preserving'] as const satisfies readonly AblationKind[];
const POSITIONS = ['standard', 'shortformer', 'rotary', 'sinusoidal', 'alibi', 'none'];

/** Letters of the reader's own sequence: more make no link. */
export const MOST_LETTERS = 4000;

export const headText = ({ layer, head }: HeadIndex): string => `L${layer}H${head}`;

/** One value of a link: how it is written, and how it is read. Reading throws with what the value must be. */
interface Property<T> {
  readonly read: (text: string) => T;
  readonly write: (value: T) => string;
}

const plain = <T>(read: (text: string) => T): Property<T> => ({ read, write: String });
const whole = (least: number, most: number): Property<number> =>
  plain((text) => {
    const value = Number(text);
    if (!/^\d{1,12}$/.test(text) || value < least || value > most)
      throw new Error(`a whole number from ${least} to ${most}`);
    return value;
  });
/** A number up to `most`, as `pattern` writes it. */
const decimal = (pattern: RegExp, most: number, says: string): Property<number> =>
  plain((text) => {
    const value = pattern.test(text) ? Number(text) : Number.NaN;
    if (!(value <= most)) throw new Error(says);
    return value;
  });
const oneOf = <T extends string>(allowed: readonly T[]): Property<T> =>
  plain((text) => {
    if (!allowed.includes(text as T)) throw new Error(allowed.join(' or '));
    return text as T;
  });
const yesOrNo: Property<boolean> = {
  read: (text) => oneOf(['yes', 'no']).read(text) === 'yes',
  write: (value) => (value ? 'yes' : 'no'),
};
/** Several, each once, between full stops. */
const several = <T>({ read, write }: Property<T>): Property<readonly T[]> => ({
  read: (text) => [...new Set(text.split('.'))].map(read),
  write: (values) => values.map(write).join('.'),
});
const head: Property<HeadIndex> = {
  read: (text) => {
    const match = /^L(\d{1,2})H(\d{1,2})$/.exec(text);
    if (!match) throw new Error('heads such as L0H1.L1H2');
    return { layer: Number(match[1]), head: Number(match[2]) };
  },
  write: headText,
};
/** A typed sequence; null for one in which nothing is typed. */
const typed: Property<string | null> = plain((text) => {
  if (text.length > MOST_LETTERS) throw new Error(`at most ${MOST_LETTERS} letters long`);
  return text.trim() === '' ? null : text;
});

/** What is trained: the knobs of the bench, as a link names them. */
const KNOBS: { [K in keyof BenchKnobs]: Property<BenchKnobs[K]> } = {
  layers: whole(1, 4),
  heads: whole(1, 12),
  positions: oneOf(POSITIONS),
  layerNorm: yesOrNo,
  mlp: yesOrNo,
  shortest: whole(2, 48),
  longest: whole(2, 48),
  distinct: yesOrNo,
  bos: yesOrNo,
  rate: decimal(/^(?=.*[1-9])[\d.]+(e-?\d+)?$/, 1, 'a number above 0, at most 1'),
  batch: whole(1, 512),
  competition: decimal(/^\d+(\.\d+)?$/, 30, 'a number from 0 to 30'),
  competitionSteps: whole(0, 100_000),
};

/** A run, beside its knobs. */
const RUN = { preset: oneOf(presetNames), seed: whole(0, 2 ** 31 - 1) };

/** How one looks: the name in a link, what it is without a word in the link, and whether a state has something to write. */
const VIEW: {
  readonly [K in keyof Omit<LinkState, keyof Trained | 'other'>]: Property<NonNullable<LinkState[K]>> & {
    readonly name: string;
    readonly initial: LinkState[K];
    /** Whether it is written; without it, wherever it is not null. */
    readonly told?: (state: LinkState) => boolean;
  };
} = {
  viewed: { ...whole(0, Number.MAX_SAFE_INTEGER), name: 'view', initial: null, told: (s) => s.viewed !== s.step },
  period: { ...whole(2, MOST_SEEN / 2), name: 'period', initial: 17, told: (s) => s.own === null },
  own: { ...(typed as Property<string>), name: 'tokens', initial: null },
  ablated: { ...several(head), name: 'off', initial: [], told: (s) => s.ablated.length > 0 },
  kind: { ...oneOf<AblationKind>(KINDS), name: 'kind', initial: 'zero', told: (s) => s.ablated.length > 0 },
  cuts: { ...several(oneOf<PathInput>(['q', 'k', 'v'])), name: 'cut', initial: [], told: (s) => s.cuts.length > 0 },
  selected: { ...head, read: (text) => several(head).read(text)[0] as HeadIndex, name: 'head', initial: null },
  shipped: { ...oneOf(SHIPPED_NAMES), name: 'model', initial: null },
};
type ViewName = keyof typeof VIEW;
const VIEW_NAMES = Object.keys(VIEW) as ViewName[];

/** The names of what is wanted of a view. */
export const WANTED_NAMES = VIEW_NAMES.filter(
  (name): name is keyof Wanted => name !== 'selected' && name !== 'shipped',
);

const initialView = Object.fromEntries(VIEW_NAMES.map((name) => [name, VIEW[name].initial])) as unknown as Omit<
  LinkState,
  keyof Trained | 'other'
>;

export const DEFAULTS: LinkState = {
  ...initialView,
  setting: { preset: 'varied', seed: 1, turned: {} },
  step: 0,
  other: null,
};

function writeSetting(params: URLSearchParams, { preset, seed, turned }: Setting, step: number): void {
  params.set('preset', preset);
  params.set('seed', String(seed));
  params.set('step', String(step));
  for (const [name, value] of Object.entries(turned))
    params.set(name, (KNOBS[name as keyof BenchKnobs] as Property<unknown>).write(value));
}

/** Equal for settings that train the same run. */
export function settingText(setting: Setting): string {
  const params = new URLSearchParams();
  writeSetting(params, setting, 0);
  params.sort();
  return `${params}${setting.data ? ` own data ${setting.data.hash}` : ''}`;
}

/** The link's text after `#`. */
export function writeLink(state: LinkState): string {
  const params = new URLSearchParams();
  if (state.shipped === null) writeSetting(params, state.setting, state.step);
  for (const part of VIEW_NAMES) {
    const { name, write, told = () => true } = VIEW[part] as Property<unknown> & (typeof VIEW)[ViewName];
    if (state[part] !== null && told(state)) params.set(name, write(state[part]));
  }
  if (state.other) {
    const beside = new URLSearchParams();
    writeSetting(beside, state.other.setting, state.other.step);
    params.set('beside', beside.toString());
  }
  params.set('kernels', String(KERNELS_VERSION));
  return params.toString();
}

/** Everything that may stand in a link. */
const SETTING_FIELDS = [...Object.keys(RUN), 'step', ...Object.keys(KNOBS)];
const FIELDS = [...SETTING_FIELDS, ...VIEW_NAMES.map((name) => VIEW[name].name), 'beside', 'kernels'];

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
  const complaints = strangeNames(params, FIELDS);
  const read = <T>(from: URLSearchParams, name: string, { read: parse }: Property<T>): T | undefined => {
    const text = from.get(name);
    if (text === null) return undefined;
    try {
      return parse(text);
    } catch (error) {
      complaints.push(`${name} is ${quoted(text, 40)} and must be ${(error as Error).message}`);
      return undefined;
    }
  };
  const trained = (from: URLSearchParams): Trained => {
    const { preset, seed } = DEFAULTS.setting;
    let setting: Setting = {
      preset: read(from, 'preset', RUN.preset) ?? preset,
      seed: read(from, 'seed', RUN.seed) ?? seed,
      turned: {},
    };
    for (const [name, property] of Object.entries(KNOBS)) {
      const value = read<unknown>(from, name, property as Property<unknown>);
      if (value !== undefined) setting = turn(setting, { [name]: value });
    }
    return { setting, step: read(from, 'step', whole(0, stepsOf(setting.preset))) ?? 0 };
  };
  const main = trained(params);
  const beside = params.get('beside');
  const told = complaints.length;
  const besides = beside === null ? null : new URLSearchParams(beside);
  if (besides) complaints.push(...strangeNames(besides, SETTING_FIELDS));
  const other = besides && trained(besides);
  for (let i = told; i < complaints.length; i++) complaints[i] = `beside: ${complaints[i]}`;
  const view: Record<string, unknown> = {};
  for (const part of VIEW_NAMES) {
    const property = part === 'viewed' ? { ...VIEW.viewed, ...whole(0, main.step) } : VIEW[part];
    view[part] = read<unknown>(params, property.name, property as Property<unknown>) ?? property.initial;
  }
  if (view.viewed === main.step) view.viewed = null;
  const state = { ...DEFAULTS, ...view, ...main, other } as LinkState;
  // Links of the first version name none.
  return { state, complaints, kernels: read(params, 'kernels', whole(1, 9999)) ?? 1 };
}

/** What to say of a link to a trained run whose kernels are others than this page's; null where they are the same. */
export const otherKernels = ({ step, other }: LinkState, kernels: number): string | null =>
  kernels === KERNELS_VERSION || (step === 0 && !other?.step)
    ? null
    : `This link is of version ${kernels} of the kernels, this page has version ${KERNELS_VERSION}: the run is trained anew, and its last bits may differ.`;
