// Whether the GPU trains: offered where the browser has one to ask, and never chosen by itself.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { GpuChoice } from '../protocol.ts';

/** Tests have no hardware: with `?gpu=software` in the address a software adapter may be chosen. */
const choice: GpuChoice = new URLSearchParams(location.search).get('gpu') === 'software' ? 'software' : 'hardware';

const offered = 'gpu' in navigator;

const SAYS = 'The same training, not the same bits: no link leads to what a GPU has trained.';

export function GpuSwitch({
  value,
  onChange,
}: {
  value: GpuChoice | null;
  onChange: (next: GpuChoice | null) => void;
}): JSX.Element | null {
  if (!offered) return null;
  return (
    <label class="switch" title={SAYS}>
      <input
        type="checkbox"
        checked={value !== null}
        data-testid="gpu"
        onChange={(e) => onChange(e.currentTarget.checked ? choice : null)}
      />
      on the GPU <span class="quiet">(experimental)</span>
    </label>
  );
}

/** For a long run: the experiment on the bench, from its beginning, on the GPU. */
export function GpuRun(): JSX.Element | null {
  const { run, setting, startOnGpu } = useLab();
  if (!offered) return null;
  const { preset, seed } = setting.value;
  return (
    <p class="row">
      <button type="button" disabled={run.value === null} onClick={() => void startOnGpu(choice)} data-testid="gpu-run">
        Train {preset}, seed {seed}, on the GPU
      </button>
      <span class="quiet">Experimental, for long runs. {SAYS}</span>
    </p>
  );
}
