// How a tensor of a file holds a weight: its shape there, and the way from its elements to ours and back.
import { sizeOf } from '../../engine/tensor.ts';
import type { Weight } from '../components/weight.ts';
import type { Arrangement } from './heldTensor.ts';
import { fromLegacyOrder, storedShape, toLegacyOrder, transposed } from './spellings.ts';

/** Where the weights of a layer's heads lie that are in one tensor with others. */
type Joint = Exclude<Arrangement, string>;

/** The shape of the tensor that holds a weight. */
export function heldShape(weight: Weight, as: Arrangement): readonly number[] {
  const { shape } = weight.layout;
  if (as === 'linear') return storedShape(weight, 'native');
  if (as === 'ours') return shape;
  if (as === 'turned') return [...shape].reverse();
  if (as === 'asIs') return weight.storedAs === 'headOutputs' ? [shape[0]! * shape[1]!, shape[2]!] : shape;
  const joined = 3 * shape[0]! * shape.at(-1)!;
  if (shape.length === 2) return [joined];
  return 'columns' in as ? [shape[1]!, joined] : [joined, shape[1]!];
}

/** The elements of a weight in our order, from those of the tensor that holds it. */
export function toOurs(theirs: Float32Array, weight: Weight, as: Arrangement): Float32Array {
  if (as === 'linear') return toLegacyOrder(theirs, { weight, spelling: 'native' });
  if (as === 'turned') return transposed({ shape: heldShape(weight, as), data: theirs }).data;
  if (typeof as === 'string') return theirs;
  const ours = new Float32Array(sizeOf(weight.layout.shape));
  eachElement(weight, as, (own, their) => {
    ours[own] = theirs[their]!;
  });
  return ours;
}

/** Writes a weight into the tensor that holds it, maybe beside others. */
export function toTheirs(
  ours: Float32Array,
  theirs: Float32Array,
  { weight, as }: { weight: Weight; as: Arrangement },
): void {
  if (as === 'linear') theirs.set(fromLegacyOrder(ours, { weight, spelling: 'native' }));
  else if (as === 'turned') theirs.set(transposed({ shape: weight.layout.shape, data: ours }).data);
  else if (typeof as === 'string') theirs.set(ours);
  else
    eachElement(weight, as, (own, their) => {
      theirs[their] = ours[own]!;
    });
}

/** Visits where each element of a weight of heads, [head, dModel, dHead] or [head, dHead], lies with us and with them. */
function eachElement({ layout: { shape } }: Weight, as: Joint, visit: (own: number, their: number) => void): void {
  const [heads, dHead] = [shape[0]!, shape.at(-1)!];
  const dModel = shape.length === 2 ? 1 : shape[1]!;
  const [rowStep, columnStep] = 'columns' in as ? [1, 3 * heads * dHead] : [dModel, 1];
  for (let head = 0; head < heads; head++)
    for (let c = 0; c < dHead; c++) {
      const row = rowOf(as, { head, c, heads, dHead });
      for (let i = 0; i < dModel; i++) visit((head * dModel + i) * dHead + c, row * rowStep + i * columnStep);
    }
}

/** Which row (or column) holds dimension c of a head. */
function rowOf(
  as: Joint,
  { head, c, heads, dHead }: { head: number; c: number; heads: number; dHead: number },
): number {
  if ('rows' in as) return (head * 3 + as.rows) * dHead + c;
  const block = 'columns' in as ? as.columns : as.block;
  return (block * heads + head) * dHead + c;
}
