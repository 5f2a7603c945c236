// Entry of the page: mounts the bench, follows the address, takes dropped files.
import { effect } from '@preact/signals';
import { render } from 'preact';
import 'virtual:figures.css';
import './style/page.css';
import './style/bench.css';
import './style/lesson.css';
import { BenchPane } from './bench/BenchPane.tsx';
import { fetchFiguresWhenIdle } from './bench/figures.ts';
import { keepIsolated } from './isolation.ts';
import type { LabWorker } from './lab/client.ts';
import { createLab, type Lab } from './lab/createLab.ts';
import { LabProvider } from './lab/LabContext.ts';
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

function takeDrops({ loadFile }: Lab): void {
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
    if (files.length > 0) void loadFile(files);
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
  render(
    <LabProvider value={lab}>
      <BenchPane />
    </LabProvider>,
    document.getElementById('bench') as HTMLElement,
  );
  mountLesson(lab);
  takeDrops(lab);
  closeOnEscape(lab);
  lab.watchSleep();
  if (await keepIsolated()) return; // the page is about to load again, isolated
  // The address may have been written anew between the change and this event.
  addEventListener('hashchange', ({ newURL }) => {
    lab.openAddress(new URL(newURL).hash).catch(lab.report);
  });
  followState(lab);
  fetchFiguresWhenIdle(lab);
  await lab.openAddress(location.hash, { fromKept: true });
}

const lab = createLab({ worker: () => startWorker() as LabWorker, viewport });
begin(lab).catch(lab.report);
