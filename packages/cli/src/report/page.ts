// report.html: one file that a browser opens from disk. It walks through the experiment in the lesson's order and tells,
// for each training, what was expected and what happened.
import { VERSION } from '../version.ts';
import { contents } from './contents.ts';
import { type HoverData, hoverScripts } from './hover.ts';
import { escapeHtml, nats, table } from './html.ts';
import { picture } from './picture.ts';
import { dynamics, proof } from './proof.ts';
import { curves, discussion, patterns, scores, training, twist } from './results.ts';
import { data, hyperParameters, modelSection, setUp } from './setting.ts';
import { style } from './style.ts';
import { type ReportOptions, type ToldRun, tell } from './told.ts';

export function reportPage(options: ReportOptions): string {
  const runs = options.runs.map(tell);
  const hover = new Map<string, HoverData>();
  const shown = picture(runs, hover);
  const body = [
    data(runs),
    modelSection(runs),
    training(runs, options),
    curves(runs),
    scores(runs),
    patterns(runs, hover),
    twist(runs, hover),
    proof(runs),
    dynamics(runs),
    discussion(runs),
    setUp(options),
    hyperParameters(runs),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Induction heads: five transformers, one question</title><style>${style}</style></head>
<body>${header(runs)}${shown}<main>${summary(runs)}${body.join('\n')}</main>
<footer>induction-lab ${VERSION}. The numbers in tables, figures and verdicts were measured in this run; the same command with the same seed reproduces them.</footer>
${hoverScripts([...hover.values()])}</body></html>
`;
}

const header = (
  runs: readonly ToldRun[],
): string => `<header><h1>Five transformers copy a repeat. Which of them learned induction?</h1>
<p>Small ${runs.some(({ experiment }) => experiment.model.dMlp !== undefined) ? '' : 'attention-only '}transformers, trained on random blocks of tokens that repeat, after a teaching document (step 3 of a mechanistic-interpretability course, “the document” below). A repeat can be copied by finding the earlier copy of the current token, which is induction, or in other ways.</p></header>`;

/** Numbers of all trainings, and what the page holds. */
function summary(runs: readonly ToldRun[]): string {
  const told = (runs[0]?.segments ?? []).filter(({ single }) => !single);
  const numbers = table(
    ['run', ...told.map(({ title }) => `loss, ${escapeHtml(title)}`), 'loss, other periods', 'verdict'],
    runs.map((r) => [
      `<a href="#curve-${r.name}">${r.name}</a>`,
      ...told.map(({ name, predictable }) => nats(r.last[name] ?? null, predictable ? 3 : 2)),
      nats(r.audit.evidence.otherPeriodLoss),
      escapeHtml(r.audit.verdict),
    ]),
    'Losses in nats; guessing among 64 tokens costs 4.16. “Other periods”: blocks of another length than the best one, two copies.',
  );
  return `${numbers}${contents()}`;
}
