// A run on a software adapter from the command line: its record, and that Ctrl-C and --resume give the bits of a run in one go.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signalAtStep, succeed } from './support/command.ts';
import { writeExperiment } from './support/experiment.ts';
import { checkpointFile, countTo, readJson, stepsOf, temporaryFolder, weightsHash } from './support/folders.ts';

test('train --gpu swiftshader: interrupted and resumed, the same bits; run.json names adapter and driver', async (context) => {
  const folder = temporaryFolder();
  const config = writeExperiment(folder, {
    model: { dModel: 11, dHead: 5, nCtx: 16, dVocab: 13 },
    task: { kind: 'varied', periods: [3, 7] },
    training: { steps: 60 },
  });
  const into = (name: string): string => join(folder, name);
  const args = (name: string): string[] => ['train', '--config', config, '--gpu', 'swiftshader', '--out', into(name)];
  const { stderr } = await succeed(...args('whole'));
  if (stderr.includes('The CPU trains.')) return context.skip('no SwiftShader: install chromium');
  const { gpu, options } = readJson(into('whole'), 'run.json');
  expect(gpu).toMatchObject({ adapter: expect.stringMatching(/swiftshader/i), driver: expect.any(String) });
  expect(options).toMatchObject({ gpu: 'swiftshader' });
  const stopped = await signalAtStep(5, 'SIGINT', args('parts'));
  expect(stopped.code).toBe(130);
  expect(stepsOf(into('parts')).length).toBeLessThan(60);
  await succeed('train', '--resume', into('parts'));
  expect(stepsOf(into('parts'))).toEqual(countTo(60));
  expect(weightsHash(checkpointFile(into('parts'), 60))).toBe(weightsHash(checkpointFile(into('whole'), 60)));
  const { evidence } = JSON.parse((await succeed('audit', checkpointFile(into('whole'), 60), '--json')).stdout);
  expect(evidence).toBeDefined(); // analyses take it like any other model
});
