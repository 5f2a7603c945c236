// One record: at every moment, whatever is asked for meanwhile, what the page says of a model is what was computed of it.
// The whole of the page but its elements, and the whole of the worker but its thread, with models small enough to hurry.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { modelConfig } from '@induction-lab/core';
import { effect } from '@preact/signals';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULTS, type LinkState, readLink, writeLink } from '../src/link.ts';
import { brokenParts, wordIn } from '../src/viewText.ts';
import { refuseTooLarge } from '../src/worker/openedFile.ts';
import { labInProcess } from './inProcess.ts';

const lab = labInProcess();

/** Small and quick: one head a layer, one sequence a step. */
const TINY = 'preset=two-heads&heads=2&batch=2';
const link = (rest: string): LinkState => readLink(`${TINY}&${rest}`).state;

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`This did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
const settled = (): Promise<void> =>
  until(() => !lab.underWay.value && lab.status.value !== 'playing', 'nothing is under way');

/** Fingerprints by run and step: equal steps of a run have equal ones, others have others. */
const bits = new Map<string, string>();
const faults: string[] = [];
const stop = effect(() => {
  const shown = lab.view.value;
  if (!shown || shown.run.file) return;
  const at = `${JSON.stringify(shown.setting)} ${shown.step}`;
  const known = bits.get(at) ?? shown.fingerprint;
  if (known !== shown.fingerprint) faults.push(`${at} has two fingerprints`);
  for (const [other, print] of bits)
    if (print === shown.fingerprint && other !== at) faults.push(`${at} has the bits of ${other}`);
  bits.set(at, shown.fingerprint);
  if (shown.run.seed !== shown.setting.seed)
    faults.push(`a view of seed ${shown.run.seed} under the name of ${shown.setting.seed}`);
  if (shown.broken !== brokenParts(shown.look).length > 0)
    faults.push(`${at} says it is broken and is not, or the reverse`);
  if (shown.broken !== (shown.lossRepeat !== shown.lossRepeatIntact)) {
    // A head that does nothing may be off; an intact model has one loss.
    if (!shown.broken) faults.push(`${at} is intact and has two losses`);
  }
});
afterAll(stop);

beforeEach(async ({ task }) => {
  if (task.suite?.name === 'a language model') return; // stays on the bench from one test to the next
  await lab.start(link('seed=1').setting); // a run of its own: one that has been further would be looked at where it was
  await lab.open(link('seed=1&step=4&period=17'));
  await settled();
});

const shown = (): NonNullable<typeof lab.view.value> => {
  if (!lab.view.value) throw new Error('Nothing is shown.');
  return lab.view.value;
};

describe('a link that trains on the present run', () => {
  test('breaks nothing, and pastes no words, until it is there', async () => {
    const opened = lab.open(link('seed=1&step=60&period=25&off=L0H0.L0H1&cut=k&kind=mean&tokens=a+b+a+c'));
    await until(() => lab.step.value > 8, 'it trains');
    expect(lab.opening.value).not.toBeNull();
    expect(lab.underWay.value).toBe(true);
    expect([lab.wanted.value.period, lab.wanted.value.own, lab.wanted.value.ablated, lab.wanted.value.cuts]).toEqual([
      17,
      null,
      [],
      [],
    ]);
    expect([shown().broken, shown().period, shown().look.typed]).toEqual([false, 17, null]);
    await opened;
    await settled();
    expect(brokenParts(shown().look)).toEqual(['L0H0 off', 'L0H1 off', 'K cut']);
    expect([shown().step, shown().look.typed?.text, shown().tokens.length]).toEqual([60, 'a b a c', 4]);
    expect(readLink(writeLink(lab.linkState())).state).toEqual({
      ...link('seed=1&step=60&off=L0H0.L0H1&cut=k&kind=mean&tokens=a+b+a+c'),
      period: DEFAULTS.period,
    });
  });

  test('after Pause on the way the bench is as it was, and so are the controls and the link', async () => {
    void lab.open(link('seed=1&step=600&period=25&off=L0H0.L0H1&cut=k&tokens=a+b+a+c'));
    await until(() => lab.step.value > 8, 'it trains');
    lab.control('pause');
    await settled();
    expect(lab.underWay.value).toBe(false);
    expect([lab.wanted.value.period, lab.wanted.value.own, lab.wanted.value.ablated, lab.wanted.value.cuts]).toEqual([
      17,
      null,
      [],
      [],
    ]);
    expect([shown().broken, shown().period]).toEqual([false, 17]);
    expect(writeLink(lab.linkState())).not.toMatch(/off=|cut=|tokens=/);
    expect(lab.linkState().step).toBe(shown().step);
  });

  test('what the reader changes on the way stays', async () => {
    const opened = lab.open(link('seed=1&step=40&period=25&off=L0H0'));
    await until(() => lab.step.value > 6, 'it trains');
    lab.change({ period: 9 });
    await opened;
    await settled();
    expect([shown().period, brokenParts(shown().look)]).toEqual([9, ['L0H0 off']]);
  });
});

test('step and fingerprint belong together, on every scrub, and in the link of what is seen', async () => {
  await lab.open(link('seed=1&step=20&view=0'));
  await settled();
  const first = shown();
  expect([first.step, lab.step.value]).toEqual([0, 20]);
  expect(writeLink(lab.linkState())).toMatch(/step=20&.*view=0/);
  for (const step of [1, 2, 4, 10]) {
    lab.change({ viewed: step });
    await settled();
    expect(shown().step).toBe(step);
    expect(shown().fingerprint).not.toBe(first.fingerprint);
  }
  lab.change({ viewed: null });
  await settled();
  expect([shown().step, lab.linkState().viewed]).toEqual([20, null]);
});

test('while a look is on its way the page knows it, and says nothing of it before it is there', async () => {
  const before = shown().fingerprint;
  lab.toggleAblation({ layer: 0, head: 0 });
  lab.change({ period: 11 });
  expect(lab.underWay.value).toBe(true);
  expect([brokenParts(shown().look), shown().period]).toEqual([[], 17]);
  expect(writeLink(lab.linkState())).toContain('period=17');
  await settled();
  expect([brokenParts(shown().look), shown().period, shown().fingerprint]).toEqual([['L0H0 off'], 11, before]);
  lab.restore();
  await settled();
});

test('a look that is refused goes back to what is shown', async () => {
  lab.change({ ablated: [{ layer: 0, head: 0 }], kind: 'nonsense' as never });
  await settled();
  expect(lab.notice.value?.tone).toBe('bad');
  expect([lab.wanted.value.ablated, lab.wanted.value.kind, shown().broken]).toEqual([[], 'zero', false]);
  lab.control('step'); // and does not come back at the next rest
  await until(() => lab.step.value === 5, 'a step is trained');
  await settled();
  expect([lab.notice.value, shown().broken, shown().step]).toEqual([null, false, 5]);
});

test('an experiment that is refused leaves the look, the controls and the run', async () => {
  await lab.open(readLink('preset=varied&shortest=30&longest=20&period=9&off=L0H0&tokens=a+b+a').state);
  await settled();
  expect(lab.notice.value?.text).toMatch(/This link asks for what is not possible: .*30 down to 20/);
  expect([lab.wanted.value.period, lab.wanted.value.own, shown().broken, lab.setting.value.preset]).toEqual([
    17,
    null,
    false,
    'two-heads',
  ]);
});

test('another run is shown under its own name from the first view on, and never under the old one', async () => {
  const names: string[] = [];
  const watch = effect(() => {
    const seen = lab.view.value;
    if (seen) names.push(`${seen.run.seed}/${seen.setting.seed}`);
  });
  void lab.start({ ...lab.setting.value, seed: 8 });
  lab.look();
  void lab.start({ ...lab.setting.value, seed: 9 });
  await until(() => lab.view.value?.run.seed === 9, 'the last one is there');
  await settled();
  watch();
  expect(names.every((name) => ['1/1', '8/8', '9/9'].includes(name))).toBe(true);
});

test('one typed token, or a number that is no token, leaves the probe and its loss as the probe’s', async () => {
  for (const text of ['captain', '64 1 64', '−3 2 −3']) {
    lab.change({ own: text });
    await settled();
    expect([shown().look.tokens, shown().period, lab.linkState().own]).toEqual([null, 17, null]);
  }
  lab.change({ own: null });
  await settled();
});

test('a link for a smaller model names what was left out of it, all in one notice', async () => {
  const strangers = Array.from({ length: 100 }, (_, head) => `L7H${head}`).join('.');
  const { state: wanted, complaints } = readLink(`preset=literal-1-layer&batch=2&seed=-1&off=L0H0.${strangers}&cut=k`);
  await lab.open(wanted, { complaints });
  await settled();
  expect(lab.notice.value?.text).toBe(
    'Some of this link was left out: seed is "-1" and must be a whole number from 0 to 2147483647. This model has no L7H0, L7H1, L7H2 and 97 more; left out of the link. This model has one layer, and so no path between heads to cut; left out of the link.',
  );
  expect(brokenParts(shown().look)).toEqual(['L0H0 off']);
  lab.restore();
  await settled();
});

test('runs side by side keep their names; an ended comparison leaves nothing', async () => {
  await lab.compareWith({ ...lab.setting.value, seed: 2 });
  await settled();
  await until(() => lab.beside.value !== null, 'the other run is beside');
  expect([lab.beside.value?.other.setting.seed, shown().run.seed]).toEqual([1, 2]);
  expect(lab.beside.value?.fingerprint).not.toBe(shown().fingerprint);
  await lab.endComparison();
  await settled();
  expect(lab.beside.value).toBeNull();
});

test('a model of the Hugging Face hub comes with its config, a GGUF file alone, and a config never alone', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const file = (path: string, name: string): File => new File([readFileSync(root + path)], name);
  const [model, config] = ['model.safetensors', 'config.json'].map((name) =>
    file(`examples/stories260K/${name}`, name),
  );
  await lab.loadFile([config as File]);
  expect(lab.notice.value?.text).toBe('A config says nothing without its model; drop both together.');
  await lab.loadFile([model as File]);
  expect(lab.notice.value?.text).toMatch(
    /model\.safetensors holds no config.*pass it by dropping the model and its config\.json together/,
  );
  await lab.loadFile([config as File, model as File]);
  await settled();
  expect([lab.isLoaded.value, shown().nLayers, shown().nHeads, shown().tokens.length]).toEqual([true, 5, 8, 100]);
  await lab.loadFile([file('packages/core/test/golden/gguf/llama.gguf', 'llama.gguf')]);
  await settled();
  expect(lab.notice.value?.text).toMatch(/^llama\.gguf is on the bench/);
});

/** Files as this page's server gives them. */
const served = (url: URL | string): Promise<Response> =>
  Promise.resolve(new Response(readFileSync(fileURLToPath(url))));

describe('a language model', () => {
  const folder = fileURLToPath(new URL('../../../examples/stories260K/', import.meta.url));
  const part = (name: string): File => new File([readFileSync(folder + name)], name);
  test('comes with the page: typed words are its tokens, and the link brings them back', async () => {
    vi.stubGlobal('fetch', served);
    await lab.openModel('stories260K');
    await settled();
    expect([lab.readsText.value, lab.isLoaded.value, shown().nLayers, shown().nHeads]).toEqual([true, true, 5, 8]);
    lab.change({ own: 'One day, Lily saw a dog. One day, Lily' });
    await settled();
    const words = shown().tokens.map((token) => wordIn(shown(), token));
    expect(words.slice(0, 4)).toEqual(['⟨start⟩', '␣One', '␣day', ',']);
    expect([...shown().topTokens].every((token) => shown().words?.has(token))).toBe(true);
    lab.toggleAblation({ layer: 3, head: 6 });
    await settled();
    const link = writeLink(lab.linkState());
    expect(link).toMatch(/^tokens=One\+day.*&off=L3H6&kind=zero&model=stories260K&kernels=\d+$/);
    const before = shown();
    await lab.start(readLink('preset=two-heads&heads=2&batch=2').state.setting);
    await lab.open(readLink(link).state);
    await settled();
    expect([shown().look.typed?.text, shown().fingerprint, brokenParts(shown().look), [...shown().truth]]).toEqual([
      'One day, Lily saw a dog. One day, Lily',
      before.fingerprint,
      ['L3H6 off'],
      [...before.truth],
    ]);
  });

  test('has previous-token heads and no induction, and that is what is said', async () => {
    const { bars } = shown();
    expect(bars.filter(({ previousToken }) => previousToken > 0.4).length).toBeGreaterThan(4);
    expect(Math.max(...bars.map(({ excess }) => excess))).toBeLessThan(0.1);
    await lab.judge();
    expect(lab.currentAnswer.value?.record.sentence).toMatch(/^No induction: /);
    expect(lab.audited.value).toBeNull();
  });

  test('with heads off stands beside as many random heads of the same layers', async () => {
    const { all, copied, copies, request } = await lab.ask('randomOff', {});
    expect([all.heads, all.random.length, request]).toEqual([['L3H6'], 10, shown().look.request]);
    expect(all.random.every(({ heads: [one] }) => /^L3H/.test(one ?? '') && one !== 'L3H6')).toBe(true);
    const losses = [...shown().truth].map((share) => -Math.log(share));
    expect(all.without.value).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / losses.length, 4);
    expect([copies, copied?.heads]).toEqual([3, ['L3H6']]);
    lab.restore();
    await settled();
    await expect(lab.ask('randomOff', {})).rejects.toThrow('No head is off yet');
  });

  test('says what of a text it cannot take, and keeps what was typed', async () => {
    lab.change({ own: 'and then '.repeat(60) });
    await settled();
    expect([shown().tokens.length, lab.ownComplaint.value]).toEqual([
      100,
      expect.stringMatching(/^This page looks at 99 tokens of a text; the last \d+ were left out\.$/),
    ]);
    lab.change({ own: ' ' });
    await settled();
    expect([lab.ownComplaint.value, lab.wanted.value.own]).toEqual([null, ' ']);
  });

  test('is dropped with its tokenizer and whatever lies beside it; a tokenizer of another model is refused', async () => {
    const [model, config, tokenizer] = ['model.safetensors', 'config.json', 'tokenizer.json'].map(part) as File[];
    await lab.loadFile([tokenizer as File]);
    expect(lab.notice.value?.text).toMatch(/^A tokenizer says nothing without its model/);
    const larger = JSON.parse(await (tokenizer as File).text()) as { added_tokens: object[] };
    larger.added_tokens.push({ ...larger.added_tokens[0], id: 600, content: '<more>' });
    const other = new File([JSON.stringify(larger)], 'tokenizer.json');
    await lab.loadFile([model as File, config as File, other]);
    expect(lab.notice.value?.text).toMatch(/tokenizer\.json has token 600, and the model has 512 tokens/);
    await lab.loadFile([part('README.md'), tokenizer as File, config as File, model as File]);
    await settled();
    expect(lab.notice.value?.text).toMatch(/It reads text/);
    expect([lab.readsText.value, writeLink(lab.linkState())]).toEqual([true, expect.not.stringContaining('model=')]);
  });

  test('that is too large for this page is refused in numbers, before its weights are read', () => {
    const sizes = { nLayers: 24, nHeads: 16, dModel: 1024, dHead: 64, nCtx: 1024, dVocab: 50257, dMlp: 4096 };
    expect(() => refuseTooLarge(modelConfig(sizes), 'xl.safetensors')).toThrow(
      /^xl\.safetensors has 4\d\d,[\d,]+ weights, which take 1,[\d,]+ MB of memory; this page takes up to [\d,]+ MB here/,
    );
    expect(() => refuseTooLarge(modelConfig({ ...sizes, nLayers: 2, dVocab: 300_000 }), 'wide.gguf')).toThrow(
      /^wide\.gguf has 32 heads, 100 positions and 300000 tokens: looking at them takes [\d,]+ MB/,
    );
  });
});

test('a state of the lesson is fetched; to train on, the run begins anew', async () => {
  vi.stubGlobal('fetch', served);
  await lab.open(readLink('preset=two-heads&seed=1&step=300&period=17&off=L1H0').state);
  await settled();
  const fetched = shown();
  expect([fetched.step, fetched.run.seed, brokenParts(fetched.look), lab.isFetched.value]).toEqual([
    300,
    1,
    ['L1H0 off'],
    true,
  ]);
  expect([lab.subject.value?.losses.length, lab.progress.value.kept, lab.linkState().step]).toEqual([300, [300], 300]);
  await expect(lab.ask('metrics', {})).rejects.toThrow(/were fetched, its metrics were not/);
  lab.control('step');
  await until(() => lab.step.value > 0 && lab.step.value < 300, 'training has begun anew');
  expect(lab.notice.value?.text).toMatch(/^The weights of step 300 were fetched, without what training needs/);
  expect(lab.isFetched.value).toBe(false);
  lab.control('pause');
  await settled();
});

test('a run on data of one’s own: its words are its tokens, the link leaves it out and says so', async () => {
  const text = 'the cat sat on the mat, and the dog sat on the cat. '.repeat(4);
  await lab.dropData(new File([text], 'mine.txt'));
  lab.control('step');
  await until(() => lab.step.value === 1 && shown().step === 1, 'a step of it is trained');
  const { experiment, segments } = shown().run;
  expect([experiment.name, experiment.task.kind, experiment.model.dVocab, experiment.model.nCtx]).toEqual([
    'two-heads, own data',
    'data',
    9,
    50,
  ]);
  expect([segments.map(({ name }) => name), lab.subject.value?.losses[0]?.segments.all]).toEqual([
    ['all'],
    expect.closeTo(Math.log(9), 0),
  ]);
  lab.change({ own: 'the dog sat on the moon' });
  await settled();
  expect(shown().tokens.map((token) => wordIn(shown(), token))).toEqual(['the', 'dog', 'sat', 'on', 'the']);
  expect(lab.ownComplaint.value).toBe('“moon” did not come in the text it was trained on, and was left out.');
  expect(lab.noLink.value).toMatch(/own data/);
  const other = readLink(`${TINY}&seed=1`).state;
  await lab.open(other); // the same knobs, and other data: another run
  await settled();
  expect([shown().run.experiment.task.kind, lab.noLink.value]).toEqual(['varied', null]);
});

test('knobs for an MLP and for every kind of positions make the model that they name', async () => {
  await lab.open(link('seed=1&mlp=yes&positions=alibi'));
  await settled();
  const { model } = shown().run.experiment;
  expect([model.dMlp, model.positions]).toEqual([4 * model.dModel, 'alibi']);
  expect(writeLink(lab.linkState())).toMatch(/positions=alibi&.*|mlp=yes/);
});

test('no view was ever at odds with itself', () => {
  expect(faults).toEqual([]);
  expect(bits.size).toBeGreaterThan(10);
});
