// Plain JavaScript has no type checker: what an analysis cannot mean is refused by name, in one sentence.
import { expect, test } from 'vitest';
import { handBuiltHub } from '../examples/handBuiltHub.ts';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../examples/handBuiltPositionalCopier.ts';
import { loadEngine } from '../node.ts';
import { examplePatterns, exampleTokens } from './attention/examplePatterns.ts';
import { headScores, measureHeads } from './attention/headScores.ts';
import { ablate, ablationEffects } from './causal/ablation.ts';
import { activationPatching } from './causal/activationPatching.ts';
import { ablateEdges } from './causal/edges.ts';
import { periodsToMeasure } from './causal/effectPeriods.ts';
import { logitAttribution } from './causal/logitAttribution.ts';
import { pathMatrix } from './causal/pathMatrix.ts';
import { pathTable } from './causal/pathTable.ts';
import { audit } from './claims/audit.ts';
import { ablateHeads, keepCircuit, keepHeads } from './claims/circuit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { phaseChange } from './claims/phaseChange.ts';
import { prove } from './claims/prove.ts';
import { corruptedPair } from './data/corruption.ts';
import { runPatterns } from './data/patternRuns.ts';
import { spread } from './data/periods.ts';
import { controlProbe, repeatedProbe } from './data/probes.ts';
import { RepeatSet } from './data/repeatSet.ts';
import { estimateRatio } from './statistics/estimate.ts';
import { compositionScores, randomComposition } from './weights/composition.ts';
import { FactoredMatrix } from './weights/factoredMatrix.ts';
import { headCircuits } from './weights/headCircuits.ts';
import { WeightCircuits } from './weights/weightCircuits.ts';

const engine = await loadEngine({ exact: true });
const model = handBuiltInduction(engine, { dVocab: 11, nCtx: 14 });
const other = handBuiltHub(engine, { dVocab: 11, nCtx: 14 });
const { config } = model;
const probe = { config, count: 2, seed: 1 };
const pair = corruptedPair(probe, 5, 'break-repeat');
const set = new RepeatSet(model, { sequences: 2, seed: 0, periods: [5] });
const circuits = new WeightCircuits(config, model.getWeights());
const head = { layer: 0, head: 0 };
const gone = { layer: 7, head: 0 };

/** Calls that TypeScript would not let through. */
type Loose = (...args: unknown[]) => unknown;
const loose = (f: unknown): Loose => f as Loose;

const REFUSED: readonly [string, () => unknown, RegExp][] = [
  [
    'a promise',
    () => loose(audit)(Promise.resolve(model)),
    /audit: the model must be a Model, got a promise; await it/,
  ],
  ['a config', () => loose(prove)(config), /prove: the model must be .* got a config; make one with new Model\(engine/],
  ['weights', () => loose(headScores)({ weights: {} }), /got an object that holds weights/],
  ['nothing', () => loose(pathTable)(), /pathTable: the model must be a Model, got nothing/],
  ['a flat list of tokens', () => loose(runPatterns)(model, [1, 2, 3], {}), /write \[\[1, 2, 3\]\]/],
  ['no options object', () => loose(audit)(model, 32), /audit: options must be an object, got 32/],
  [
    'an unknown option',
    () => loose(audit)(model, { sequence: 3 }),
    /unknown field "sequence"; the nearest known one is "sequences"/,
  ],
  ['an option of another analysis', () => loose(headScores)(model, { kind: 'zero' }), /unknown field "kind"/],
  ['no sequences', () => measureHeads(model, { sequences: 0 }), /options\.sequences must be at least 1, got 0/],
  [
    'sequences as text',
    () => loose(audit)(model, { sequences: '64' }),
    /options\.sequences must be a number, got "64"/,
  ],
  ['half a sequence', () => audit(model, { sequences: 2.5 }), /whole number, got 2\.5/],
  ['a seed below 0', () => prove(model, { seed: -1 }), /options\.seed must be at least 0, got -1/],
  ['a progress that is none', () => loose(audit)(model, { onProgress: 5 }), /onProgress must be a function, got 5/],
  [
    'an audit that is none',
    () => loose(prove)(model, { audit: { verdict: 'induction' } }),
    /prove: options\.audit\.followers is missing/,
  ],
  [
    'an unknown ablation',
    () => loose(ablate)(config, [head], 'zeros'),
    /ablate: kind must be "zero" or .* got "zeros"/,
  ],
  [
    'an unknown ablation, in options',
    () => loose(ablationEffects)(model, { kind: 'mea' }),
    /options\.kind must be .* got "mea"/,
  ],
  ['a head that is not there', () => ablate(config, [gone], 'zero'), /ablate: there is no head L7H0/],
  ['a head by its label', () => loose(ablate)(config, ['L0H0'], 'zero'), /heads\.0 must be an object, got "L0H0"/],
  [
    'a set that is none',
    () => loose(pathTable)(model, { set: model }),
    /options\.set must be a PromptSet, got a Model/,
  ],
  ['a set of another model', () => pathTable(other, { set }), /options\.set belongs to another model/],
  [
    'a set and other sequences',
    () => pathTable(model, { set, sequences: 64 }),
    /options\.sequences is 64, that of options\.set is 2/,
  ],
  [
    'removal by resampling',
    () => loose(pathTable)(model, { by: 'resample' }),
    /options\.by must be "zero" or "mean", got "resample"/,
  ],
  ['K for k', () => loose(pathMatrix)({ cells: [] }, 'K'), /pathMatrix: input must be "q" or "k" or "v", got "K"/],
  [
    'K for k in an edge',
    () => loose(ablateEdges)([{ source: head, target: { layer: 1, head: 0 }, input: 'K' }]),
    /edges\.0\.input must be .* got "K"/,
  ],
  ['a head to keep that is not there', () => keepHeads(set, [gone]), /keepHeads: there is no head L7H0/],
  ['a head to ablate that is not there', () => ablateHeads(set, [gone]), /there is no head L7H0/],
  [
    'an edge between no heads of a circuit',
    () => keepCircuit(set, { heads: [head], edges: [{ source: head, target: { layer: 1, head: 0 }, input: 'k' }] }),
    /L0H0 → L1H0 K is no path from a head of the circuit/,
  ],
  [
    'hook for hooks',
    () => loose(activationPatching)(model, pair, { hook: 'x' }),
    /unknown field "hook"; the nearest known one is "hooks"/,
  ],
  ['no hooks', () => activationPatching(model, pair, { hooks: [] }), /selects no hook point/],
  [
    'flat prompts',
    () => loose(activationPatching)(model, { ...pair, clean: [1, 2] }),
    /clean\.0 must be a sequence of tokens, as in \[\[3, 1, 4\]\]/,
  ],
  [
    'an unknown corruption',
    () => loose(corruptedPair)(probe, 5, 'breakrepeat'),
    /corruption must be "break-repeat" or/,
  ],
  [
    'a period that does not fit',
    () => corruptedPair(probe, 50, 'break-repeat'),
    /a period of 50 cannot be probed; .* context of 14, so periods go from 1 to 7/,
  ],
  [
    'no periods',
    () => new RepeatSet(model, { sequences: 2, seed: 0, periods: [] }),
    /periods must be at least 1 entries long/,
  ],
  [
    'a period twice',
    () => new RepeatSet(model, { sequences: 2, seed: 0, periods: [5, 6, 5] }),
    /periods has 5 twice; name each once/,
  ],
  [
    'weights of another shape',
    () => new WeightCircuits({ ...config, nHeads: config.nHeads + 1 }, model.getWeights()),
    /blocks\.0\.attn\.W_Q has shape \[2,.*this config calls for \[3,/,
  ],
  [
    'one period of many too long',
    () => new RepeatSet(model, { sequences: 2, seed: 0, periods: [5, 8] }),
    /a period of 8 cannot be probed/,
  ],
  [
    'a period without a query',
    () => new RepeatSet(model, { sequences: 2, seed: 0, periods: [1] }),
    /a period of 1 cannot be probed/,
  ],
  ['no options at all', () => loose(periodsToMeasure)(model), /periodsToMeasure: options is missing/],
  ['a probe without a count', () => loose(repeatedProbe)({ config, seed: 1 }, 5), /probe\.count is missing/],
  [
    'a model for its config',
    () => loose(controlProbe)({ ...probe, config: model }),
    /config must be a ModelConfig, got a Model/,
  ],
  ['an example whose copies do not fit', () => examplePatterns(model, { period: 8 }), /a period of 8 cannot be probed/],
  [
    'an example of a model',
    () => loose(exampleTokens)(model, { period: 3 }),
    /config must be a ModelConfig, got a Model/,
  ],
  ['a checkpoint without a step', () => loose(measureCheckpoint)(model, {}), /options\.step is missing/],
  ['checkpoints that are none', () => loose(phaseChange)(3), /points must be an array, got 3/],
  ['circuits that are a model', () => loose(headCircuits)(model), /the circuits must be a WeightCircuits, got a Model/],
  ['no draws', () => compositionScores(circuits, { draws: 0 }), /options\.draws must be at least 1, got 0/],
  ['no rows', () => randomComposition({ dModel: 0, dHead: 3 }), /sizes\.dModel must be at least 1, got 0/],
  [
    'weights that are missing',
    () => loose((c: typeof config) => new WeightCircuits(c, undefined as never))(config),
    /weights is missing/,
  ],
  [
    'matrices that are arrays',
    () => new FactoredMatrix([[1]] as never, [[1]] as never),
    /A must be a Matrix, got an array/,
  ],
  ['a set that is a model', () => loose(logitAttribution)(model), /the set must be a PromptSet, got a Model/],
  ['no period to spread', () => spread([1, 2], 0), /most must be at least 1, got 0/],
  ['ratios of different numbers', () => estimateRatio([1, 2], [1]), /2 numerators and 1 denominators/],
  [
    'a copier whose distance does not fit',
    () => handBuiltPositionalCopier(engine, { dVocab: 4, nCtx: 14, period: 30 }),
    /a period of 30 does not fit the context of 14/,
  ],
  [
    'a layer that is not there',
    () => runPatterns(model, [[1, 2]], { layer: 7 }),
    /there is no layer 7; this model has layers 0 to 1/,
  ],
];

test.for(REFUSED)('%s', ([, call, sentence]) => {
  expect(call).toThrow(sentence);
  // One sentence: it ends with a full stop, and no other one is followed by a new sentence.
  try {
    call();
  } catch (error) {
    const { message } = error as Error;
    expect(message).toMatch(/\.$/);
    expect(message).not.toMatch(/\.\s+[A-Z]|\n/);
    expect(message.length).toBeLessThan(400);
  }
});
