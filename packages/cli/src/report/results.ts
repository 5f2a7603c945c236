// The sections about what was found: training, loss curves, scores, attention patterns, the twist, the discussion.

import { LAST_STEPS } from '@induction-lab/core/internal';
import { headMarks, mainSegment } from '@induction-lab/core/node';
import { lossFigure } from '../figures/modelFigures.ts';
import { lossPoints } from '../runs/runFolder.ts';

import type { HoverData } from './hover.ts';
import { escapeHtml, nats, paragraph, section, signed, table } from './html.ts';
import { ACTS, taught } from './story.ts';
import { figure, PAIRED, type ReportOptions, type ToldRun } from './told.ts';

export function training(runs: readonly ToldRun[], { threads }: ReportOptions): string {
  const segments = runs[0]?.segments ?? [];
  const told = [mainSegment(segments), ...segments.filter(({ single }) => single)];
  return section(
    'training',
    'Training',
    paragraph('AdamW, one fresh batch of 64 sequences per step.'),
    table(
      ['run', 'steps', 'time', 'steps per second', ...told.map(({ title }) => `loss, ${escapeHtml(title)}`)],
      runs.map((r) => {
        const steps = r.experiment.training.steps;
        return [
          r.name,
          String(steps),
          `${r.seconds.toFixed(1)} s`,
          (steps / r.seconds).toFixed(0),
          ...told.map(({ name, predictable }) => nats(r.last[name] ?? null, predictable ? 3 : 2)),
        ];
      }),
      `Time includes logging scores every 100 steps; ${threads} ${threads === 1 ? 'thread' : 'threads'}. Losses are means over the last ${LAST_STEPS} steps.`,
    ),
  );
}

export const curves = (runs: readonly ToldRun[]): string =>
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
        return `<div><h3 id="curve-${r.name}">${r.name}</h3><p><em>Expected.</em> ${escapeHtml(ACTS[r.name].expected)}</p>${figure(`loss-${r.name}`, lossFigure(r.name, { points: lossPoints(r.metrics), segments: r.segments, lnVocab: r.lnVocab, xScale: 'log' }), PAIRED)}<p><em>What happened.</em> ${happened(r)}${note}</p></div>`;
      })
      .join('')}</div>`,
  );

/** Steps after the first crossing of 1 nat in which batches on either side of it are no news. */
const SETTLING = 100;

/** When the loss on the segment that the run is about first fell below 1 nat, whether it came back, and where it ended. */
function happened({ metrics, last, lnVocab, segments }: ToldRun): string {
  const main = mainSegment(segments);
  const points = lossPoints(metrics).flatMap(({ step, segments: { [main.name]: loss } }) =>
    typeof loss === 'number' ? [{ step, loss }] : [],
  );
  const first = points.findIndex(({ loss }) => loss < 1);
  const others = segments.filter((segment) => segment !== main && !segment.single);
  const ends = [
    `${nats(last[main.name] ?? null, 3)} nats on the ${escapeHtml(main.title)}`,
    ...others.map(({ name, title }) => `${nats(last[name] ?? null)} on the ${escapeHtml(title)}`),
  ];
  const end = `It ended at ${ends.join(' and ')} (ln 64 = ${nats(lnVocab)}).`;
  if (first < 0) return `The loss on the ${escapeHtml(main.title)} never fell below 1 nat. ${end}`;
  const above = points.slice(first + SETTLING).filter(({ loss }) => loss > 1).length;
  const back =
    above === 0
      ? ''
      : ` Training was not quiet after that: ${above} later ${above === 1 ? 'step was' : 'steps were'} above 1 nat again.`;
  return `At step ${points[first]!.step} the loss on the ${escapeHtml(main.title)} first fell below 1 nat.${back} ${end}`;
}

export function scores(runs: readonly ToldRun[]): string {
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

export function patterns(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
  const blocks = runs.map((r) => {
    const [grid, control] = [`patterns-${r.name}`, `control-${r.name}`];
    hover.set(grid, { figure: grid, panels: [r.examples.half] });
    hover.set(control, { figure: control, panels: [r.examples.half, r.examples.control] });
    const marks = [...headMarks(r)].map(([head, mark]) => `${head} (${mark})`).join(', ');
    return `<h3>${r.name}</h3><p class="quiet">Named: ${marks || 'no head'}.</p>${figure(grid, r.figures.patterns)}<details open><summary>The control: the same heads where nothing repeats</summary>${figure(control, r.figures['patterns-control'])}</details>`;
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

export function twist(runs: readonly ToldRun[], hover: Map<string, HoverData>): string {
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
        if (found) return signed(found.increase.value);
        return r.experiment.model.nLayers === 1 ? 'one layer' : 'not tested';
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
    paragraph(
      'The same for every place: where the first copy starts, and how far back it lies. A shortcut is a line at its distance; a circuit that matches content fills an area, as far as its training reached.',
    ),
    ...runs.map((r) => figure(`map-${r.name}`, r.figures.map)),
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

function verdictBox({ name, audit }: ToldRun): string {
  const close = audit.evidence.close ? ' (a close call)' : '';
  return `<div class="verdict ${audit.verdict.replaceAll(' ', '-')}"><p><strong>${escapeHtml(name)}: ${escapeHtml(audit.verdict)}${close}</strong></p><p>${escapeHtml(audit.sentence)}</p></div>`;
}

export const discussion = (runs: readonly ToldRun[]): string =>
  section(
    'discussion',
    'Discussion',
    ...runs.map((r) => `${verdictBox(r)}${paragraph(escapeHtml(taught(r.name, r.audit.verdict)))}`),
    paragraph(
      'A curve that falls and a stripe in a heatmap do not say by what means a model copies. One that is trained at a single distance has no reason to look at content, and does not; its score is high all the same. Drawing the period anew for every sequence takes the shortcut away, and then two layers compose: a head of layer 0 writes each token’s predecessor into the residual stream, the keys of layer 1 are built from it, and a query finds the place where its own token stood before.',
    ),
    paragraph(
      'A true induction model still misses now and then where tokens are drawn with replacement: a chance repeat within the block leaves two places that match. That is why the loss of <code>varied</code> does not end at zero, and why the first occurrence costs it a little more than guessing.',
    ),
    paragraph(
      'The lesson with its primer, glossary and further reading is in <code>docs/lesson.md</code>; counts over seeds are in <code>docs/results.md</code>.',
    ),
  );
