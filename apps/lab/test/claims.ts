// What the page says of a model, read off it sentence by sentence, and compared with a second reading of the weights whose
// fingerprint stands beside it.
import { headMarks, type StepRecord } from '@induction-lab/core/node';
import { all, one, text, textOf } from './page.tsx';
import type { SecondReading, Seen } from './secondReading.ts';

/** What a claim is checked against. */
export interface Truth {
  /** The weights with a fingerprint; null where no run or file has such. */
  ofFingerprint(fingerprint: string): SecondReading | null;
  /** The records of the run on the bench, trained apart; null for a file. */
  readonly records: readonly StepRecord[] | null;
  /** The weights of the run on the bench at a step, trained apart; of a file, its own. */
  atStep(step: number): SecondReading;
  /** The run beside: its weights at a step. */
  beside(step: number): SecondReading | null;
  /** Numbers of the reader's own tokens, as they are shown. */
  readonly own: readonly number[] | null;
  readonly kind: Seen['kind'];
  readonly longest: number;
}

/** Two decimals, one step of the last of them apart at most: sums in another order round differently. */
const near = (said: string | number, is: number, step = 0.01): boolean =>
  Math.abs(Number(String(said).replace('−', '-')) - is) <= 1.01 * step;

/** What is broken, as the heads' own buttons and those of the paths say it. */
const brokenNow = (): Pick<Seen, 'off' | 'cuts'> => ({
  off: all('button[aria-label^="off L"]').map((button) => button.getAttribute('aria-label')?.slice(4) as string),
  cuts: (['q', 'k', 'v'] as const).filter((path) => one(`[data-testid="cut-${path}"][aria-pressed="true"]`)),
});

/** Every sentence that does not hold; empty where all do. The page rests. */
export function falseClaims(truth: Truth): string[] {
  const wrong: string[] = [];
  const claim = (holds: boolean, what: string, instead?: unknown): void => {
    if (!holds) wrong.push(instead === undefined ? what : `${what} (second reading: ${String(instead)})`);
  };
  const fingerprint = text('.fingerprint');
  const model = truth.ofFingerprint(fingerprint);
  if (!model) return [`weights ${fingerprint} are of nothing that was trained or opened`];
  const step = Number(one('.fingerprint')?.dataset.step);
  claim(
    truth.atStep(step).fingerprint === fingerprint,
    `${text('.speedometer')}: other weights`,
    truth.atStep(step).fingerprint,
  );
  const saidPeriod = text('label[for="probe-period"] b');
  const intact: Seen = {
    ...{ period: Number(saidPeriod) || 0, tokens: saidPeriod === 'own' ? truth.own : null },
    ...{ off: [], kind: truth.kind, cuts: [] },
  };
  const seen: Seen = { ...intact, ...brokenNow() };
  const isBroken = seen.off.length + seen.cuts.length > 0;
  const parts = [...seen.off.map((label) => `${label} off`), ...seen.cuts.map((path) => `${path.toUpperCase()} cut`)];
  // Paths stand there in the order in which they were cut.
  const strip = text('[data-testid="broken"] span').replace('Broken while you look: ', '');
  const named = strip === '' ? [] : strip.split(/, | and /);
  claim(named.sort().join() === parts.sort().join(), `broken: ${strip}`, parts);

  lossClaims();
  scoreClaims();
  verdictClaims();
  timelineClaims();
  pointedClaims();
  besideClaims();
  return wrong;

  function lossClaims(): void {
    const loss = model!.loss(seen);
    const said = text('[data-testid="loss-repeat"]');
    const line = text('.loss-now p');
    if (said === '') claim(loss === null, 'no loss is shown', loss);
    else if (loss === null) claim(false, line, 'nothing can be copied');
    else {
      claim(near(said, loss), line, loss);
      const word = loss > model!.guessing * 1.05 ? 'worse' : loss < model!.guessing / 2 ? 'solved' : 'not solved';
      const told = /, (worse|solved|not solved)/.exec(line)?.[1];
      const close = [0.5, 1, 1.05].some((share) => Math.abs(loss - share * model!.guessing) < 0.02);
      claim(told === word || close, line, word);
      const whole = text('[data-testid="loss-intact"]');
      claim((whole !== '') === isBroken, `${line}: intact or not`, parts);
      if (whole !== '') claim(near(whole, model!.loss(intact) as number), line, model!.loss(intact));
    }
    const sweep = one('[data-testid="sweep"]')?.getAttribute('aria-label') ?? '';
    const swept = /from 2 to (\d+); below half of guessing: (.*)\.$/.exec(sweep);
    if (swept) {
      claim(Number(swept[1]) === truth.longest, sweep, truth.longest);
      const solved = model!.solved(seen, truth.longest).join(', ') || 'none';
      claim(swept[2] === solved, sweep, solved);
    }
    const expected = text('[data-testid="expected"]');
    if (expected !== '') {
      const next = model!.next(seen, (truth.own?.length ?? 1) - 1);
      claim(near(/\((\d+) %\)/.exec(expected)?.[1] ?? 'x', 100 * Math.max(...next), 1), expected, Math.max(...next));
    }
    const told = text('[data-testid="told"]');
    const costs = /costs(?: it)? ([\d.]+) nats/.exec(told)?.[1] ?? /with period \d+: ([\d.]+) nats/.exec(told)?.[1];
    if (costs !== undefined) claim(near(costs, model!.loss(seen) ?? Number.NaN), told, model!.loss(seen));
    for (const shown of all('.enlarged figure')) {
      const mean = /: ([\d.]+) on the stripe/.exec(textOf(shown))?.[1];
      if (mean === undefined) continue;
      const control = /no repeat/.test(textOf(shown));
      if (control) continue; // a mean over other sequences where heads are off by their mean
      const label = /L\d+H\d+/.exec(text('#enlarged-title'))?.[0] as string;
      const weight = model!.pattern(seen, label);
      const cells = Array.from({ length: seen.period - 1 }, (_, i) => model!.start + seen.period + i).filter(
        (q) => q < model!.config.nCtx,
      );
      const is = cells.reduce((sum, q) => sum + weight(q, q - seen.period + 1), 0) / cells.length;
      claim(near(mean, is), `${label} ${textOf(shown)}`, is);
    }
  }

  /** The audit's words for heads, where it is about these weights. */
  function marks(): ReadonlyMap<string, string> | null {
    const word = text('[data-testid="verdict"] .word');
    if (word === '' || /other weights/.test(word)) return null;
    return one('[data-testid="proof"]') ? null : headMarks({ audit: model!.audit });
  }

  function scoreClaims(): void {
    const roles: Record<string, string> = {};
    const audited = marks();
    const proven = one('[data-testid="proof"]') !== null;
    for (const [label, head] of model!.scores) {
      const looks =
        head.inductionExcess.value > 0.3
          ? 'induction'
          : head.previousToken.value > 0.4
            ? 'previous token'
            : head.positionalOffset.aboveChance > 0.3
              ? 'fixed distance'
              : '';
      roles[label] = audited?.get(label) ?? looks;
    }
    for (const bar of all('button[aria-label*=": previous-token "]')) {
      const said = bar.getAttribute('aria-label') as string;
      const found =
        /^(L\d+H\d+)(?:, (.*))?: previous-token ([\d.−-]+), induction ([\d.−-]+), without a repeat ([\d.−-]+)$/.exec(
          said,
        );
      const head = model!.scores.get(found?.[1] ?? '');
      if (!found || !head) {
        claim(false, said, 'no such head');
        continue;
      }
      claim(
        near(found[3]!, head.previousToken.value) &&
          near(found[4]!, head.inductionStripe.value) &&
          near(found[5]!, head.inductionStripeControl.value),
        said,
        [head.previousToken.value, head.inductionStripe.value, head.inductionStripeControl.value],
      );
      if (found[2] !== undefined && !proven) claim(found[2] === roles[found[1]!], said, roles[found[1]!]);
    }
    claim(all('button[aria-label*=": previous-token "]').length === model!.scores.size, 'every head has its scores');
    for (const tile of all('button[aria-label$="attention pattern, enlarge"]')) {
      const said = tile.getAttribute('aria-label') as string;
      const [, label, role] = /^(L\d+H\d+)(?:, (.*))?: /.exec(said) ?? [];
      if (role !== undefined && !proven) claim(role === roles[label as string], said, roles[label as string]);
    }
    const guess = text('[data-testid="guess"]');
    const called = /You guessed (\S+) at step \d+\. (?:The audit calls it (.*)\.|Its pattern looks like (.*);)/.exec(
      guess,
    );
    if (called && !proven) {
      const is = roles[called[1]!] || (called[2] ? 'neither of the circuit’s heads' : 'nothing in particular');
      claim((called[2] ?? called[3]) === is, guess, is);
    }
  }

  function verdictClaims(): void {
    const word = text('[data-testid="verdict"] .word');
    if (word === '') return;
    const elsewhere = /on other weights than are shown, those of step (\d+)/.exec(word);
    const of = elsewhere ? truth.atStep(Number(elsewhere[1])) : model!;
    if (elsewhere) claim(of.fingerprint !== fingerprint, word, 'they are these');
    const { audit } = of;
    claim(text('[data-testid="verdict"] .word b') === audit.verdict, word, audit.verdict);
    claim(/on the intact model/.test(word) === isBroken, `${word}, with ${parts}`);
    claim(
      text('[data-testid="verdict"]').includes(audit.sentence.replace(/\s+/g, ' ')),
      'the verdict’s sentence',
      audit.sentence,
    );
    const { periods, margins } = audit.evidence;
    const solved = periods.filter((p) => p.solved).map((p) => p.period);
    const chart = one('.periods svg')?.getAttribute('aria-label') ?? '';
    claim(chart.endsWith(`solved: ${solved.join(', ') || 'none'}`), chart, solved);
    for (const { what, value } of margins)
      claim(
        all('[data-testid="verdict"] tr').some((row) => textOf(row).startsWith(`${what}${value.toFixed(2)}`)),
        `the margin ${what}`,
        value,
      );
    const stripe = /(L\d+H\d+), the brightest stripe: ([\d.]+) of its attention with a repeat, ([\d.]+) on/.exec(
      text('.stripe-pair figcaption'),
    );
    if (stripe) {
      const head = model!.scores.get(stripe[1]!)!;
      claim(
        near(stripe[2]!, head.inductionStripe.value) && near(stripe[3]!, head.inductionStripeControl.value),
        stripe[0],
        [head.inductionStripe.value, head.inductionStripeControl.value],
      );
      claim(!isBroken && seen.tokens === null, stripe[0], 'the picture is of another look');
    }
    const badge = text('[data-testid="badge"] b');
    claim(
      badge === (elsewhere ? `${audit.verdict} at step ${elsewhere[1]}; ask again` : audit.verdict),
      `badge: ${badge}`,
      audit.verdict,
    );
  }

  function timelineClaims(): void {
    const { records } = truth;
    const chart = one('.losses [role="img"]')?.getAttribute('aria-label') ?? '';
    if (records === null || !one('.timeline')) return;
    claim(text('.timeline output') === `step ${step}`, text('.timeline output'), step);
    const trained = Number(text('[data-testid="step"]'));
    const curve = /^Loss curves up to step (\d+), mean of the last (\d+) steps: .*?repeat ([\d.]+) nats/.exec(chart);
    if (!curve) return;
    claim(Number(curve[1]) === trained, chart, trained);
    const segments = records.slice(0, trained).slice(-Number(curve[2]));
    const losses = segments.map((record) => record.segments.repeat as number);
    const mean = losses.reduce((sum, x) => sum + x, 0) / losses.length;
    claim(near(curve[3]!, mean), chart, mean);
    const fell = /The loss fell at step (\d+)/.exec(chart)?.[1];
    const windows = records.slice(0, trained).map((_, i) => records.slice(Math.max(0, i - 4), i + 1));
    const fall = windows.findIndex(
      (five) =>
        five.length === 5 && five.reduce((sum, r) => sum + (r.segments.repeat as number), 0) / 5 < model!.guessing / 2,
    );
    claim(fell === undefined ? fall < 0 : Number(fell) === fall + 1, chart, fall + 1);
  }

  function pointedClaims(): void {
    const arcs = text('[data-testid="arcs"] figcaption');
    const whole = /^(L\d+H\d+) looks sharply from (\d+) of (\d+) positions/.exec(arcs);
    const sharpest = (weight: (q: number, k: number) => number, q: number): number =>
      Math.max(...Array.from({ length: q + 1 }, (_, k) => weight(q, k)));
    const isSharp = (label: string, q: number): boolean => sharpest(model!.pattern(seen, label), q) - 1 / (q + 1) > 0.3;
    const size = model!.tokens(seen).length;
    if (whole) {
      const count = Array.from({ length: size }, (_, q) => q).filter((q) => isSharp(whole[1]!, q)).length;
      claim(Number(whole[2]) === count && Number(whole[3]) === size, arcs, count);
    }
    const cell = text('[data-testid="cell"]');
    if (cell === '') return;
    const at =
      /^query (\d+) \(token .*?\) → key (\d+) \(token .*?\)(?:, (L\d+H\d+) gives it ([\d.]+))?\. Predicts .*? \((\d+) %\)/.exec(
        cell,
      );
    if (!at) {
      claim(false, cell, 'not understood');
      return;
    }
    const [query, key] = [Number(at[1]), Number(at[2])];
    if (at[3])
      claim(
        near(at[4]!, model!.pattern(seen, at[3])(query, key), 0.001),
        cell,
        model!.pattern(seen, at[3])(query, key),
      );
    claim(near(at[5]!, 100 * Math.max(...model!.next(seen, query)), 1), cell, Math.max(...model!.next(seen, query)));
    const looking = [...model!.scores.keys()].filter((label) => isSharp(label, query));
    const named = [...new Set(/Who looks where: (.*)$/.exec(cell)?.[1]?.match(/L\d+H\d+/g) ?? [])].sort();
    claim(named.join() === looking.sort().join(), cell, looking);
  }

  function besideClaims(): void {
    const said = text('[data-testid="beside"] p');
    if (said === '') return;
    const found = /step (\d+)(?:: loss on the repeat ([\d.]+))?$/.exec(said);
    const other = found && truth.beside(Number(found[1]));
    if (!found || !other) {
      claim(false, said, 'no such run');
      return;
    }
    // Heads are off in both.
    const { nLayers, nHeads } = other.config;
    const has = (label: string): boolean => {
      const [, layer, head] = /L(\d+)H(\d+)/.exec(label) as RegExpExecArray;
      return Number(layer) < nLayers && Number(head) < nHeads;
    };
    const look = { ...seen, off: seen.off.filter(has), cuts: nLayers < 2 ? [] : seen.cuts };
    if (found[2]) claim(near(found[2], other.loss(look) as number), said, other.loss(look));
    for (const row of all('[data-testid="beside-scores"] tbody tr')) {
      const numbers = [...textOf(row).matchAll(/−?\d+\.\d\d/g)].map(([x]) => x);
      const label = /^L\d+H\d+/.exec(textOf(row))?.[0] as string;
      const both = [model!.scores.get(label), other.scores.get(label)];
      const is = [
        ...both.flatMap((h) => (h ? [h.previousToken.value] : [])),
        ...both.flatMap((h) => (h ? [h.inductionStripe.value, h.inductionStripeControl.value] : [])),
      ];
      claim(
        is.every((x, i) => near(numbers[i] ?? 'none', x)),
        textOf(row),
        is,
      );
    }
  }
}
