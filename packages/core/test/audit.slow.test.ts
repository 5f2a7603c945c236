// The audit of presets trained for a short while, over more seeds than the fast tests have time for.
import { describe, expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { trainedPreset } from './support/trainedPreset.ts';

describe('models trained from the presets', () => {
  const CASES = [
    { name: 'literal', steps: 300, seed: 101, verdict: 'positional shortcut' },
    { name: 'literal-1-layer', steps: 300, seed: 102, verdict: 'positional shortcut' },
    { name: 'varied', steps: 400, seed: 101, verdict: 'induction' },
    { name: 'varied', steps: 400, seed: 102, verdict: 'induction' },
    { name: 'two-heads', steps: 600, seed: 101, verdict: 'induction' },
  ];

  test.for(CASES)('$name, $steps steps, seed $seed: $verdict', async ({ name, steps, seed, verdict }) => {
    const record = audit(await trainedPreset(name, { steps, seed }), { sequences: 32 });
    expect(record.verdict, record.sentence).toBe(verdict);
    if (name !== 'two-heads') return;
    // One previous-token head always; one induction head on most seeds (docs/results.md counts them).
    expect(record.followers.length).toBeLessThanOrEqual(2);
    const active = record.evidence.keySources.filter((s) => s.increase.value > 0.5);
    expect(active).toHaveLength(1);
  });
});
