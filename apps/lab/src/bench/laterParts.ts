// What Later.tsx draws, as a script of its own.
import '../style/wall.css';

export { Arcs } from './Arcs.tsx';
export { Comparison } from './Comparison.tsx';
export { EnlargedHead } from './EnlargedHead.tsx';
export { Files } from './Files.tsx';
export { GalleryPanel } from './gallery/GalleryPanel.tsx';
export { KnobPanel } from './KnobPanel.tsx';
export { VerdictEvidence } from './VerdictEvidence.tsx';
export { WallPanel } from './wall/WallPanel.tsx';
