// The projector's view has no lesson beside the bench: its buttons and exercises stand below it, in large letters.
import type { JSX } from 'preact';
import { Exercises } from './Exercises.tsx';

/** The buttons of the lesson, as they stand in it. */
const lessonButtons = (): { state: string; says: string }[] =>
  [...document.querySelectorAll<HTMLElement>('#lesson [data-show]')].map((button) => ({
    state: button.dataset.show as string,
    says: (button.textContent ?? '').replace(/^▶?\s*Show me:\s*/, ''),
  }));

export const Projected = (): JSX.Element => (
  <>
    <section class="projected-shows" aria-labelledby="shows-title">
      <h2 id="shows-title">Show me</h2>
      <ol>
        {lessonButtons().map(({ state, says }) => (
          <li key={state + says}>
            <button type="button" data-show={state}>
              <span aria-hidden="true">▶</span> {says}
            </button>
          </li>
        ))}
      </ol>
    </section>
    <Exercises />
  </>
);
