// What is asked of a language model: what the text costs it, token by token, what its heads do, what is left with some of them
// off beside random ones, and the audit's three answers.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { SHIPPED } from '../lab/shipped.ts';
import type { Shown } from '../lab/state.ts';
import type { HeadBars, RandomOff } from '../protocol.ts';
import type { ShippedName } from '../shippedNames.ts';
import { wordIn } from '../viewText.ts';
import { Action } from './Action.tsx';
import { AuditAction } from './AuditAction.tsx';

/** Share of attention above chance from which on a head is said to look at the previous token, and to follow a repeat. */
const LOOKS_BACK = 0.3;
const FOLLOWS = 0.3;
/** Heads that are named. */
const MOST_NAMED = 8;

const nats = (x: number): string => x.toFixed(2).replace('-', '−');
const lossOf = (share: number): number => -Math.log(Math.max(share, 1e-30));

/** Every token with what it cost: the fuller the colour, the dearer. */
function Prices({ shown }: { shown: Shown }): JSX.Element {
  const losses = [...shown.truth].map(lossOf);
  const counted = losses.slice(Math.max(0, shown.start - 1));
  const mean = counted.reduce((sum, x) => sum + x, 0) / Math.max(1, counted.length);
  return (
    <>
      <p>
        Each token costs <b data-testid="text-loss">{nats(mean)}</b> nats on average
        {shown.broken ? ', as the model is broken now' : ''}; guessing among its tokens would cost {nats(shown.lnVocab)}
        .
      </p>
      <p class="prices" data-testid="prices">
        {shown.tokens.map((token, position) => {
          const loss = position === 0 ? null : (losses[position - 1] as number);
          const price = loss === null ? '' : nats(loss);
          return (
            <span
              key={position}
              class="price"
              style={{ '--price': loss === null ? 0 : Math.min(1, loss / (1.5 * shown.lnVocab)) }}
              title={loss === null ? 'the first token costs nothing' : `${price} nats`}
            >
              {wordIn(shown, token)}
              <small>{price}</small>
            </span>
          );
        })}
      </p>
    </>
  );
}

const named = (heads: readonly HeadBars[], score: (head: HeadBars) => number): string =>
  heads
    .slice(0, MOST_NAMED)
    .map((head) => `${head.label} (${score(head).toFixed(2)})`)
    .join(', ') + (heads.length > MOST_NAMED ? ` and ${heads.length - MOST_NAMED} more` : '');

const strongest = (bars: readonly HeadBars[], score: (head: HeadBars) => number): HeadBars[] =>
  [...bars].sort((a, b) => score(b) - score(a));

/** Which heads look back, and which follow a repeat; that there are none is said as plainly. */
function Heads({ shown }: { shown: Shown }): JSX.Element {
  const back = strongest(shown.bars, (h) => h.previousToken);
  const follow = strongest(shown.bars, (h) => h.excess);
  const previous = back.filter((h) => h.previousToken - shown.chance.previousToken > LOOKS_BACK);
  const induction = follow.filter((h) => h.excess > FOLLOWS);
  return (
    <ul class="heads-named">
      <li>
        <b>Previous-token heads:</b>{' '}
        {previous.length > 0
          ? named(previous, (h) => h.previousToken)
          : `none; ${named(back.slice(0, 1), (h) => h.previousToken)} comes closest`}
        .
      </li>
      <li data-testid="induction-heads">
        <b>Induction heads:</b>{' '}
        {induction.length > 0
          ? named(induction, (h) => h.excess)
          : `none. ${follow[0]?.label} comes closest: it gives ${(follow[0]?.excess ?? 0).toFixed(2)} more of its attention to the token after the earlier copy than to the same place without a copy; an induction head gives most of it.`}
      </li>
    </ul>
  );
}

/** Weights up to which heads are compared with random ones at once, without being asked. */
const QUICK = 5e6;

/** What the text costs without the heads that are off, beside as many random heads of the same layers. */
function BesideRandom({ shown }: { shown: Shown }): JSX.Element | null {
  const { ask, report } = useLab();
  const [found, setFound] = useState<RandomOff | null>(null);
  const [busy, setBusy] = useState(false);
  const { ablated, request } = shown.look;
  const measure = (): void => {
    setBusy(true);
    ask('randomOff', {})
      .then(setFound, report)
      .finally(() => setBusy(false));
  };
  const quick = shown.run.parameters <= QUICK;
  useEffect(() => {
    if (quick && ablated.length > 0) measure();
  }, [request]);
  if (ablated.length === 0)
    return (
      <p class="quiet">
        Switch heads off below their patterns: as many random heads of the same layers are then switched off beside
        them.
      </p>
    );
  const current = found !== null && found.request === request ? found : null;
  const row = (title: string, off: RandomOff['all']): JSX.Element => (
    <tr key={title}>
      <th scope="row">{title}</th>
      <td>{nats(off.clean.value)}</td>
      <td>{nats(off.without.value)}</td>
      <td>
        {off.random.length === 0
          ? 'no other heads'
          : `${nats(off.randomMean.value)} (${nats(Math.min(...off.random.map((r) => r.without)))} to ${nats(Math.max(...off.random.map((r) => r.without)))})`}
      </td>
    </tr>
  );
  return (
    <div data-testid="random-off">
      {current ? (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">nats a token</th>
                <th scope="col">whole</th>
                <th scope="col">{current.all.heads.join(', ')} off</th>
                <th scope="col">as many random heads of the same layers off, 10 draws</th>
              </tr>
            </thead>
            <tbody>
              {row('all tokens', current.all)}
              {current.copied ? row(`the ${current.copies} that copying would give`, current.copied) : null}
            </tbody>
          </table>
        </div>
      ) : (
        <p>
          <Action idle={busy} onPress={measure}>
            {busy ? 'Measuring …' : 'Compare with random heads off'}
          </Action>
        </p>
      )}
    </div>
  );
}

/** The three questions, and what was found. */
function Answers(): JSX.Element {
  const { currentAnswer } = useLab();
  const said = currentAnswer.value?.record;
  return (
    <>
      <div class="row spread">
        <h4>Has it learned induction?</h4>
        <AuditAction idle={said !== undefined} />
      </div>
      <div aria-live="polite" data-testid="verdict">
        {said ? (
          <>
            <p class="word">
              <b>{said.sentence}</b>
            </p>
            <dl class="answers">
              <dt>Does the loss fall on a repeat?</dt>
              <dd>{said.behaviour.says}</dd>
              <dt>Do heads follow the repeat?</dt>
              <dd>{said.attention.says}</dd>
              <dt>Is the fall lost with those heads off?</dt>
              <dd>{said.cause.says}</dd>
            </dl>
          </>
        ) : (
          <p class="quiet">
            Three questions that are kept apart, each measured on random tokens that are text: behaviour, attention,
            cause.
          </p>
        )}
      </div>
    </>
  );
}

export function LanguagePanel(): JSX.Element {
  const { viewOfTokens } = useLab();
  const shown = viewOfTokens.value;
  const name = shown?.run.file?.shipped as ShippedName | undefined;
  return (
    <section class="panel verdict language" aria-labelledby="language-title" data-testid="language">
      <h3 id="language-title">A language model</h3>
      {name ? <p class="quiet">{SHIPPED[name].about}</p> : null}
      {shown?.words ? (
        <>
          <Prices shown={shown} />
          <Heads shown={shown} />
          <h4>Heads off, and random heads off</h4>
          <BesideRandom shown={shown} />
        </>
      ) : null}
      <Answers />
    </section>
  );
}
