// The bench: everything live, in the order in which one works.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { HeadGrid } from './HeadGrid.tsx';
import { Later } from './Later.tsx';
import { LossCurves } from './LossCurves.tsx';
import { NoticeLine } from './NoticeLine.tsx';
import { ScoreBars } from './ScoreBars.tsx';
import { Transport } from './Transport.tsx';

/** Up to this many heads stand beside the curves; more need the whole width. */
const BESIDE = 4;

/** Patterns, curves and scores: what one watches while it trains. */
function Watch(): JSX.Element {
  const { beside, isLoaded, view } = useLab();
  const wide = (view.value?.nHeads ?? 4) > BESIDE || beside.value !== null;
  return (
    <div class="watch" data-wide={wide} data-curves={!isLoaded.value}>
      <HeadGrid />
      {isLoaded.value ? null : <LossCurves />}
      <ScoreBars />
    </div>
  );
}

/** The timeline, which is fetched, and before it as much room; a file has none. */
function TimelinePlace(): JSX.Element | null {
  const { isLoaded } = useLab();
  if (isLoaded.value) return null;
  return (
    <div class="timeline-place">
      <Later part={({ Timeline }) => <Timeline />} />
    </div>
  );
}

export const BenchPane = (): JSX.Element => (
  <>
    <NoticeLine />
    <Transport />
    <TimelinePlace />
    <Watch />
    <Later
      part={({ EnlargedHead, Probe }) => (
        <>
          <EnlargedHead />
          <Probe />
        </>
      )}
    />
    <Later
      part={({ Breaking, Comparison, KnobPanel, Verdicts }) => (
        <>
          <div class="columns">
            <Breaking />
            <Comparison />
          </div>
          <Verdicts />
          <KnobPanel />
        </>
      )}
    />
    <Later
      part={({ GalleryPanel, KeptRuns, WallPanel }) => (
        <>
          <WallPanel />
          <GalleryPanel />
          <KeptRuns />
        </>
      )}
    />
    <Later
      part={({ Files, OpeningBar, Readout }) => (
        <>
          <Files />
          <Readout />
          <OpeningBar />
        </>
      )}
    />
  </>
);
