// A reader who does one thing after another at random, and a page that after each of them may say only what holds.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  decodeCheckpoint,
  KERNELS_VERSION,
  type ModelConfig,
  type NamedWeights,
  parseExperiment,
  type StepRecord,
  startInline,
  train,
} from '@induction-lab/core/node';
import fc from 'fast-check';
import type { Lab } from '../src/lab/createLab.ts';
import { longestPeriod } from '../src/lab/state.ts';
import { settingText } from '../src/link.ts';
import { experimentOf, type Setting } from '../src/setting.ts';
import { falseClaims, type Truth } from './claims.ts';
import { engine, labInProcess, memoryStorage } from './inProcess.ts';
import { all, mount, one, press, set, textOf } from './page.tsx';
import { SecondReading } from './secondReading.ts';

/** Steps that runs are trained for at most. */
const STEPS = 40;

/** A run trained apart from the page: what was recorded, and what its weights were after each step. */
interface Apart {
  readonly records: readonly StepRecord[];
  readonly states: readonly SecondReading[];
}

const trainedApart = new Map<string, Promise<Apart>>();

function trainApart(setting: Setting): Promise<Apart> {
  const key = settingText(setting);
  const before = trainedApart.get(key);
  if (before) return before;
  const made = (async (): Promise<Apart> => {
    const experiment = parseExperiment(experimentOf(setting));
    const records: StepRecord[] = [];
    const states: SecondReading[] = [];
    const enough = new AbortController();
    await train({
      ...{ engine, experiment, seed: setting.seed, threads: 1, startPool: startInline(), signal: enough.signal },
      pauseAt: (step) => step + 1,
      observer: {
        onStep: (record) => records.push(record),
        onPause: ({ step, weights }) => {
          states[step] = new SecondReading(engine, experiment.model, weights());
          if (step >= STEPS) enough.abort();
        },
      },
    });
    return { records, states };
  })();
  trainedApart.set(key, made);
  return made;
}

function readFile(path: string): SecondReading {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(path, import.meta.url))));
  const { config, weights } = decodeCheckpoint(bytes, path) as { config: ModelConfig; weights: NamedWeights };
  return new SecondReading(engine, config, weights);
}

/** Models that the page brings along. */
const FILES = [
  '../src/gallery/circuit.safetensors',
  '../src/lesson/states/two-heads-300.safetensors',
  '../src/lesson/states/literal-400.safetensors',
];
const files = new Map<string, SecondReading>();

const tick = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What the page says now against runs that were trained apart. */
async function checked(lab: Lab): Promise<string[]> {
  const shown = lab.view.value;
  const on = lab.run.value;
  if (!shown || !on) return [];
  if (files.size === 0)
    for (const path of FILES) {
      const reading = readFile(path);
      files.set(reading.fingerprint, reading);
    }
  // What is not trained here came from a file.
  const apart = isTiny(lab.setting.value) && !on.file ? await trainApart(lab.setting.value) : null;
  const { other } = lab;
  const besides = other.value ? await trainApart(other.value.setting) : null;
  if (lab.view.value !== shown || lab.run.value !== on) {
    // A kept run that was being read came onto the bench meanwhile: what is said of it is checked instead.
    await settled(lab);
    return checked(lab);
  }
  const known = new Map([...files, ...(apart?.states ?? []).map((state) => [state.fingerprint, state] as const)]);
  const file = files.get(shown.fingerprint);
  const at = (step: number): SecondReading => apart?.states[step] ?? (file as SecondReading);
  const truth: Truth = {
    ofFingerprint: (fingerprint) => known.get(fingerprint) ?? null,
    records: apart?.records ?? null,
    atStep: at,
    beside: (step) => besides?.states[step] ?? null,
    own: shown.look.tokens,
    kind: shown.look.kind as Truth['kind'],
    longest: longestPeriod(on.experiment.model),
  };
  return falseClaims(truth);
}

/** A run that is trained in a moment. */
const isTiny = ({ turned }: Setting): boolean => turned.batch === 4;

/** Settles when the page rests and shows what was asked for. */
async function settled(lab: Lab): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    await tick(5);
    const { judging, opening, status, underWay, view, viewOfScores, viewOfTokens } = lab;
    const scores = viewOfScores.value === view.value && viewOfTokens.value === view.value;
    if (
      !judging.value &&
      opening.value === null &&
      !underWay.value &&
      status.value !== 'playing' &&
      !lab.rewinding.value &&
      scores
    )
      break;
    if (Date.now() > until) {
      const state = { judging, opening, status, underWay, request: lab.request, scores: { value: scores } };
      const told = Object.entries(state).map(([name, { value }]) => `${name} ${JSON.stringify(value)}`);
      throw new Error(`The page does not come to rest: ${told.join(', ')}; it shows look ${view.value?.look.request}.`);
    }
  }
  await tick(2);
  await tick(2);
}

const linkOf = (pick: number): string => {
  const [preset, layers, heads] = (
    [
      ['two-heads', 2, 2],
      ['two-heads', 1, 2],
      ['literal', 2, 1],
      ['two-heads', 2, 3],
    ] as const
  )[pick % 4]!;
  const bos = pick % 3 === 0 ? '&bos=yes' : '';
  const step = [0, 4, 9, 20][pick % 5] ?? 13;
  return `preset=${preset}&seed=${1 + (pick % 3)}&layers=${layers}&heads=${heads}&batch=4${bos}&step=${step}&kernels=${KERNELS_VERSION}`;
};

const TYPED = ['3 5 9 3 5', 'the cat sat on the', 'the cat the mat', '1 2 3 4', 'a b a b a b a', '7', '900 1 900'];

const pressOne = (selector: string, pick: number): void => {
  const usable = all(selector).filter(
    (element) => element.getAttribute('aria-disabled') !== 'true' && !element.hasAttribute('disabled'),
  );
  if (usable.length > 0) press(usable[pick % usable.length] as HTMLElement);
};

const button = (name: RegExp): HTMLElement | undefined => all('button').find((element) => name.test(textOf(element)));
const pressNamed = (name: RegExp): void => {
  const found = button(name);
  if (found && found.getAttribute('aria-disabled') !== 'true' && !found.hasAttribute('disabled')) press(found);
};

/** What a reader may do; `pick` chooses among what there is. */
const ACTIONS: Readonly<Record<string, (lab: Lab, pick: number) => unknown>> = {
  train: (lab, pick) => {
    if (isTiny(lab.setting.value) && !lab.isLoaded.value)
      return lab.ask('control', { action: 'play', until: Math.min(STEPS, lab.step.value + 1 + (pick % 9)) });
  },
  step: (lab) => {
    if (isTiny(lab.setting.value) && lab.step.value < STEPS) pressNamed(/^One step$/);
  },
  switchOff: (_, pick) => pressOne('button[aria-label^="switch off L"]', pick),
  switchOn: (_, pick) => pressOne('button[aria-label^="off L"]', pick),
  cut: (_, pick) => pressOne('[data-testid^="cut-"]', pick),
  kind: (lab, pick) => lab.change({ kind: (['zero', 'mean', 'pattern-preserving'] as const)[pick % 3]! }),
  restore: () => pressNamed(/^Restore all$/),
  period: (lab, pick) => {
    const slider = one('[data-testid="period"]');
    if (slider && !lab.ownSeen.value) set(slider, String(2 + (pick % 24)), 'input');
  },
  scrub: (lab, pick) => {
    const slider = one('[data-testid="timeline"]');
    if (slider) set(slider, String(pick % lab.progress.value.kept.length), 'input');
  },
  resume: (lab) => {
    if (isTiny(lab.setting.value)) pressNamed(/^Resume from here$/);
  },
  backwards: () => pressOne('[data-testid="rewind"]', 0),
  type: (_, pick) => {
    const field = one('[data-testid="own"]');
    if (field) set(field, TYPED[pick % TYPED.length] as string, 'input');
  },
  clear: () => {
    const field = one('[data-testid="own"]');
    if (field) set(field, '', 'input');
  },
  enlarge: (_, pick) => pressOne('button[aria-label$="attention pattern, enlarge"]', pick),
  guess: () => pressOne('[data-testid="guess-head"]', 0),
  roles: (lab) => lab.showRoles(!lab.rolesShown.value),
  point: (lab, pick) => {
    const size = lab.view.value?.tokens.length ?? 1;
    const query = pick % size;
    lab.cell.value = { query, key: pick % (query + 1), head: pick % 2 ? 0 : null };
  },
  pointHead: (lab, pick) => {
    lab.pointedHead.value = pick % 3 ? pick % (lab.view.value?.bars.length ?? 1) : null;
  },
  audit: () => pressOne('[data-testid="audit"]', 0),
  open: (lab, pick) => lab.openAddress(linkOf(pick)),
  openWithoutWaiting: (lab, pick) => void lab.openAddress(linkOf(pick + 1)),
  reset: (lab) => {
    if (isTiny(lab.setting.value)) pressNamed(/^Reset$/);
  },
  compare: (lab, pick) => {
    if (isTiny(lab.setting.value) && !lab.isLoaded.value)
      return lab.compareWith({ ...lab.setting.value, seed: 1 + (pick % 3) });
  },
  endComparison: () => pressNamed(/^End the comparison$/),
  gallery: async (lab, pick) => {
    pressNamed(pick % 2 ? /^Model A$/ : /^Model E$/);
    for (let waited = 0; waited < 40 && !lab.isLoaded.value; waited++) await tick(25);
  },
  setUp: (_, pick) => pressNamedAmong(/^Set the bench up$/, [0, 1, 3, 4][pick % 4]!),
  undo: () => pressOne('[data-testid="undo"]', 0),
  kept: async () => {
    pressOne('.kept button[aria-label^="Open"]', 0);
    await tick(60);
  },
  // Long enough for what is measured without being asked for.
  rest: () => tick(700),
};

function pressNamedAmong(name: RegExp, index: number): void {
  const found = all('button').filter((element) => name.test(textOf(element)))[index];
  if (found) press(found);
}

/** Actions that take long are done less often. */
const RARE = ['audit', 'prove', 'gallery', 'setUp', 'compare', 'kept'];

const action = fc.record({
  does: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...Object.keys(ACTIONS).filter((name) => !RARE.includes(name))) },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(ACTIONS).filter((name) => RARE.includes(name))) },
  ),
  pick: fc.nat(999),
  /** Whether the reader goes on before the page has come to rest. */
  hasty: fc.boolean(),
});

/**
 * Does so many actions at random, in so many sequences, and asks of the page after each that rests that all its sentences hold.
 * @param random.seed Of the actions; printed where a sentence does not hold.
 */
export async function allHolds(random: {
  readonly seed: number;
  readonly sequences: number;
  readonly actions: number;
}): Promise<number> {
  const { seed, sequences, actions } = random;
  const lab = labInProcess(memoryStorage());
  await mount(lab);
  await lab.openAddress(linkOf(1));
  await settled(lab);
  let checks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: actions, maxLength: actions }), async (all) => {
      const done: string[] = [];
      try {
        for (const [i, { does, pick, hasty }] of all.entries()) {
          done.push(`${does} ${pick}${hasty ? ' …' : ''}`);
          await (ACTIONS[does] as (typeof ACTIONS)[string])(lab, pick);
          if (hasty && i < all.length - 1) {
            await tick(pick % 7);
            continue;
          }
          await settled(lab);
          checks++;
          const wrong = await checked(lab);
          if (wrong.length > 0) throw new Error(wrong.join('\n'));
        }
      } catch (error) {
        throw new Error(`${(error as Error).message}\nafter ${done.join(', ')}`, { cause: error });
      }
    }),
    { seed, numRuns: sequences, endOnFailure: true },
  );
  return checks;
}
