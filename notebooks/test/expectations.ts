// What each code cell of the notebook must show, by the cell's id: what stands in its text, and how many figures.
export interface Expectation {
  readonly text: readonly (string | RegExp)[];
  readonly images?: number;
}

export const EXPECTED: Readonly<Record<string, Expectation>> = {
  'set-up': { text: [/^engine: simd build, \d+ threads?$/m, 'seed: 1'] },
  knobs: { text: ['context: 50 tokens', '2 layers × 4, each 16 wide', 'ln 64 = 4.1589 nats'] },
  data: {
    text: ['makeBatch(64): [64, 50]', 'both halves are the same: true', 'the next batch is the same: false'],
  },
  'query-positions': { text: [/first occurrence +0 … 23/, /boundary +24/, /repeat +25 … 48/] },
  model: {
    text: ['tokens [2, 50] → logits [2, 50, 64]', /largest difference to the model that will be trained: 0$/m],
  },
  parameters: { text: [/together +44,544/, /without LayerNorm +44,160/] },
  'train-literal': { text: ['step 1,000 of 1,000', /steps a second, \d+ threads?/, /^ 1,000 +4\.1\d +0\.00\d\d/m] },
  'literal-losses': {
    text: [/first occurrence: 4\.1\d nats/, /repeat: +0\.00\d\d nats/, /boundary: +0\.00\d\d nats/],
  },
  'literal-curves': { text: ['ln 64 = 4.16 (chance)', /falls from 4\.\d\d to 0\.00\d+ nats/], images: 1 },
  scores: {
    text: [
      /highest previous-token score: L\dH\d with 0\.[01]\d \(chance 0\.07\)/,
      /highest induction score: +L0H\d with 0\.9\d \(chance 0\.03\)/,
      "largest difference to the library's own scores: 0.000000",
      'Scores of 8 heads',
    ],
    images: 1,
  },
  patterns: { text: ['Attention patterns of 8 heads over 50 positions', /Marked: L0H\d, highest score/], images: 1 },
  'control-scores': { text: [/and 0\.9\d on sequences without a repeat/], images: 1 },
  'control-patterns': { text: ['no repeat (control)', /L0H\d 0\.9\d period 25, 0\.9\d no repeat/], images: 1 },
  'train-one-layer': { text: ['step 400 of 400'] },
  'one-layer-losses': { text: [/2 layers +4\.1\d +0\.00\d\d/, /1 layer +4\.1\d +0\.00\d\d/] },
  'other-periods': {
    text: ['Solved: 25.', /at the other periods, on average: [789]\.\d\d nats/],
    images: 1,
  },
  verdicts: { text: ['literal run: positional shortcut', 'one layer: positional shortcut', 'at period 25'] },
  'varied-data': { text: [/(period \d\d: [\d ]+\s+){3}/] },
  'train-varied': { text: ['step 1,000 of 1,000'] },
  'varied-curves': { text: [/varied +4\.[23]\d +0\.\d\d +[34]\.\d\d/], images: 1 },
  'varied-audit': {
    text: [/Highest induction score: L1H\d with 0\.9\d/, /and 0\.0\d+ on sequences without/, 'Solved: 8 to 25.'],
    images: 2,
  },
  'varied-patterns': {
    text: ['varied: induction', /heads: L0H\d previous-token head, L1H\d induction head/, 'period 17'],
    images: 1,
  },
  'train-picture': { text: ['step 600 of 600'] },
  'picture-audit': {
    text: [
      'picture: induction',
      /^heads: L0H\d previous-token head, L1H\d induction head$/m,
      /repeat at the end: +0\.00\d\d/,
      /first occurrence: +4\.[12]\d/,
    ],
    images: 2,
  },
  'train-hub': { text: ['step 600 of 600'] },
  'hub-audit': {
    text: [/hub: (other circuit|induction)/, /highest previous-token score: L\dH\d with 0\.\d\d/],
    images: 1,
  },
  ablation: {
    text: [
      /L0H\d \(previous-token head\) +\+[4-9]\.\d\d \[.*\] +(-0\.[01]|0\.0)\d \[/,
      /L1H\d \(induction head\) +\+[4-9]\.\d\d \[/,
      /all of layer 1 +\+[4-9]/,
    ],
    images: 2,
  },
  paths: {
    text: [
      /the Q input +(-0\.[012]|0\.0)\d /,
      /the K input +\+[3-9]\.\d\d .* 0\.0\d/,
      /the V input +(-0\.[012]|0\.0)\d /,
    ],
  },
  'path-table': { text: ['Varied periods: what each path carries', /L0H\d into the K of L1H\d +\+0\.\d\d/], images: 1 },
  proof: {
    text: [
      'Literal run: There is no induction circuit',
      /Varied periods: An induction circuit: L1H\d.* match keys that L0H\d built \(K-composition\)/,
      /Picture: An induction circuit: L1H\d matches keys that L0H\d built \(K-composition\)/,
      /it keeps (9\d|10\d) % \[/,
      /Hub: (A pair hub, not an induction circuit|An induction circuit)/,
    ],
    images: 3,
  },
  'own-data': { text: [/loss at the end: 0\.[78]\d nats; two followers cost ln 2 = 0\.69/, 'verdict: not learned'] },
  'real-model': {
    text: ['A small language model', /previous-token heads: L\dH\d/, 'induction heads: none', '"Lily"'],
    images: 1,
  },
};
