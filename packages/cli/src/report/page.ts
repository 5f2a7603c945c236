// report.html: one file that a browser opens from disk. It walks through the experiment in the lesson's order and tells,
// for each of the four runs, what was expected and what happened.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Backend, type Experiment, makeBatch, parameterCount } from '@induction-lab/core/node';
import { type FinishedRun, lossPoints } from '../finishedRun.ts';
import { type Draw, headMarks, lossFigure, modelFigures } from '../modelFigures.ts';
import { VERSION } from '../version.ts';
import { EXPECTATIONS } from './expectations.ts';
import { type HoverData, hoverScripts } from './hover.ts';
import { escapeHtml, nats, paragraph, section, table } from './html.ts';
import { style } from './style.ts';

export interface ReportOptions {
  readonly runs: readonly FinishedRun[];
  readonly seed: number;
  readonly quick: boolean;
  readonly backend: Backend;
  readonly threads: number;
  readonly seconds: number;
}

/** A run with what the page draws of it. */
interface ToldRun extends FinishedRun {
  readonly lnVocab: number;
  readonly last: {
    readonly lossFirst: number | null;
    readonly lossRepeat: number;
    readonly lossBoundary: number | null;
  };
  readonly figures: ReturnType<typeof modelFigures>;
}

export function reportPage(options: ReportOptions): string {
  const runs = options.runs.map(
    (run): ToldRun => ({
      ...run,
      lnVocab: Math.log(run.experiment.model.dVocab),
      last: averageOfLast(lossPoints(run.metrics)),
      figures: modelFigures(run.name, run.audit, run.examples),
    }),
  );
  const hover = new Map<string, HoverData>();
  const body = [
    setUp(options),
    hyperParameters(runs),
    data(runs),
    modelSection(runs),
    training(runs, options),
    curves(runs),
    scores(runs),
    patterns(runs, hover),
    twist(runs, hover),
    discussion(runs),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Induction heads: four transformers, one question</title><style>${style}</style></head>
<body>${header(runs)}<main>${body.join('\n')}</main>
<footer>induction-lab ${VERSION}. Every number on this page was measured in this run; the same command with the same seed reproduces them.</footer>
${hoverScripts([...hover.values()])}</body></html>
`;
}

/** Steps averaged for the loss that a run ended with: single batches are noisy. */
const LAST_STEPS = 20;

function averageOfLast(points: ReturnType<typeof lossPoints>): ToldRun['last'] {
  const last = points.slice(-LAST_STEPS);
  const average = (pick: (p: (typeof points)[number]) => number | null): number | null => {
    const values = last.map(pick).filter((x): x is number => x !== null);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  };
  return {
    lossFirst: average((p) => p.lossFirst),
    lossRepeat: average((p) => p.lossRepeat) ?? Number.NaN,
    lossBoundary: average((p) => p.lossBoundary),
  };
}

/** A figure in the page's own colours. `id` lets the hover script find its panels. */
const figure = (id: string, draw: Draw, width?: number): string => `<figure id="${id}">${draw('auto', width)}</figure>`;

/** Width of figures that stand in pairs: drawn narrower, so that their text keeps its size. */
const PAIRED = 480;

function verdictBox({ name, audit }: ToldRun): string {
  const close = audit.evidence.close ? ' (a close call)' : '';
  return `<div class="verdict ${audit.verdict.replaceAll(' ', '-')}"><p><strong>${escapeHtml(name)}: ${escapeHtml(audit.verdict)}${close}</strong></p><p>${escapeHtml(audit.sentence)}</p></div>`;
}

function header(runs: readonly ToldRun[]): string {
  const summary = table(
    ['run', 'loss, first occurrence', 'loss, repeat', 'loss, other periods', 'verdict'],
    runs.map((r) => [
      `<a href="#curve-${r.name}">${r.name}</a>`,
      nats(r.last.lossFirst),
      nats(r.last.lossRepeat, 3),
      nats(r.audit.evidence.otherPeriodLoss),
      escapeHtml(r.audit.verdict),
    ]),
    'Losses in nats; guessing among 64 tokens costs 4.16. “Other periods”: blocks of another length than the best one, two copies.',
  );
  const contents = [
    'Set-up',
    'Hyper-parameters',
    'Data',
    'Model',
    'Training',
    'Loss curves',
    'Finding heads',
    'Attention patterns',
    'The twist',
    'Discussion',
  ];
  const ids = [
    'set-up',
    'hyper-parameters',
    'data',
    'model',
    'training',
    'loss-curves',
    'finding-heads',
    'attention-patterns',
    'twist',
    'discussion',
  ];
  return `<header><h1>Four transformers copy a repeat. Which of them learned induction?</h1>
<p>Four small attention-only transformers were trained on random blocks of tokens that repeat. All of them learn to predict the repeat.
The question is how: by finding the earlier copy of the current token, which is induction, or by looking back a fixed distance, which is not.</p>
${summary}<nav aria-label="contents"><ol>${contents.map((c, i) => `<li><a href="#${ids[i]}">${c}</a></li>`).join('')}</ol></nav></header>`;
}

const setUp = ({ seed, backend, threads, seconds, quick }: ReportOptions): string =>
  section(
    'set-up',
    'Set-up',
    paragraph(
      `induction-lab ${VERSION} on Node ${process.versions.node} (${process.platform} ${process.arch}), ${backend === 'relaxed' ? 'kernels with fused multiply-add (relaxed SIMD)' : 'plain-SIMD kernels, the same bits on every machine'}, ${threads} training ${threads === 1 ? 'thread' : 'threads'}, seed ${seed}. Everything together took ${seconds.toFixed(0)} seconds.${quick ? ' This was a quick run with fewer steps than the presets ask for.' : ''}`,
    ),
  );

/** The preset's file with a reason beside each number. */
function reasons(name: string): Record<string, Record<string, { value: unknown; why: string } | undefined>> {
  const path = createRequire(import.meta.url).resolve(`@induction-lab/core/presets/${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8'));
}

function hyperParameters(runs: readonly ToldRun[]): string {
  const show = (value: unknown): string =>
    value === undefined ? '' : escapeHtml(Array.isArray(value) ? value.join(', ') || 'none' : String(value ?? 'none'));
  const told = new Map(runs.map((r) => [r.name as string, reasons(r.name)]));
  const rows = (['model', 'task', 'training'] as const).flatMap((part) => {
    const fields = new Set(runs.flatMap((r) => Object.keys(told.get(r.name)?.[part] ?? {})));
    fields.delete('kind');
    return [...fields].map((field) => {
      const values = runs.map((r) => show((r.experiment[part] as unknown as Record<string, unknown>)[field]));
      const why = runs.map((r) => told.get(r.name)?.[part]?.[field]?.why).find((w) => w !== undefined);
      return [`<code>${field}</code>`, ...values, escapeHtml(why ?? '')];
    });
  });
  return section(
    'hyper-parameters',
    'Hyper-parameters',
    paragraph(
      'All knobs in one place. Where the runs differ, the difference is the experiment; the reason is that of the first run that has the knob.',
    ),
    table(['knob', ...runs.map((r) => r.name), 'why'], rows),
  );
}

function data(runs: readonly ToldRun[]): string {
  const example = ({ name, experiment }: ToldRun): string => {
    const { task, model } = experiment;
    const { tokens, places } = makeBatch({
      task,
      seed: 0,
      step: 0,
      batch: 8,
      dVocab: model.dVocab,
      length: model.nCtx,
    });
    // One sequence where the period is fixed, two different ones where it varies.
    const second = places.findIndex(({ period }) => period !== places[0]!.period);
    const sequences = (second < 0 ? [0] : [0, second]).map((s) => {
      const { start, period } = places[s]!;
      const spans = [...tokens[s]!].map((t, i) => {
        const kind = period === 0 || i < start ? '' : i < start + period ? 'first' : 'again';
        return `<span class="${kind}">${t}</span>`;
      });
      return `<p class="tokens">${spans.join(' ')}</p><p class="quiet">Period ${period}: the block (grey), then its repeat (outlined).</p>`;
    });
    return `<h3>${name}</h3>${sequences.join('')}`;
  };
  return section(
    'data',
    'Data',
    paragraph(
      'A sequence is a block of random tokens, repeated until the context of 50 is full. There is no fixed data set: every step draws a fresh batch, so nothing can be memorised. The first occurrence cannot be predicted by anybody. At the boundary, the last token of the first occurrence, only a model that knows the period can tell what comes. On the repeat, everything needed stands in the context.',
    ),
    example(runs[0]!),
    ...runs.filter((r) => r.name === 'varied').map(example),
  );
}

function modelSection(runs: readonly ToldRun[]): string {
  const shapes = ({ nLayers, nHeads, dModel, dHead, nCtx, dVocab }: Experiment['model']): string[][] => [
    ['<code>W_E</code>', `[${dVocab}, ${dModel}]`, 'a vector for every token'],
    ['<code>W_pos</code>', `[${nCtx}, ${dModel}]`, 'a vector for every position'],
    [
      `<code>W_Q</code>, <code>W_K</code>, <code>W_V</code>, × ${nLayers}`,
      `[${nHeads}, ${dModel}, ${dHead}]`,
      'what a head looks for, what it can be found by, what it reads',
    ],
    [
      `<code>W_O</code>, × ${nLayers}`,
      `[${nHeads}, ${dHead}, ${dModel}]`,
      'what it writes back into the residual stream',
    ],
    ['<code>W_U</code>', `[${dModel}, ${dVocab}]`, 'from the residual stream to a logit for every token'],
  ];
  return section(
    'model',
    'Model',
    paragraph(
      'Attention only: no MLP. The residual stream starts as the token’s embedding; each layer’s heads read it after a LayerNorm and add their output to it; a final LayerNorm and the unembedding give the logits. In `literal` positions are added to the embedding, in `varied` and `two-heads` (shortformer) only to what queries and keys read.'.replace(
        /`([^`]+)`/g,
        '<code>$1</code>',
      ),
    ),
    table(['matrix', 'shape', 'what for'], shapes(runs[0]!.experiment.model)),
    table(
      ['run', 'layers × heads', 'positions', 'parameters'],
      runs.map(({ name, experiment: { model } }) => [
        name,
        `${model.nLayers} × ${model.nHeads}`,
        model.positions,
        parameterCount(model).toLocaleString('en'),
      ]),
      'The document says about 50k; its own numbers give 44,160 without LayerNorm.',
    ),
  );
}

const training = (runs: readonly ToldRun[], { threads }: ReportOptions): string =>
  section(
    'training',
    'Training',
    paragraph('AdamW, one fresh batch of 64 sequences per step.'),
    table(
      ['run', 'steps', 'time', 'steps per second', 'loss, repeat', 'loss, boundary'],
      runs.map((r) => {
        const steps = r.experiment.training.steps;
        return [
          r.name,
          String(steps),
          `${r.seconds.toFixed(1)} s`,
          (steps / r.seconds).toFixed(0),
          nats(r.last.lossRepeat, 3),
          nats(r.last.lossBoundary),
        ];
      }),
      `Time includes logging scores every 100 steps; ${threads} ${threads === 1 ? 'thread' : 'threads'}. Losses are means over the last ${LAST_STEPS} steps.`,
    ),
  );

const curves = (runs: readonly ToldRun[]): string =>
  section(
    'loss-curves',
    'Loss curves',
    `<div class="pair">${runs
      .map((r) => {
        const { lossOn } = r.experiment.training;
        const note =
          lossOn === 'predictable'
            ? ' This run never trains on the first occurrence, so its loss there drifts and means nothing.'
            : '';
        return `<div><h3 id="curve-${r.name}">${r.name}</h3><p><em>Expected.</em> ${escapeHtml(EXPECTATIONS[r.name].expected)}</p>${figure(`loss-${r.name}`, lossFigure(r.name, lossPoints(r.metrics), r.lnVocab, 'log'), PAIRED)}<p><em>What happened.</em> ${happened(r)}${note}</p></div>`;
      })
      .join('')}</div>`,
  );

/** When the loss on the repeat first stayed below 1 nat for good, told with where it ended. */
function happened({ metrics, last, lnVocab }: ToldRun): string {
  const points = lossPoints(metrics);
  const above = points.findLastIndex((p) => p.lossRepeat > 1);
  const drop = above === points.length - 1 ? null : points[above + 1]!.step;
  const end = `It ended at ${nats(last.lossRepeat, 3)} nats on the repeat and ${nats(last.lossFirst)} on the first occurrence (ln 64 = ${nats(lnVocab)}).`;
  return drop === null
    ? `The loss on the repeat never stayed below 1 nat. ${end}`
    : `From step ${drop} on, the loss on the repeat stays below 1 nat. ${end}`;
}

function scores(runs: readonly ToldRun[]): string {
  const largest = (r: ToldRun, score: 'previousToken' | 'inductionStripe'): string => {
    const top = [...r.audit.scores.heads].sort((a, b) => b[score].value - a[score].value)[0]!;
    return `${top.label} ${nats(top[score].value)}`;
  };
  return section(
    'finding-heads',
    'Finding heads',
    paragraph(
      'Two scores per head. <em>Previous-token score</em>: mean attention from each position to the one before, on sequences without a repeat. <em>Induction score</em>: mean attention on the repeat from position q to q − 24, the token after the earlier copy of the current one. The hollow bar is the same stripe on sequences in which nothing repeats. A head that matches content has no business there; a bar that stays is a habit of position, and the score alone cannot tell the two apart.',
    ),
    table(
      [
        'run',
        'highest previous-token score',
        'highest induction score',
        'heads whose attention follows the period',
        'heads that keep their stripe without a repeat',
      ],
      runs.map((r) => [
        r.name,
        largest(r, 'previousToken'),
        largest(r, 'inductionStripe'),
        r.audit.followers.join(', ') || 'none',
        r.audit.positionalHeads.join(', ') || 'none',
      ]),
    ),
    `<div class="pair">${runs.map((r) => figure(`scores-${r.name}`, r.figures.scores, PAIRED)).join('')}</div>`,
  );
}

function patterns(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
  const blocks = runs.map((r) => {
    const [grid, control] = [`patterns-${r.name}`, `control-${r.name}`];
    hover.set(grid, { figure: grid, panels: [r.examples.half] });
    hover.set(control, { figure: control, panels: [r.examples.half, r.examples.control] });
    const marks = [...headMarks(r.audit)].map(([head, mark]) => `${head} (${mark})`).join(', ');
    return `<h3>${r.name}</h3><p class="quiet">Named: ${marks || 'no head'}.</p>${figure(grid, r.figures.patterns)}<details${r.name === 'literal' ? ' open' : ''}><summary>The control: the same heads where nothing repeats</summary>${figure(control, r.figures['patterns-control'])}</details>`;
  });
  return section(
    'attention-patterns',
    'Attention patterns',
    paragraph(
      'Every head on one sequence: which earlier position (across) each position (down) looks at. Hover over a heatmap for query, key, tokens and weight. The dashed lines mark where an induction head’s stripe belongs. Heads are named by evidence, not by their highest score: the previous-token head is the one whose removal from the keys of the next layer costs most.',
    ),
    ...blocks,
  );
}

function twist(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
  const shown = runs.filter((r) => r.name === 'literal' || r.name === 'varied');
  const rows = runs.map((r) => {
    const e = r.audit.evidence;
    return [
      r.name,
      `${e.solved.length} of ${e.periods.length}`,
      String(e.best ?? '–'),
      nats(e.otherPeriodLoss),
      nats(e.boundaryElsewhere ?? e.boundaryAtBest),
      ...(['k', 'q', 'v'] as const).map((path) => {
        const found = e.paths.find((p) => p.path === path);
        return found ? `${found.increase >= 0 ? '+' : ''}${nats(found.increase)}` : 'one layer';
      }),
    ];
  });
  const blocks = shown.map((r) => {
    const id = `other-${r.name}`;
    hover.set(id, { figure: id, panels: [r.examples.other] });
    return `<h3>${r.name}, block of ${r.examples.other.period}</h3>${figure(id, r.figures['patterns-other-period'])}`;
  });
  return section(
    'twist',
    'The twist: change the period',
    paragraph(
      'A model that looks for the earlier copy does not care how long ago it was. A model that looks 24 positions back does. So: blocks of every length from 8 to 25, exactly two copies.',
    ),
    `<div class="pair">${runs.map((r) => figure(`periods-${r.name}`, r.figures['loss-by-period'], PAIRED)).join('')}</div>`,
    table(
      [
        'run',
        'periods solved',
        'best',
        'loss, other periods',
        'loss at the boundary',
        'without K path',
        'without Q path',
        'without V path',
      ],
      rows,
      'Loss in nats. Boundary: at a period other than the best one where the model solves more than one; only a model that goes by position can be good there. Paths: increase of the loss on the repeat when the earlier layers are taken out of the later heads’ K, Q or V input.',
    ),
    ...blocks,
  );
}

const discussion = (runs: readonly ToldRun[]): string =>
  section(
    'discussion',
    'Discussion',
    ...runs.map(
      (r) =>
        `${verdictBox(r)}${r.audit.verdict === EXPECTATIONS[r.name].verdict ? '' : paragraph(`Expected here: ${EXPECTATIONS[r.name].verdict}. This seed came out differently; <code>docs/results.md</code> has the counts over seeds.`)}`,
    ),
    paragraph(
      'A curve that falls and a stripe in a heatmap do not say by what means a model copies. One that is trained at a single distance has no reason to look at content, and does not; its score is high all the same. Drawing the period anew for every sequence takes the shortcut away, and then two layers compose: a head of layer 0 writes each token’s predecessor into the residual stream, the keys of layer 1 are built from it, and a query finds the place where its own token stood before.',
    ),
    paragraph(
      'A true induction model still misses now and then where tokens are drawn with replacement: a chance repeat within the block leaves two places that match. That is why the loss of <code>varied</code> ends near 0.05 rather than at zero, and why the first occurrence costs it a little more than guessing.',
    ),
    paragraph(
      'The lesson with its primer, glossary and further reading is in <code>docs/lesson.md</code>; counts over seeds are in <code>docs/results.md</code>.',
    ),
  );
