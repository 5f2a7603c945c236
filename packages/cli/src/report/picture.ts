// The first screen of the report: for each training its curve, the two heads that tell, the verdict, and what it teaches.
import { type ExamplePatterns, type HeadScores, headMarks } from '@induction-lab/core/node';
import { patternStrip } from '@induction-lab/figures/node';
import { type Draw, figureOptions } from '../figures/drawing.ts';
import { lossFigure, stripeOf } from '../figures/modelFigures.ts';
import { lossPoints } from '../runs/runFolder.ts';
import type { HoverData } from './hover.ts';
import { escapeHtml, nats } from './html.ts';
import { ACTS, taught } from './story.ts';
import { figure, type ToldRun } from './told.ts';

/** Width of the figures in a row of the picture. */
const SMALL = 320;

/** A head on one of the examples, and what it is or pretends to be. */
interface TellingPattern {
  readonly label: string;
  readonly caption: string;
  readonly example: ExamplePatterns;
}

/**
 * The patterns that tell how a model copies: those of the previous-token head and the induction head of its circuit. Of a
 * shortcut, the head that pretends to be an induction head, with a repeat and without. Of any other model the heads that
 * score highest as a previous-token head in the first layer and as an induction head.
 */
export function tellingPatterns(run: ToldRun): [TellingPattern, TellingPattern] {
  const { half, control } = run.examples;
  const { heads } = run.audit.scores;
  const marks = [...headMarks(run)];
  const top = (score: 'previousToken' | 'inductionStripe', from: readonly HeadScores[]): HeadScores =>
    from.reduce((a, b) => (b[score].value > a[score].value ? b : a));
  const pretender = top('inductionStripe', heads);
  if (run.audit.positionalHeads.includes(pretender.label) && run.audit.followers.length === 0)
    return [
      { label: pretender.label, caption: `induction score ${nats(pretender.inductionStripe.value)}`, example: half },
      {
        label: pretender.label,
        caption: `nothing repeats: ${nats(pretender.inductionStripeControl.value)}`,
        example: control,
      },
    ];
  const found = (score: 'previousToken' | 'inductionStripe', name: string, otherwise: HeadScores): TellingPattern => {
    const role = `${name} head`;
    const marked = marks.find(([, mark]) => mark === role)?.[0];
    const head = heads.find(({ label }) => label === marked);
    const { label, [score]: value } = head ?? otherwise;
    return { label, caption: `${head ? `${role},` : `${name} score`} ${nats(value.value)}`, example: half };
  };
  const first = heads.filter(({ layer }) => layer === 0);
  return [
    found('previousToken', 'previous-token', top('previousToken', first)),
    found('inductionStripe', 'induction', pretender),
  ];
}

export function picture(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
  const rows = runs.map((run) => {
    const { name, audit } = run;
    const id = `picture-${name}`;
    const patterns = tellingPatterns(run);
    hover.set(id, { figure: id, panels: patterns.map(({ example }) => example) });
    const points = lossPoints(run.metrics);
    const loss = { points, segments: run.segments.filter(({ single }) => !single), lnVocab: run.lnVocab };
    const curve = lossFigure(name, { ...loss, xScale: 'log', plotHeight: 92 }, { heading: false });
    const disclosure = ACTS[name].disclosure;
    return `<article class="act"><div><h3><a href="#curve-${name}">${name}</a></h3><p class="lesson">${escapeHtml(taught(name, audit.verdict))}</p><p class="said ${audit.verdict.replaceAll(' ', '-')}"><strong>${escapeHtml(audit.verdict)}</strong></p>${disclosure ? `<p class="quiet">${escapeHtml(disclosure)}</p>` : ''}</div>${figure(`picture-loss-${name}`, curve, SMALL)}${figure(id, strip(run, patterns), SMALL)}</article>`;
  });
  return `<section id="picture" class="picture">${rows.join('')}<p class="quiet">Left: loss against the training step, both on the first occurrence, which nobody can predict, and on the repeat. Right: attention on one sequence, query position down, key position across, brighter for more; the dashed lines mark where an induction head’s stripe belongs. Of a shortcut, the same head is shown with a repeat and without; of a model without a previous-token head or an induction head, the head that scores highest as one.</p></section>`;
}

/** Two patterns side by side, the stripe of the repeat on both: without a repeat it can only be a habit. */
function strip({ name, examples: { half } }: ToldRun, patterns: readonly TellingPattern[]): Draw {
  const heads = patterns.map(({ label, caption, example }) => ({
    label,
    caption,
    pattern: example.heads.find((head) => head.label === label)!.pattern,
  }));
  const title = `${name}: the patterns that tell, period ${half.period}`;
  const record = { heads, size: half.tokens.length, stripe: stripeOf(half)!, title };
  return (theme, width) => patternStrip(record, { ...figureOptions(theme, width), heading: false });
}
