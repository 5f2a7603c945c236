// Runs that are kept from one visit to the next: to open again, or to delete.
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { createKeeping } from '../lab/keeping.ts';
import { useLab } from '../lab/LabContext.ts';
import type { KeptRun } from '../protocol.ts';
import { focusOn } from './Action.tsx';

export function KeptRuns(): JSX.Element {
  const lab = useLab();
  const keeping = useMemo(() => createKeeping(lab), []);
  useEffect(() => keeping.watch(), []);
  const { complaint, kept } = keeping;
  return (
    <section class="panel kept" aria-labelledby="kept-title" tabindex={-1}>
      <h3 id="kept-title">Kept runs</h3>
      <p class="quiet">
        Your last runs stay in this browser, on this machine alone, and can be gone on with after the page was closed.
      </p>
      {complaint.value === null ? null : (
        <p class="complaint" role="status" data-testid="kept-complaint">
          {complaint.value}
        </p>
      )}
      {kept.value && kept.value.length > 0 ? (
        <ul class="kept-runs">
          {kept.value.map((one) => (
            <One
              key={one.key}
              kept={one}
              open={() => void lab.reopen(one.key).then(() => lab.viewport.showPanel('.watch'))}
              forget={() => {
                focusOn('.kept');
                void keeping.forget(one.key);
              }}
            />
          ))}
        </ul>
      ) : (
        <p class="quiet">None yet.</p>
      )}
    </section>
  );
}

function One({ kept, open, forget }: { kept: KeptRun; open: () => void; forget: () => void }): JSX.Element {
  const { name, seed, step, steps, fingerprint, gpu, at } = kept;
  const title = `${name}, seed ${seed}`;
  return (
    <li class="row">
      <span>
        <b>{title}</b>, step {step} of {steps}
        {gpu === null ? '' : `, on the GPU ${gpu}`}, weights <code class="kept-fingerprint">{fingerprint}</code>{' '}
        <time class="quiet" dateTime={new Date(at).toISOString()}>
          {new Date(at).toLocaleString()}
        </time>
      </span>
      <button type="button" onClick={open} aria-label={`Open ${title}, step ${step}`}>
        Open
      </button>
      <button type="button" class="plain" onClick={forget} aria-label={`Delete ${title}, step ${step}`}>
        Delete
      </button>
    </li>
  );
}
