// The circuit, step by step, on a real sequence: previous-token head → key → match → copy.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import type { View } from '../protocol.ts';
import { type CircuitData, circuitOf, preparedCircuit } from './circuit.ts';

const WIDTH = 520;
const BOX = 50;
const TOP = 104;

interface Column {
  readonly position: number;
  readonly x: number;
}

/** The positions that matter, with a gap between the copies: k − 2 … k + 1 and q − 1 … q + 1. */
function columns(k: number, q: number, last: number): Column[] {
  const near = [k - 2, k - 1, k, k + 1].filter((p) => p >= 0);
  const far = [q - 1, q, q + 1].filter((p) => p > k + 1 && p <= last);
  const shown = [...near, ...far];
  const step = (WIDTH - 60) / (shown.length + 0.6);
  return shown.map((position, i) => ({ position, x: 30 + step * (i + 0.5 + (i >= near.length ? 0.6 : 0)) }));
}

const percent = (x: number): string => `${Math.round(100 * x)} %`;

function stepsOf(data: CircuitData, k: number, q: number): readonly { title: string; says: string }[] {
  const { tokens, previousHead, inductionHead } = data;
  const [A, B] = [tokens[k - 1], tokens[k]];
  return [
    {
      title: 'previous token',
      says: `${previousHead} attends from position ${k} to ${k - 1} with ${percent(data.previous[k] ?? 0)} of its attention, and writes “after ${A}” there.`,
    },
    {
      title: 'key',
      says: `In the next layer position ${k} makes its key from that note: it can be found by “after ${A}”. That is K-composition.`,
    },
    {
      title: 'match',
      says: `The query at ${q} is made from its own token, ${A}. ${inductionHead} looks from ${q} to ${k} with ${percent(data.match[q] ?? 0)} of its attention.`,
    },
    {
      title: 'copy',
      says: `The value at ${k} carries the token found there, ${B}. It raises the logit of ${B}, which gets a probability of ${percent(data.truth[q] ?? 0)}; what comes next is ${tokens[q + 1]}.`,
    },
  ];
}

function Drawing({ data, k, q, active }: { data: CircuitData; k: number; q: number; active: number }): JSX.Element {
  const shown = columns(k, q, data.tokens.length - 1);
  const x = (position: number): number => shown.find((c) => c.position === position)?.x ?? 0;
  const arc = (from: number, to: number, height: number): string =>
    `M${x(from)},${TOP}C${x(from)},${TOP - height} ${x(to)},${TOP - height} ${x(to)},${TOP - 3}`;
  const on = (step: number): string => (active === step ? 'on' : '');
  const note = TOP + BOX + 34;
  const gap = shown.findIndex((c, i) => i > 0 && c.position > shown[i - 1]!.position + 1);
  return (
    <svg viewBox={`0 0 ${WIDTH} 216`} class="circuit" role="img" aria-label={stepsOf(data, k, q)[active]?.says ?? ''}>
      <defs>
        <marker
          id="head-orange"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="11"
          markerHeight="11"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0L8,4L0,8z" class="fill-previous" />
        </marker>
        <marker
          id="head-blue"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="11"
          markerHeight="11"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0L8,4L0,8z" class="fill-induction" />
        </marker>
      </defs>
      <g class={`previous ${on(0)}`}>
        <path
          d={arc(k - 1, k, 46)}
          marker-end="url(#head-orange)"
          style={{ strokeWidth: 1.5 + 3 * (data.previous[k] ?? 0) }}
        />
        <text x={(x(k - 1) + x(k)) / 2} y={TOP - 44}>
          {data.previousHead}
        </text>
      </g>
      <g class={`match ${on(2)}`}>
        <path d={arc(q, k, 104)} marker-end="url(#head-blue)" style={{ strokeWidth: 1.5 + 3 * (data.match[q] ?? 0) }} />
        <text x={(x(q) + x(k)) / 2} y={TOP - 84}>
          {data.inductionHead}
        </text>
      </g>
      {gap > 0 ? (
        <text class="gap" x={(shown[gap]!.x + shown[gap - 1]!.x) / 2} y={TOP + 29}>
          …
        </text>
      ) : null}
      {shown.map(({ position, x: at }) => (
        <g key={position} class={`box ${position === q ? 'query' : position === k ? 'key' : ''}`}>
          <rect x={at - BOX / 2} y={TOP} width={BOX} height={BOX} rx="6" />
          <text x={at} y={TOP + 29}>
            {data.tokens[position]}
          </text>
          <text class="position" x={at} y={TOP + BOX + 14}>
            {position === q ? `q = ${q}` : position === k ? `k = ${k}` : position}
          </text>
        </g>
      ))}
      <g class={`note ${on(1)}`}>
        <rect x={x(k) - 48} y={note - 10} width="96" height="26" rx="13" />
        <text x={x(k)} y={note + 7}>
          after {data.tokens[k - 1]}
        </text>
      </g>
      <g class={`copy ${on(3)}`}>
        <path
          d={`M${x(k) + 50},${note + 4}C${(x(k) + x(q)) / 2},${note + 30} ${(x(k) + x(q)) / 2},${note + 30} ${x(q) - 34},${note + 6}`}
          marker-end="url(#head-blue)"
        />
        <rect x={x(q) - 30} y={note - 10} width="60" height="26" rx="13" />
        <text x={x(q)} y={note + 7}>
          {data.tokens[k]} ↑
        </text>
      </g>
    </svg>
  );
}

/** Why the diagram is not measured on the view that is shown. */
function whyNot(shown: View | null): string {
  if (!shown) return 'there is none on the bench yet';
  if (shown.broken) return 'the one on the bench is broken just now';
  if (shown.period < 3) return 'the sequence on the bench has no block to follow just now';
  return 'the one on the bench has no such heads just now';
}

export function CircuitDiagram(): JSX.Element {
  const { status, viewOfTokens } = useLab();
  const [active, activate] = useState(0);
  const [turn, setTurn] = useState(0);
  const data = (viewOfTokens.value && circuitOf(viewOfTokens.value)) ?? preparedCircuit;
  const { period } = data;
  const queries = period - 1;
  // From the middle on: the first positions have hardly anything else to attend to.
  const q = period + ((turn + Math.floor(queries / 2)) % queries);
  const k = q - period + 1;
  const steps = stepsOf(data, k, q);
  return (
    <figure class="circuit-figure">
      <div class="steps">
        {steps.map(({ title }, i) => (
          <button
            type="button"
            key={title}
            class="chip"
            aria-pressed={i === active}
            onClick={() => activate(i)}
            onPointerEnter={() => activate(i)}
            onFocus={() => activate(i)}
          >
            {i + 1}. {title}
          </button>
        ))}
      </div>
      <Drawing data={data} k={k} q={q} active={active} />
      <p class="says" aria-live={status.value === 'playing' ? 'off' : 'polite'}>
        {steps[active]?.says}
      </p>
      <figcaption class="row">
        <span class="quiet">
          {data.live
            ? 'Measured on the model on the bench.'
            : `Measured on a model trained beforehand; ${whyNot(viewOfTokens.value)}.`}
        </span>
        <button type="button" class="plain" onClick={() => setTurn(turn + 1)}>
          Another query
        </button>
      </figcaption>
    </figure>
  );
}
