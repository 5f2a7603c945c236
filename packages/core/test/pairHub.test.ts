// The shipped pair hub, examples/pairHub.safetensors, audited from the file alone.
import { expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { prove } from '../src/circuits/claims/prove.ts';
import { loadEngine, loadModel } from '../src/node.ts';

test('a trained pair hub solves every period with no previous-token and no induction head, and is called what it is', async () => {
  const path = new URL('../../../examples/pairHub.safetensors', import.meta.url).pathname;
  const model = await loadModel(path, { engine: await loadEngine({ exact: true }) });
  const record = audit(model, { sequences: 8, mostPeriods: 4 });
  expect(record.verdict, record.sentence).toBe('other circuit');
  expect(record.followers).toEqual([]);
  expect(record.map.excluded).toBeUndefined();
  expect(record.evidence.solved).toEqual(record.scores.periods);
  expect(Math.max(...record.scores.heads.map(({ previousToken }) => previousToken.value))).toBeLessThan(0.05);
  expect(record.mechanisms.lostWithoutInput!.v).toBeGreaterThan(0.9);
  const proof = prove(model, { audit: record, sequences: 12 });
  expect(proof.kind, proof.sentence).toBe('pair hub');
  expect(proof.faithfulness!.kept.value).toBeGreaterThan(0.8);
});
