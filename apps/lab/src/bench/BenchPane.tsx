// The bench: everything live, in the order in which one works.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { Breaking } from './Breaking.tsx';
import { HeadGrid } from './HeadGrid.tsx';
import { LanguageMount } from './LanguageMount.tsx';
import { Later } from './Later.tsx';
import { LossCurves } from './LossCurves.tsx';
import { NoticeLine } from './NoticeLine.tsx';
import { OpeningBar } from './OpeningBar.tsx';
import { Probe } from './Probe.tsx';
import { Readout } from './Readout.tsx';
import { ScoreBars } from './ScoreBars.tsx';
import { Timeline } from './Timeline.tsx';
import { Transport } from './Transport.tsx';
import { VerdictPanel } from './VerdictPanel.tsx';

/** Up to this many heads stand beside the curves; more need the whole width. */
const BESIDE = 4;

/** Curves, scores and patterns: what one watches while it trains. */
function Watch(): JSX.Element {
  const { beside, isLoaded, view } = useLab();
  const wide = (view.value?.nHeads ?? 4) > BESIDE || beside.value !== null;
  return (
    <div class="watch" data-wide={wide} data-curves={!isLoaded.value}>
      {isLoaded.value ? null : <LossCurves />}
      <ScoreBars />
      <HeadGrid />
    </div>
  );
}

/** The verdict: of a language model in three answers, of any other in one. */
function Verdicts(): JSX.Element {
  const { readsText } = useLab();
  return readsText.value ? <LanguageMount /> : <VerdictPanel />;
}

export const BenchPane = (): JSX.Element => (
  <>
    <NoticeLine />
    <Transport />
    <Timeline />
    <Watch />
    <Later part={({ EnlargedHead }) => <EnlargedHead />} />
    <Probe />
    <div class="columns">
      <div>
        <Breaking />
        <Later part={({ Comparison }) => <Comparison />} />
      </div>
      <Verdicts />
    </div>
    <Later part={({ KnobPanel }) => <KnobPanel />} />
    <Later
      part={({ GalleryPanel, WallPanel }) => (
        <>
          <WallPanel />
          <GalleryPanel />
        </>
      )}
    />
    <Later part={({ Files }) => <Files />} />
    <Readout />
    <OpeningBar />
  </>
);
