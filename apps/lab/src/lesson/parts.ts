// The parts of the lesson that are drawn, by the names of their places: fetched by mountLesson.tsx, as a script of its own.
import { CircuitDiagram } from './CircuitDiagram.tsx';
import { Exercises } from './Exercises.tsx';
import { Projected } from './Projected.tsx';

export const PARTS = { circuit: CircuitDiagram, exercises: Exercises, projected: Projected };
