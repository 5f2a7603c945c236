// What Later.tsx draws, as a script of its own.
export { Arcs } from './Arcs.tsx';
export { Breaking } from './Breaking.tsx';
export { Comparison } from './Comparison.tsx';
export { EnlargedHead } from './EnlargedHead.tsx';
export { Files } from './Files.tsx';
export { Guess } from './Guess.tsx';
export { GalleryPanel } from './gallery/GalleryPanel.tsx';
export { KeptRuns } from './KeptRuns.tsx';
export { KnobPanel } from './KnobPanel.tsx';
export { OpeningBar } from './OpeningBar.tsx';
export { PeriodControl } from './PeriodControl.tsx';
export { Probe } from './Probe.tsx';
export { Readout } from './Readout.tsx';
export { Timeline } from './Timeline.tsx';
export { Verdicts } from './Verdicts.tsx';
export { WallPanel } from './wall/WallPanel.tsx';
