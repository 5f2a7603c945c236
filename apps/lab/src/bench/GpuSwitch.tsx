// Whether the GPU trains: offered where the browser has one to ask, and never chosen by itself.
import type { JSX } from 'preact';
import type { GpuChoice } from '../protocol.ts';

/** Tests have no hardware: with `?gpu=software` in the address a software adapter may be chosen. */
const choice: GpuChoice = new URLSearchParams(location.search).get('gpu') === 'software' ? 'software' : 'hardware';

const offered = 'gpu' in navigator;

export function GpuSwitch({
  value,
  onChange,
}: {
  value: GpuChoice | null;
  onChange: (next: GpuChoice | null) => void;
}): JSX.Element | null {
  if (!offered) return null;
  return (
    <label class="switch" title="The same training, not the same bits: no link leads to what a GPU has trained.">
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
