// The float64 loops train the full size as float64 PyTorch does.
import { test } from 'vitest';
import { referenceEngine } from '../src/engine/engine.ts';
import { checkSteps } from './support/goldenChecks.ts';

test.for(['full_noln', 'full_ln'] as const)('%s on the reference: weights after 1 and 10 AdamW steps', (name) =>
  checkSteps(name, referenceEngine, 1e-12),
);
