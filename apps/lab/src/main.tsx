// Entry of the page: mounts the bench, follows the address, takes dropped files.
import { effect } from '@preact/signals';
import { render } from 'preact';
import 'virtual:figures.css';
import './style/tokens.css';
import './style/page.css';
import './style/controls.css';
import './style/bench.css';
import './style/patterns.css';
import './style/measures.css';
import './style/timeline.css';
import './style/probe.css';
import './style/verdict.css';
import './style/knobs.css';
import './style/wall.css';
import './style/language.css';
import './style/over.css';
import './style/lesson.css';
import './style/projector.css';
import './style/forced.css';
import './style/print.css';
import { BenchPane } from './bench/BenchPane.tsx';
import { fetchFiguresWhenIdle } from './bench/figures.ts';
import { Story } from './bench/Story.tsx';
import { keepIsolated } from './isolation.ts';
import type { LabWorker } from './lab/client.ts';
import { createLab, type Lab } from './lab/createLab.ts';
import { LabProvider } from './lab/LabContext.ts';
import { fetchRecordingWhenIdle, recording } from './lab/recorded.ts';
import { STAGE } from './lab/story.ts';
import { mountLesson } from './lesson/mountLesson.tsx';
import { writeLink } from './link.ts';
import { startWorker } from './startWorker.ts';
import { viewport } from './viewport.ts';

/** Browsers allow only so many changes of the address; while a run plays the address waits. */
const ADDRESS_DELAY = 300;

function followState({ linkState, noLink, opening, other, run, selected, status, step, view }: Lab): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    // Every part of the link, so that any change is noticed.
    void [run.value, step.value, view.value, selected.value, other.value];
    clearTimeout(timer);
    if (opening.value || status.value === 'playing') return;
    const link = noLink.value === null ? writeLink(linkState()) : ''; // nothing is said that does not hold
    timer = setTimeout(() => history.replaceState(null, '', `#${link}`), ADDRESS_DELAY);
  });
}

/** A file that is dropped alone and is no model is read as data to train on. */
const OWN_DATA = /\.(txt|jsonl|csv|md)$/i;

function takeDrops({ dropData, loadFile, report }: Lab): void {
  const over = (on: boolean): void => {
    document.body.classList.toggle('dropping', on);
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return; // text may be dropped into a field
    event.preventDefault();
    over(true);
  });
  addEventListener('dragleave', () => over(false));
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 1 && OWN_DATA.test(files[0]!.name)) void dropData(files[0]!).catch(report);
    else if (files.length > 0) void loadFile(files);
  });
}

/** Escape puts away what is read out of the place that is pointed at. */
function closeOnEscape({ cell }: Lab): void {
  addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') cell.value = null;
  });
}

async function begin(lab: Lab): Promise<void> {
  document.documentElement.classList.toggle('projector', new URLSearchParams(location.search).has('projector'));
  document.documentElement.classList.toggle('local', location.protocol === 'file:');
  const [bench, story] = ['bench', 'story'].map((id) => document.getElementById(id) as HTMLElement);
  // What stood there before the script.
  bench.replaceChildren();
  story.replaceChildren();
  render(
    <LabProvider value={lab}>
      <BenchPane />
    </LabProvider>,
    bench,
  );
  render(
    <LabProvider value={lab}>
      <Story />
    </LabProvider>,
    story,
  );
  mountLesson(lab);
  takeDrops(lab);
  closeOnEscape(lab);
  lab.watchSleep();
  if (await keepIsolated()) return; // the page is about to load again, isolated
  // The address may have been written anew between the change and this event.
  addEventListener('hashchange', ({ newURL }) => {
    if (back === null) lab.openAddress(new URL(newURL).hash).catch(lab.report);
  });
  /** The former view that Back goes to; its address says less, or the same as the present one. */
  let back: number | null = null;
  addEventListener('popstate', ({ state }) => {
    back = (state as { former?: number } | null)?.former ?? null;
    if (back === null) return;
    lab
      .bringBack(back)
      .then((brought) => (brought ? undefined : lab.openAddress(location.hash)))
      .catch(lab.report);
    setTimeout(() => {
      back = null; // the change of the address, which is told next, has been told by now
    }, ADDRESS_DELAY);
  });
  followState(lab);
  fetchFiguresWhenIdle(lab);
  fetchRecordingWhenIdle(lab);
  // Without a link the page opens where its story begins.
  await (location.hash.includes('=') ? lab.openAddress(location.hash, { fromKept: true }) : lab.open(STAGE));
}

const lab = createLab({ worker: () => startWorker() as LabWorker, viewport, recording });
begin(lab).catch(lab.report);
