// Every command, in the order of the help. A new one is a file here, a line in this list and, if it measures, a line in
// work/tasks.ts.
import { ablate } from './ablate.ts';
import { audit } from './audit.ts';
import { cache } from './cache.ts';
import { completion } from './completion.ts';
import { compose } from './compose.ts';
import { convert } from './convert.ts';
import type { DeclareCommand } from './declare.ts';
import { diversity } from './diversity.ts';
import { dynamics } from './dynamics.ts';
import { evaluate } from './evaluate.ts';
import { heads } from './heads.ts';
import { patch } from './patch.ts';
import { prompt } from './prompt.ts';
import { run } from './run.ts';
import { sweep } from './sweep.ts';
import { train } from './train.ts';
import { worker } from './worker.ts';

export const COMMANDS: readonly DeclareCommand[] = [
  run,
  train,
  audit,
  heads,
  prompt,
  ablate,
  patch,
  compose,
  evaluate,
  dynamics,
  sweep,
  worker,
  diversity,
  cache,
  convert,
  completion,
];
