// The sections before anything is trained: set-up, hyper-parameters, data, model.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Experiment, makeBatch, parameterCount } from '@induction-lab/core/node';
import { VERSION } from '../version.ts';
import { escapeHtml, paragraph, section, table } from './html.ts';
import type { ReportOptions, ToldRun } from './told.ts';

export const setUp = ({ seed, backend, threads, seconds, quick, gpu }: ReportOptions): string =>
  section(
    'set-up',
    'Set-up',
    paragraph(
      `induction-lab ${VERSION} on Node ${process.versions.node} (${process.platform} ${process.arch}), ${backend === 'relaxed' ? 'kernels with fused multiply-add (relaxed SIMD)' : 'plain-SIMD kernels, the same bits on every machine'}, ${threads} training ${threads === 1 ? 'thread' : 'threads'}, ${gpu ? `trained on the GPU ${escapeHtml(gpu)} (experimental), ` : ''}seed ${seed}. Everything together took ${seconds.toFixed(0)} seconds.${quick ? ' This was a quick run with fewer steps than the presets ask for.' : ''}`,
    ),
  );

/** The preset's file with a reason beside each number. */
function reasons(name: string): Record<string, Record<string, { value: unknown; why: string } | undefined>> {
  const path = createRequire(import.meta.url).resolve(`@induction-lab/core/presets/${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Text with `names` as code. */
const inlineCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** The reasons of a knob: one for all, or each with the runs that it belongs to. */
function whys(reasonOf: readonly (readonly [run: string, why: string | undefined])[]): string {
  const byReason = new Map<string, string[]>();
  for (const [run, why] of reasonOf) if (why) byReason.set(why, [...(byReason.get(why) ?? []), run]);
  if (byReason.size <= 1) return [...byReason.keys()][0] ?? '';
  return [...byReason].map(([why, names]) => `${names.join(', ')}: ${why}.`).join(' ');
}

export function hyperParameters(runs: readonly ToldRun[]): string {
  const show = (value: unknown): string =>
    value === undefined ? '' : escapeHtml(Array.isArray(value) ? value.join(', ') || 'none' : String(value ?? 'none'));
  const told = new Map(runs.map((r) => [r.name as string, reasons(r.name)]));
  const rows = (['model', 'task', 'training'] as const).flatMap((part) => {
    const fields = new Set(runs.flatMap((r) => Object.keys(told.get(r.name)?.[part] ?? {})));
    fields.delete('kind');
    return [...fields].map((field) => {
      const values = runs.map((r) => show((r.experiment[part] as unknown as Record<string, unknown>)[field]));
      return [
        `<code>${field}</code>`,
        ...values,
        inlineCode(whys(runs.map((r) => [r.name, told.get(r.name)?.[part]?.[field]?.why]))),
      ];
    });
  });
  return section(
    'hyper-parameters',
    'Hyper-parameters',
    paragraph('All knobs in one place. Where the runs differ, the difference is the experiment.'),
    table(['knob', ...runs.map((r) => r.name), 'why'], rows),
  );
}

export function data(runs: readonly ToldRun[]): string {
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
    const blocks = places.filter((place) => 'period' in place);
    const second = blocks.findIndex(({ period }) => period !== blocks[0]!.period);
    const sequences = (second < 0 ? [0] : [0, second]).map((s) => {
      const { start, period } = blocks[s]!;
      const spans = [...tokens[s]!].map((t, i) => {
        const kind =
          i === 0 && task.bos ? 'start' : period === 0 || i < start ? '' : i < start + period ? 'first' : 'again';
        return `<span class="${kind}">${t}</span>`;
      });
      return `<p class="tokens">${spans.join(' ')}</p><p class="quiet">Period ${period}: ${task.bos ? 'the start token (underlined), ' : ''}the block (grey), then its repeat (outlined).</p>`;
    });
    return `<h3>${name}</h3>${sequences.join('')}`;
  };
  return section(
    'data',
    'Data',
    paragraph(
      'A sequence is a block of random tokens, repeated until the context is full. There is no fixed data set: every step draws a fresh batch, so nothing can be memorised. The first occurrence cannot be predicted by anybody. At the boundary, the last token of the first occurrence, only a model that knows the period can tell what comes. On the repeat, everything needed stands in the context. In <code>picture</code> and <code>hub</code> a start token stands in front of the block and nowhere else: a head that looks for a match needs somewhere to rest when there is none.',
    ),
    example(runs[0]!),
    ...runs.filter((r) => r.name === 'varied' || r.name === 'picture').map(example),
  );
}

export function modelSection(runs: readonly ToldRun[]): string {
  const { dMlp, actFn } = runs[0]!.experiment.model;
  const parts =
    dMlp === undefined
      ? 'Attention only: no MLP.'
      : `Attention and, behind it in each layer, an MLP of ${dMlp} neurons (${actFn}), which the presets do not have.`;
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
    ...(dMlp === undefined
      ? []
      : [
          [`<code>W_in</code>, × ${nLayers}`, `[${dModel}, ${dMlp}]`, 'what each neuron of an MLP looks for'],
          [`<code>W_out</code>, × ${nLayers}`, `[${dMlp}, ${dModel}]`, 'what each neuron writes'],
        ]),
    ['<code>W_U</code>', `[${dModel}, ${dVocab}]`, 'from the residual stream to a logit for every token'],
  ];
  return section(
    'model',
    'Model',
    paragraph(
      inlineCode(
        `${parts} The residual stream starts as the token’s embedding; each layer’s heads read it after a LayerNorm and add their output to it; a final LayerNorm and the unembedding give the logits. In \`literal\` positions are added to the embedding, in \`varied\` (shortformer) only to what queries and keys read; in \`picture\` and \`hub\` (rotary) queries and keys are turned by their position.`,
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
