// What users bring to analyses is theirs: whatever their functions do to the arrays they are handed changes nothing that is
// measured, and what goes wrong in them is told by the analysis that was called, with the number in what was given.
import { describe, expect, test } from 'vitest';
import {
  ablateEdges,
  ablationEffects,
  activationPatching,
  allEdges,
  attributionAgreement,
  type Detector,
  evaluateCircuit,
  handBuiltInduction,
  headScores,
  loadEngine,
  type Measure,
  PROMPT_SCORES,
  PromptSet,
  type Prompts,
  patchEdges,
  pathTable,
  promptScores,
} from '../src/node.ts';

const model = handBuiltInduction(await loadEngine(), { dVocab: 17, nCtx: 10 });
/** "… a b … a" asks for b; in the twin the earlier a is 16. */
const prompts: Prompts = [
  [1, 3, 5, 8, 3],
  [4, 2, 7, 6, 0, 2],
  [6, 8, 2, 1, 8],
  [5, 1, 4, 7, 3, 1],
].map((tokens) => ({
  tokens,
  queries: [tokens.length - 1],
  answers: [tokens[2]!],
  wrong: [tokens[3]!],
  corrupted: tokens.map((t, p) => (p === 1 ? 16 : t)),
}));

/** The logit of the answer. */
const logit: Measure = {
  ...{ name: 'logit', unit: 'logits', better: 'higher' },
  value: ({ logits, dVocab, queries, answers }) => logits[queries[0]! * dVocab + answers[0]!]!,
  gradient: ({ logits, dVocab, queries, answers }) => {
    const gradient = new Float64Array(logits.length);
    gradient[queries[0]! * dVocab + answers[0]!] = 1;
    return gradient;
  },
};
const afterCopies: Detector = {
  name: 'after',
  keys: (tokens, query) =>
    Array.from(tokens).flatMap((token, key) => (key < query && token === tokens[query] ? [key + 1] : [])),
};

describe('arrays are copies', () => {
  test('a detector that reverses its tokens, and gives the same array of keys every time', () => {
    const keys: number[] = [];
    const rude: Detector = {
      name: 'after',
      keys: (tokens, query) => {
        keys.splice(0, keys.length, ...afterCopies.keys(tokens, query));
        (tokens as Int32Array).reverse();
        return keys;
      },
      counts: (tokens, query) => {
        (tokens as Int32Array).fill(0);
        return afterCopies.keys(tokens, query).length >= 0 && query > 3;
      },
    };
    const polite: Detector = { ...afterCopies, counts: (_, query) => query > 3 };
    const options = { sequences: 3, seed: 2 };
    expect(headScores(model, { ...options, detectors: [rude] })).toEqual(
      headScores(model, { ...options, detectors: [polite] }),
    );
    expect(promptScores(model, prompts, { detectors: [rude] })).toEqual(
      promptScores(model, prompts, { detectors: [polite] }),
    );
  });

  test('a measure that sorts its logits and empties its lists', () => {
    const rude: Measure = {
      ...logit,
      value: (s) => {
        const value = logit.value(s);
        s.logits.sort();
        (s.tokens as number[]).fill(0);
        for (const list of [s.queries, s.answers, s.wrong]) (list as number[]).length = 0;
        return value;
      },
    };
    expect(pathTable(model, { prompts, measure: rude })).toEqual(pathTable(model, { prompts, measure: logit }));
    const run = (measure: Measure) =>
      model.runWithGradients([[1, 3, 5, 8, 3]], { measure, queries: [[4]], answers: [[5]] });
    expect(run(rude)).toEqual(run(logit));
  });
});

describe('a detector of one’s own on given prompts', () => {
  test('scores as the built-in one does, with its chance, and changes nothing else', () => {
    const { detectors, heads, ...record } = promptScores(model, prompts, { detectors: [afterCopies] });
    const { heads: plain, ...rest } = promptScores(model, prompts);
    expect(record).toEqual(rest);
    expect(detectors).toEqual([{ name: 'after', chance: record.chance.inductionByContent }]);
    heads.forEach(({ detectors: own, ...head }, i) => {
      expect(head).toEqual(plain[i]);
      expect(own).toEqual({ after: { score: head.inductionByContent, control: null } });
    });
    expect(Object.keys(plain[0]!)).toEqual(['label', 'layer', 'head', ...PROMPT_SCORES]);
  });

  test('an answer that cannot be meant is refused by sequence and query', () => {
    const refused = (detector: Partial<Detector>) => () =>
      promptScores(model, prompts, { detectors: [{ ...afterCopies, ...detector }] });
    expect(refused({ keys: (_, query) => [query + 1] })).toThrow(
      'promptScores: the detector "after" looks into the future, at key 5, at query 4 of sequence 0; it must give keys',
    );
    expect(refused({ keys: () => [] })).toThrow(
      'promptScores: the detector "after" counts no query of the 4 given prompts, so there is nothing to measure; look at its keys',
    );
    expect(refused({ name: ' ' })).toThrow(/^promptScores: options\.detectors\.0\.name must be a name/);
  });
});

describe('what goes wrong in a measure', () => {
  /** Which prompt: they begin with different tokens. */
  const first = prompts.map(({ tokens }) => tokens[0]);

  test.for([0, 1, 2, 3])('is told of sequence %i, as all prompts are numbered', (s) => {
    const at = `sequence ${s}, query ${prompts[s]!.queries![0]}.`;
    const nan: Measure = { ...logit, value: (x) => (x.tokens[0] === first[s] ? Number.NaN : logit.value(x)) };
    expect(() => evaluateCircuit(model, { prompts, measure: nan })).toThrow(
      `evaluateCircuit: the measure "logit" must be a finite number, and is NaN for ${at}`,
    );
    const steep: Measure = {
      ...logit,
      gradient: (x) =>
        logit.gradient!(x) && new Float64Array(x.logits.length).fill(x.tokens[0] === first[s] ? Number.NaN : 0),
    };
    const said = `: the measure "logit" has a gradient of NaN at position 0 for ${at}`;
    expect(() => pathTable(model, { prompts, measure: steep })).toThrow(`pathTable${said}`);
    expect(() => pathTable(model, { set: new PromptSet(model, { prompts, measure: steep }) })).toThrow(
      `pathTable${said}`,
    );
    expect(() => activationPatching(model, prompts, { measure: steep })).toThrow(`activationPatching${said}`);
  });

  test('of the prompts that are evaluated on, in their own numbers', () => {
    const nan: Measure = { ...logit, value: (x) => (x.tokens[0] === first[3] ? Number.NaN : logit.value(x)) };
    expect(() =>
      evaluateCircuit(model, { prompts: prompts.slice(0, 2), evaluateOn: prompts.slice(2), measure: nan }),
    ).toThrow(
      'evaluateCircuit, evaluateOn: the measure "logit" must be a finite number, and is NaN for sequence 1, query 5.',
    );
  });

  test('what it throws is told with its name, the sequence and the query', () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    expect(() => ablationEffects(model, { prompts, measure: { ...logit, value: boom } })).toThrow(
      'ablationEffects: the measure "logit" must give a finite number, and threw "boom" for sequence 0, query 4.',
    );
    expect(() => pathTable(model, { prompts, measure: { ...logit, gradient: boom } })).toThrow(
      'pathTable: the measure "logit" must give a gradient, and threw "boom" for sequence 0, query 4.',
    );
    const word: Measure = {
      ...logit,
      value: () => {
        throw 'no';
      },
    };
    expect(() => ablationEffects(model, { prompts, measure: word })).toThrow(/and threw "no" for sequence 0/);
  });

  test('without a gradient everything is measured, and nothing attributed', () => {
    const { gradient: _, ...bare } = logit;
    const [with_, without] = [logit, bare].map((measure) => pathTable(model, { prompts, measure }));
    expect(without).toEqual({ ...with_!, cells: with_!.cells.map((cell) => ({ ...cell, attributed: null })) });
    expect(() => attributionAgreement(without!)).toThrow(/nothing is attributed in this table/);
    expect(() => pathTable(model, { prompts, measure: bare, integrationSteps: 2 })).toThrow(
      /^pathTable: the measure "logit" has no `gradient`, which gradients need/,
    );
  });
});

describe('prompts that are none', () => {
  test.for([null, false, '', 0])('%j', (none) => {
    const options = { prompts: none as never };
    const sentence = /: prompts must be an array, got /;
    for (const analyse of [ablationEffects, pathTable, evaluateCircuit])
      expect(() => analyse(model, options)).toThrow(sentence);
    expect(() => promptScores(model, none as never)).toThrow(sentence);
    expect(() => evaluateCircuit(model, { prompts, evaluateOn: none as never })).toThrow(
      /^evaluateCircuit, evaluateOn: prompts must be an array/,
    );
  });

  test('a wrong answer that is the right one', () => {
    const [one, ...others] = prompts;
    expect(() =>
      ablationEffects(model, { prompts: [...others, { ...one!, wrong: [5] }], measure: 'logit-diff' }),
    ).toThrow(
      'ablationEffects: wrong of sequence 3 has token 5 at query 4, which is the right answer there; name another one.',
    );
    const { answers: _, ...next } = { ...one!, queries: [0], wrong: [3] };
    expect(() => new PromptSet(model, { prompts: [next] })).toThrow(/wrong of sequence 0 has token 3 at query 0/);
  });

  test('fields may be those of a class', () => {
    class Prompt {
      readonly #of: Prompts[number];
      constructor(of: Prompts[number]) {
        this.#of = of;
      }
      get tokens() {
        return this.#of.tokens;
      }
      get corrupted() {
        return this.#of.corrupted!;
      }
    }
    const own = prompts.map(({ tokens, corrupted }) => ({ tokens, corrupted: corrupted! }));
    const inherited = own.map((prompt) => Object.create(prompt) as Prompts[number]);
    const wanted = activationPatching(model, own);
    expect(activationPatching(model, inherited)).toEqual(wanted);
    expect(activationPatching(model, own.map((prompt) => new Prompt(prompt)) as unknown as Prompts)).toEqual(wanted);
  });
});

describe('interventions on a set', () => {
  const set = new PromptSet(model, { prompts });
  const edges = allEdges(model.config);

  test('patches of what the run has already are refused, beside others they freeze', () => {
    for (const patches of [patchEdges(edges), [{ kind: 'patch', hook: 'blocks.0.attn.hook_z' } as const]])
      expect(() => set.measured(patches)).toThrow(
        /^PromptSet\.measured: patches alone put in what this run has already, so nothing would change; patch into/,
      );
    expect(set.measured([])).toEqual(set.clean);
    const ablated = set.measured(ablateEdges(edges));
    expect(set.measured([...ablateEdges(edges), { kind: 'patch', hook: 'blocks.1.attn.hook_pattern' }])).not.toEqual(
      ablated,
    );
  });

  test('what is no list of interventions', () => {
    expect(() => set.measured('x' as never)).toThrow('PromptSet.measured: interventions must be an array, got "x".');
    expect(() => set.measured([{}] as never)).toThrow(/^PromptSet\.measured: interventions\.0\.kind is missing/);
  });
});
