// Ready models, unnamed: what is this one? The answer is hidden until the reader has guessed.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { ANSWERS, GALLERY } from '../../gallery/models.ts';
import { createGallery, type Exhibit, type Gallery } from '../../lab/gallery.ts';
import { useLab } from '../../lab/LabContext.ts';
import { Action } from '../Action.tsx';

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch((error: Error) => error);
  if (response instanceof Error || !response.ok) {
    const why = response instanceof Error ? response.message : response.status;
    throw new Error(`The model could not be fetched (${why}); try again when the network is back.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

export function GalleryPanel(): JSX.Element {
  const lab = useLab();
  const gallery = useMemo(() => createGallery(lab, fetchBytes), []);
  const shown = gallery.exhibit.value;
  const here = shown !== null && shown.run === lab.run.value?.id ? shown : null;
  return (
    <section class="panel gallery" aria-labelledby="gallery-title">
      <h3 id="gallery-title">What is this one?</h3>
      <p class="quiet">
        Ready models, unnamed. Open one, move the period, switch heads off, and say what it is; then it is audited.
      </p>
      <p class="row">
        {GALLERY.map((model) => (
          <Action
            key={model.name}
            class="chip"
            idle={gallery.coming.value === model}
            aria-pressed={here?.model === model}
            onPress={() => {
              void gallery.open(model).then(() => lab.viewport.showPanel('.watch'));
            }}
          >
            {model.name}
          </Action>
        ))}
      </p>
      {here ? <Question shown={here} gallery={gallery} /> : null}
    </section>
  );
}

function Question({ shown: { model, guess }, gallery }: { shown: Exhibit; gallery: Gallery }): JSX.Element {
  const { currentAudit, judging } = useLab();
  const found = currentAudit.value?.record.verdict;
  return (
    <>
      <fieldset class="presets">
        <legend>{model.name} is</legend>
        {ANSWERS.map((answer) => (
          <Action
            key={answer}
            class="chip"
            idle={guess !== null}
            aria-pressed={guess === answer}
            onPress={() => void gallery.answer(answer)}
          >
            {answer}
          </Action>
        ))}
      </fieldset>
      <p role="status" data-testid="gallery-answer">
        {guess === null ? null : judging.value ? (
          'The audit is at work …'
        ) : found === undefined ? (
          'The audit has not answered; ask it above.'
        ) : (
          <>
            <b>{found === guess ? 'So it is.' : `The audit says: ${found}.`}</b> {model.truth}
          </>
        )}
      </p>
    </>
  );
}
