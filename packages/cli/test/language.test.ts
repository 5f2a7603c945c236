// What the commands about language models say of stories260K, a real model without induction, and of input that cannot be meant.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { STORIES } from '../../core/test/support/stories.ts';
import { expectRefusal } from './support/command.ts';
import { temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction } from './support/models.ts';

const folder = temporaryFolder();
const TIM = 'Once there was a boy named Tim. Tim had a red ball. Tim had a';
const story = join(folder, 'story.txt');
writeFileSync(
  story,
  `${'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high. Her mom said, "Let us go to the park." They played all day and were very happy.\n'}Then the sun went down and it was time to go home. The dog ran fast and the cat sat on the mat.`,
);
/** A model of ours whose heads are known; it has no tokenizer. */
const induction = writeInduction(join(folder, 'induction.safetensors'), { dVocab: 31, nCtx: 34 });
const json = async (...args: string[]): Promise<Record<string, never>> =>
  JSON.parse((await succeed(...args, '--json')).stdout) as Record<string, never>;

describe('heads', () => {
  let text = '';
  const figures = join(folder, 'heads');
  beforeAll(async () => {
    ({ stdout: text } = await succeed('heads', STORIES, '--sequences', '4', '--figures', figures));
  }, 120_000);

  test('of stories260K: previous-token heads, and no induction', () => {
    expect(text).toMatch(/Induction heads: none above 0.3; the most has L4H0, 0.0\d\./);
    expect(text).toMatch(/Previous-token heads: L3H6 0\.[67]\d, L1H3 0\.[56]\d/);
    expect(text.replace(/\s+/g, ' ')).toMatch(/start token 1 \(<s>\)/);
    expect(text.replace(/\s+/g, ' ')).toMatch(/drawn from 253; left out: 259 that are no text/);
    for (const line of text.split('\n').slice(1)) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test('draws a map with a cell for each head and score', () => {
    expect(readdirSync(figures).sort()).toEqual([
      'head-map-dark.png',
      'head-map-dark.svg',
      'head-map.png',
      'head-map.svg',
    ]);
    const svg = readFileSync(join(figures, 'head-map.svg'), 'utf8');
    expect(svg.match(/class="head"/g)).toHaveLength(4 * 40);
    expect(svg).toContain('L3H6');
  });

  test('of a model of ours, without a tokenizer; a range and a file of tokens say what is drawn', async () => {
    const record = await json('heads', induction, '--sequences', '3', '--period', '7');
    expect(record).toMatchObject({ marked: { induction: ['L1H0'], 'previous-token': ['L0H0'] }, period: 7 });
    expect(record.vocabulary).toEqual({ drawnFrom: 31, notText: 0, untrained: 0, notAsked: 0 });
    const ids = writeJson(join(folder, 'ids.json'), [3, 5, 8, 9, 10, 11, 12, 13, 14, 15]);
    const [range, file] = [
      await json('heads', STORIES, '--sequences', '2', '--tokens-from', '300..349'),
      await json('heads', induction, '--sequences', '2', '--tokens-from', ids),
    ];
    expect(range.vocabulary).toMatchObject({ drawnFrom: 50, notAsked: 462 });
    expect(file).toMatchObject({ vocabulary: { drawnFrom: 10, notAsked: 21 }, period: 5 });
  });
});

describe('prompt', () => {
  const page = join(folder, 'tim.html');

  test('says what each token cost, who looks where, and that these are no induction heads', async () => {
    const { stdout } = await succeed('prompt', STORIES, TIM, '--html', page);
    expect(stdout).toMatch(/No head follows the repeat/);
    expect(stdout).toMatch(/␣Tim came before; after it came/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /With 10 draws of as many random heads of the same layers off: [\d.]+ nats on average/,
    );
    for (const line of stdout.split('\n').slice(1)) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test('the page stands alone, has an arc for each head and copy, and nothing of the text acts in it', async () => {
    const html = readFileSync(page, 'utf8');
    expect(html).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org)|src=/);
    const copies = 7;
    expect(html.match(/<path class="h\d head\d"/g)!.length % copies).toBeGreaterThanOrEqual(0);
    const hostile = join(folder, 'hostile.html');
    await succeed('prompt', STORIES, '<img src=x onerror=alert(1)> & "it" said: <img src=x', '--html', hostile);
    const page2 = readFileSync(hostile, 'utf8');
    expect(page2).not.toContain('<img');
    expect(page2).toContain('&#60;img src=x onerror=alert(1)&#62; &#38; &#34;it&#34;');
  });

  test('the record has every token with its label, and losses that are those of the run', async () => {
    const record = await json('prompt', STORIES, TIM, '--likely', '2');
    const positions = record.positions as unknown as { label: string; loss: number | null; next: unknown[] }[];
    expect(positions.slice(0, 3).map(({ label }) => label)).toEqual(['<s>', '␣Once', '␣there']);
    expect(positions[0]!.loss).toBeNull();
    expect(positions[4]!.next).toHaveLength(2);
    expect(record).toMatchObject({ tokenizer: 'tokenizer.json', bos: 1 });
    expect((record.without as { random: unknown[] }).random).toHaveLength(10);
  });

  test('of numbers where there is no tokenizer; the heads of the circuit cost what they carry', async () => {
    const record = await json('prompt', induction, '2 5 7 3 9 5 7 3 9', '--top', '1');
    const { without } = record as unknown as { without: { clean: { value: number }; without: { value: number } } };
    expect(without.clean.value).toBeLessThan(0.01);
    expect(without.without.value).toBeCloseTo(Math.log(31), 3);
    expect(record).toMatchObject({ inductionHeads: { follow: true }, heads: [{ label: 'L1H0' }] });
  });

  test('a text without a repeat is refused, and read when that is asked for', async () => {
    const ended = await run('prompt', STORIES, 'Once upon');
    expectRefusal(ended, /No token of this text comes twice, .*; repeat a name or a phrase in it, or .* --any-text/);
    const { stdout } = await succeed('prompt', STORIES, 'Once upon', '--any-text');
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/No token of this text comes twice, so there is nothing to copy/);
    expect(stdout).toMatch(/owes to whom/);
  });
});

test('audit of a language model keeps behaviour, attention and cause apart', async () => {
  const record = await json('audit', STORIES, '--text', story, '--sequences', '8');
  expect(record).toMatchObject({
    behaviour: { answer: 'no' },
    attention: { answer: 'no', heads: [] },
    cause: { answer: 'not asked', off: null },
    leftOut: [],
  });
  const { inContext } = record as unknown as {
    inContext: { texts: { labels: string[]; losses: unknown[] }[]; early: number; late: number };
  };
  expect(inContext.texts[0]!.labels.slice(0, 3)).toEqual(['<s>', '␣Once', '␣upon']);
  expect(inContext.early).toBe(Math.floor(inContext.late / 10));
  const { stdout } = await succeed('audit', STORIES, '--sequences', '8');
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /Left out: natural text said twice and the score in context: no text was given; give one with --text FILE/,
  );
  for (const title of [
    'Behaviour: does the loss fall on a repeat? no',
    'Attention: do heads follow it? no',
    'Cause: is the fall lost with these heads off? not asked',
  ])
    expect(stdout).toContain(title);
});

describe('patch between two texts', () => {
  const clean = 'Tim and Lily went to the park. Lily gave a ball to';
  const corrupted = 'Tim and Lily went to the park. Tim gave a ball to';
  const twins = ['--clean', clean, '--corrupted', corrupted];

  test('what differs carries all before layer 0, what does not nothing', async () => {
    const record = await json('patch', STORIES, ...twins, '--answers', ' Tim| Lily');
    const { layers, heads, tokens } = record as unknown as {
      layers: { layer: number; position: number; effect: { value: number } }[];
      heads: unknown[];
      tokens: { clean: string; corrupted: string }[];
    };
    expect(heads).toHaveLength(40);
    expect(tokens[12]).toEqual({ clean: '␣Lily', corrupted: '␣Tim' });
    for (const { layer, position, effect } of layers) {
      if (layer > 0) continue;
      expect(effect.value, String(position)).toBeCloseTo(position === 12 ? 1 : 0, 4);
    }
  });

  test.for([
    [['--answers', ' Tim| Lily'], /--answers compares two texts; give them with --clean TEXT and --corrupted TEXT/],
    [[...twins, '--answers', ' Tim'], /--answers must be the right answer and the wrong one with \| between them/],
    [
      [...twins, '--answers', ' Tim| Elephant'],
      /The answer " Elephant" is \d tokens after the text .*choose one that is a single token/,
    ],
    [[...twins, '--answers', ' Tim| Tim'], /names the token "␣Tim" twice/],
    [
      [
        '--clean',
        clean,
        '--corrupted',
        'Tim and Lily went to the big park. Tim gave a ball to',
        '--answers',
        ' Tim| Lily',
      ],
      /--clean has 19 tokens and --corrupted \d+, and patching needs as many; they differ from token \d+ on: /,
    ],
    [['--clean', clean, '--corrupted', clean, '--answers', ' Tim| Lily'], /are the same tokens/],
    [['--clean', ' ', '--corrupted', clean, '--answers', ' Tim| Lily'], /--clean is empty/],
    [twins, /--clean must be tokens as whole numbers .*a text needs --answers/],
    [[...twins, '--answers', ' Tim| Lily', '--by-position'], /--by-position has no effect with --answers/],
    [['--tokenizer', join(STORIES, 'tokenizer.json')], /--tokenizer has no effect without --answers/],
  ] as const)('%#', async ([args, sentence]) => {
    expectRefusal(await run('patch', STORIES, ...args), sentence);
  });
});

test('evaluate screens the heads of a language model, says what it did not search, and what it expected to take', async () => {
  const { stdout } = await succeed('evaluate', STORIES, '--sequences', '2', '--candidates', '3');
  expect(stdout.replace(/\s+/g, ' ')).toMatch(/Expected before it began: \d+ s, \d+ MB/);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /Not searched: 37 heads, whose ablation would change the loss by at most [\d.]+ nats by first order; edges between heads; MLPs/,
  );
});

describe('one sentence for what cannot be meant', () => {
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  for (const file of ['model.safetensors', 'config.json']) copyFileSync(join(STORIES, file), join(bare, file));
  const other = writeJson(join(folder, 'other.json'), {
    ...{ added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null },
    model: { type: 'BPE', vocab: { '<unk>': 0, a: 1, b: 600 }, merges: [], unk_token: '<unk>' },
  });

  test.for([
    [
      ['prompt', bare, 'A text.'],
      /Text needs a tokenizer, and there is no tokenizer.json beside .*; name one with --tokenizer FILE/,
    ],
    [['prompt', join(folder, 'nowhere'), 'A text.'], /There is no checkpoint at .*nowhere; check the path/],
    [
      ['heads', STORIES, '--model-config', writeJson(join(folder, 'mamba.json'), { model_type: 'mamba' })],
      /mamba\.json: models of/,
    ],
    [['prompt', STORIES, ''], /The text is empty; write a sentence in quotation marks/],
    [['prompt', STORIES, '   '], /The text is empty/],
    [['prompt', STORIES, 'a b '.repeat(400)], /The text has [\d,]+ tokens, and the model’s context is 512; shorten it/],
    [['prompt', STORIES, 'a', '--tokenizer', join(folder, 'none.json')], /There is no tokenizer at .*none.json/],
    [
      ['prompt', STORIES, 'ab', '--tokenizer', other],
      /has tokens up to 600 and the model 0 to 511: it is another model’s/,
    ],
    [['prompt', STORIES, 'ac', '--tokenizer', other], /has no token for "c"; write the text without it/],
    [['prompt', STORIES, 'Tim', '--html', STORIES], /choose another --html or delete it first: it is a folder/],
    [['prompt', bare, '3 700 3'], /700/],
    [
      ['heads', STORIES, '--tokens-from', '500..600'],
      /--tokens-from 500..600 is no range of tokens of this model, which has 0 to 511; write it as in 500\.\.511\./,
    ],
    [['heads', STORIES, '--tokens-from', join(folder, 'other.json')], /must be an array of tokens as whole numbers/],
    [
      ['heads', STORIES, '--period', '200'],
      /4 copies of a block of 200 take 801 tokens, and the context has 512|different tokens are needed/,
    ],
    [['audit', STORIES, '--csv'], /--csv has no effect on a model with a tokenizer/],
    [['audit', STORIES, '--text', join(folder, 'none.txt')], /There is no text file at/],
    [['audit', bare, '--text', story], /--text needs a tokenizer/],
    [['evaluate', bare, '--candidates', '3'], /--candidates is for language models, and there is no tokenizer.json/],
  ] as const)('%#', async ([args, sentence]) => {
    expectRefusal(await run(...args), sentence);
  });
});
