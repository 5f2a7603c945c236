// Where does a model find the earlier copy, and by what? The map of a shortcut: one distance, whatever stands there.
import { audit, handBuiltPositionalCopier, loadEngine, mapPicture } from '@induction-lab/core/node';
import { mapChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const engine = await loadEngine({ exact: true });
const model = handBuiltPositionalCopier(engine, { dVocab: 31, nCtx: 24, period: 9 });
const record = audit(model, { sequences: 16 });

draw('mapOfPlaces', (options) =>
  mapChart({ ...mapPicture(record), title: 'A shortcut solves one distance, from wherever it starts' }, options),
);
const solved = record.map.cells.filter(({ solution }) => solution === 'by position');
console.log(`${record.verdict}: distances ${[...new Set(solved.map(({ distance }) => distance))].join(', ')}`);
