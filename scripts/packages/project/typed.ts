// A project's own source: what it gets of types, from every entry.
import * as library from '@induction-lab/core';
import * as browser from '@induction-lab/core/browser';
import { type AuditRecord, audit } from '@induction-lab/core/circuits';
import type * as attention from '@induction-lab/core/circuits/attention';
import { estimate } from '@induction-lab/core/circuits/statistics';
import { decodeSafetensors } from '@induction-lab/core/formats';
import { openBrowserGpu } from '@induction-lab/core/gpu';
import { Model, type ModelOptions } from '@induction-lab/core/model';
import { loadEngine } from '@induction-lab/core/node';
import * as standalone from '@induction-lab/core/standalone';
import { makeBatch } from '@induction-lab/core/tasks';
import { TextTokenizer } from '@induction-lab/core/text';
import { parseExperiment, train } from '@induction-lab/core/training';
import { lossChart } from '@induction-lab/figures';
import { nodeDocument, svgToPng } from '@induction-lab/figures/node';

const options: ModelOptions = { nLayers: 2, nHeads: 4, dModel: 64, dHead: 16, nCtx: 50, dVocab: 64 };
const model = new Model(await loadEngine(), options);
const record: AuditRecord = audit(model);
const verdict: string = record.verdict;
const scored: readonly attention.HeadScores[] = library.headScores(model).heads;
// @ts-expect-error: what is internal is not there
library.namedCopies;
// @ts-expect-error: a model needs an engine
new Model(options);

export const all = [
  ...[browser.loadEngine, standalone.loadEngine, decodeSafetensors, estimate, lossChart, makeBatch, nodeDocument],
  ...[openBrowserGpu, parseExperiment, scored, svgToPng, TextTokenizer, train, verdict],
];
