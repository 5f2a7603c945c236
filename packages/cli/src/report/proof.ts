// The sections about causes: the proof, and how it all came about in training.
import { type Dynamics, phaseText } from '../finished/dynamics.ts';
import { percent, percentRange } from '../terminal/textTable.ts';
import { escapeHtml, nats, paragraph, section, signed, table } from './html.ts';
import { figure, PAIRED, type ToldRun } from './told.ts';

export function proof(runs: readonly ToldRun[]): string {
  const rows = runs.map(({ name, proof: p }) => {
    const roles = p.heads.map(({ label, role }) => `${label} ${role}`).join(', ');
    return [
      name,
      roles || 'none',
      p.faithfulness ? percent(p.faithfulness.kept.value) : '–',
      percentRange(p.random.map((r) => r.kept)),
      p.faithfulness ? percent(p.faithfulness.lost.value) : '–',
      p.minimal ? `${p.minimal.heads.join(', ')} (${percent(p.minimal.kept.value)})` : '–',
    ];
  });
  const blocks = runs
    .filter((r) => r.proof.faithfulness)
    .map(
      (r) =>
        `<h3>${r.name}</h3>${paragraph(escapeHtml(r.proof.sentence))}<div class="pair">${shown(r, ['faithfulness', 'ablation'])}</div>${circuitHeads(r)}${pathsBlock(r)}<details><summary>Who writes the right token’s logit, and what gradients say</summary><div class="pair">${shown(r, ['logits', 'path-attribution'])}</div></details>`,
    );
  const none = runs
    .filter((r) => !r.proof.faithfulness)
    .map((r) => `<p><strong>${r.name}.</strong> ${escapeHtml(r.proof.sentence)}</p>`);
  return section(
    'proof',
    'The proof',
    paragraph(
      'A head with the right pattern is not yet a head that does the work. So the circuit is stated as a claim, heads and the paths between them, and tested: everything else is replaced by its mean, and the claim must keep the loss low; it alone is replaced, and the loss must rise. Random circuits of the same shape say what any set of that size would do (where all heads of a layer belong to the circuit, the random ones contain them too). Heads and paths were chosen on some sequences and measured on others. The <em>loss drop</em> is the difference between the loss with every head replaced by its mean and the model’s own.',
    ),
    table(
      [
        'run',
        'circuit',
        'loss drop kept by it alone',
        'by random circuits',
        'lost without it',
        'fewest heads for 95 %',
      ],
      rows,
    ),
    ...none,
    ...blocks,
  );
}

const shown = (run: ToldRun, names: readonly string[]): string =>
  names
    .flatMap((name) => {
      const draw = run.circuitFigures[name];
      return draw ? [figure(`${name}-${run.name}`, draw, PAIRED)] : [];
    })
    .join('');

function circuitHeads({ proof: p, headCircuits }: ToldRun): string {
  return table(
    ['head', 'role', 'previous-token score', 'follows the period', 'loss without it', 'control', 'OV copying'],
    p.heads.map((h) => [
      h.label,
      h.role,
      nats(h.previousToken),
      nats(h.inductionExcess),
      signed(h.ablation.value),
      h.control ? signed(h.control.value) : '–',
      nats(headCircuits.find(({ label }) => label === h.label)?.copying),
    ]),
    'Loss: increase on the repeat when the head is replaced by its mean, nats; control: the mean of the same for the other heads of its layer. OV copying: from −1 to 1, read off the weights.',
  );
}

function pathsBlock(run: ToldRun): string {
  if (run.paths.doesNotApply) return paragraph(escapeHtml(run.paths.doesNotApply));
  return `<p>What each path from an earlier head into a later head’s keys, queries or values carries, and beside it the composition score, which looks at weights alone. Where the two disagree, the score is wrong about what the model does: it says that a path could carry something.</p><div class="pair">${shown(run, ['path-effects', 'composition'])}</div>`;
}

export function dynamics(runs: readonly ToldRun[]): string {
  const told = runs.filter((r) => r.experiment.model.nLayers > 1);
  const blocks = told.map((r) => `<div><h3>${r.name}</h3>${events(r.dynamics)}${shown(r, ['dynamics'])}</div>`);
  const born = told.filter((r) => r.dynamics.phase.step !== null);
  return section(
    'dynamics',
    'How it came about',
    paragraph(
      'The same measurements on the checkpoints of each run. A phase change is counted where the loss on the repeat has fallen by half <em>and</em> some head’s attention follows the period: a loss that falls without it is a shortcut being learned.',
    ),
    `<div class="pair">${blocks.join('')}</div>`,
    ...born.map((r) => figure(`born-${r.name}`, r.circuitFigures['stripe-being-born']!)),
  );
}

function events(record: Dynamics): string {
  const [head, ...rest] = phaseText(record);
  return `<p>${escapeHtml(head as string)}</p><ul>${rest.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;
}
