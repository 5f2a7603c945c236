// Tokens become rows of W_E, and positions rows of W_pos: added to the residual stream, or left for heads to add to what
// their queries and keys read (shortformer).
import type { ModelConfig } from '../config.ts';
import type { Component, ParameterSet, Part, Tensors } from './component.ts';
import { STREAM } from './hookPoint.ts';
import type { Plan } from './plan.ts';
import { POSITION_SCHEMES } from './positions/schemes.ts';
import { type Summand, tablesPay } from './rowSum.ts';
import { table } from './weight.ts';

export function embedding(config: ModelConfig): Component {
  const { dVocab, dModel, nCtx } = config;
  const scheme = POSITION_SCHEMES[config.positions].table;
  const names = { name: 'pos_embed.W_pos', native: 'pos.weight', bridge: 'pos_embed.weight' };
  return {
    weights: {
      W_E: table({ name: 'embed.W_E', native: 'tok_embed.weight', bridge: 'embed.weight' }, dVocab, dModel),
      ...(scheme && { W_pos: { ...table(names, nCtx, dModel), learned: scheme.learned, start: scheme.start(config) } }),
    },
    hooks: [{ name: 'hook_embed', axes: STREAM }, ...(scheme ? [{ name: 'hook_pos_embed', axes: STREAM }] : [])],
    plan: (plan, mine) => {
      const { unwatched } = plan.options;
      if (unwatched && tablesPay(config, unwatched.positionsPerStep)) declareRows(plan, mine, scheme);
      const tokens = planTokens(plan, mine);
      const positions = scheme && planPositions(plan, mine, scheme);
      return {
        forward:
          unwatched && scheme?.inStream
            ? planSum(plan, mine)
            : () => {
                tokens.forward();
                positions?.forward();
              },
        backward: (gradients) => {
          tokens.backward(gradients);
          positions?.backward(gradients);
        },
      };
    },
  };
}

/** The stream is a sum of rows here; positions that heads add themselves are a summand of what they read. */
function declareRows(
  plan: Plan,
  mine: (set: ParameterSet) => Tensors,
  scheme: { learned: boolean; inStream: boolean } | null,
): void {
  const { W_E, W_pos } = mine(plan.weights);
  const tokens: Summand = { table: W_E!, gradientIn: (set) => mine(set).W_E! };
  const positions: Summand | null = scheme && {
    table: W_pos!,
    gradientIn: (set) => (scheme.learned ? mine(set).W_pos! : null),
  };
  plan.rows = { tokens, positions: scheme?.inStream ? positions : null, norm: null };
  if (scheme && !scheme.inStream) plan.positionSummand = positions;
}

/** The same sum in one go, where nobody looks at its terms. */
function planSum(plan: Plan, mine: (set: ParameterSet) => Tensors): () => void {
  const { W_E, W_pos } = mine(plan.weights);
  const tokens = { table: W_E!, index: plan.tokens };
  const positions = { table: W_pos!, index: plan.positions };
  const { stream: out } = plan;
  return () => plan.ops.lookUp({ tokens, positions, scaled: null, out });
}

function planTokens(plan: Plan, mine: Parameters<Component['plan']>[1]): Part {
  const { ops, tokens } = plan;
  const W_E = mine(plan.weights).W_E!;
  const embed = plan.shapes.stream('hook_embed');
  const dEmbed = plan.streamGradient('hook_embed');
  plan.stream = embed;
  return {
    forward: () => {
      ops.gatherRows(W_E, tokens, embed);
      plan.see(embed);
    },
    backward: (gradients) => {
      plan.seeGradientOfPart(dEmbed!, () => ops.scatterAddRows(dEmbed!, tokens, mine(gradients).W_E!));
    },
  };
}

function planPositions(
  plan: Plan,
  mine: (set: Parameters<Part['backward']>[0]) => Tensors,
  { learned, inStream }: { learned: boolean; inStream: boolean },
): Part {
  const { ops, stream, positions } = plan;
  const name = 'hook_pos_embed';
  const W_pos = mine(plan.weights).W_pos!;
  const rows = plan.shapes.stream(name);
  const gradient = inStream ? plan.streamGradient(name) : plan.gradient(name, name, (shapes, n) => shapes.stream(n));
  if (!inStream) {
    plan.positionRows = rows;
    plan.dPositionRows = gradient;
  }
  return {
    forward: () => {
      ops.gatherRows(W_pos, positions, rows);
      plan.see(rows);
      if (inStream) ops.add(stream, rows, stream); // the backward pass needs neither
    },
    backward: (gradients) => {
      plan.seeGradient(gradient!);
      if (learned) ops.scatterAddRows(gradient!, positions, mine(gradients).W_pos!);
      if (!inStream) gradient!.data.fill(0); // heads add to it
    },
  };
}
