// The first screen of the report: for each training its curve, the two heads that tell, the verdict, and what it teaches.
import { headMarks } from '@induction-lab/core/node';
import { patternStrip } from '@induction-lab/figures/node';
import { figureOptions } from '../figures/drawing.ts';
import { lossFigure, stripeOf } from '../figures/modelFigures.ts';
import { lossPoints } from '../runs/runFolder.ts';
import type { HoverData } from './hover.ts';
import { escapeHtml, nats } from './html.ts';
import { ACTS, taught } from './story.ts';
import { figure, type ToldRun } from './told.ts';

/** Width of the figures in a row of the picture. */
const SMALL = 340;

/** A head, and what it is or pretends to be. */
interface TellingHead {
  readonly label: string;
  readonly caption: string;
}

/**
 * The heads that tell how a model copies: the previous-token head and the induction head of its circuit or, where there is
 * none, the head of the first layer with the highest previous-token score and the one with the highest induction score.
 */
export function tellingHeads(run: ToldRun): TellingHead[] {
  const { heads } = run.audit.scores;
  const marks = [...headMarks(run)];
  const found = (score: 'previousToken' | 'inductionStripe', role: string, name: string, from = heads): TellingHead => {
    const marked = marks.find(([, mark]) => mark === role)?.[0];
    const head = heads.find(({ label }) => label === marked);
    if (head) return { label: head.label, caption: `${role}, ${nats(head[score].value)}` };
    const top = from.reduce((a, b) => (b[score].value > a[score].value ? b : a));
    return { label: top.label, caption: `highest ${name} ${nats(top[score].value)}` };
  };
  const first = found(
    'previousToken',
    'previous-token head',
    'prev. score',
    heads.filter(({ layer }) => layer === 0),
  );
  const second = found('inductionStripe', 'induction head', 'ind. score');
  return first.label === second.label ? [second] : [first, second];
}

export function picture(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
  const rows = runs.map((run) => {
    const { name, audit, examples } = run;
    const id = `picture-${name}`;
    hover.set(id, { figure: id, panels: [examples.half] });
    const points = lossPoints(run.metrics);
    const loss = { points, segments: run.segments.filter(({ single }) => !single), lnVocab: run.lnVocab };
    const curve = lossFigure(name, { ...loss, xScale: 'log', plotHeight: 92 }, { heading: false });
    const disclosure = ACTS[name].disclosure;
    return `<article class="act"><div><h3><a href="#curve-${name}">${name}</a></h3><p class="lesson">${escapeHtml(taught(name, audit.verdict))}</p><p class="said ${audit.verdict.replaceAll(' ', '-')}"><strong>${escapeHtml(audit.verdict)}</strong></p>${disclosure ? `<p class="quiet">${escapeHtml(disclosure)}</p>` : ''}</div>${figure(`picture-loss-${name}`, curve, SMALL)}${figure(id, strip(run), SMALL)}</article>`;
  });
  return `<section id="picture" class="picture">${rows.join('')}<p class="quiet">Left: loss against the training step, both on the first occurrence, which nobody can predict, and on the repeat. Right: attention on one sequence, query position down, key position across, darker for more; the dashed lines mark where an induction head’s stripe belongs. Where a model has no previous-token head or no induction head, the head that scores highest as one is shown.</p></section>`;
}

/** The patterns of the telling heads, side by side. */
function strip(run: ToldRun): ReturnType<typeof lossFigure> {
  const { name, examples } = run;
  const { half } = examples;
  const heads = tellingHeads(run).map((head) => ({
    ...head,
    pattern: half.heads.find(({ label }) => label === head.label)!.pattern,
  }));
  const record = {
    heads,
    size: half.tokens.length,
    stripe: stripeOf(half)!,
    title: `${name}: the heads that tell, period ${half.period}`,
  };
  return (theme, width) => patternStrip(record, { ...figureOptions(theme, width), heading: false });
}
