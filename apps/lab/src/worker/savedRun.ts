// A run that can be handed on: to the bench, or to the next visit.
import { KERNELS_VERSION } from '@induction-lab/core/browser';
import type { SavedRun } from '../protocol.ts';
import { fingerprintOf } from './look.ts';
import type { Run } from './run.ts';

/** A run where it rests; null while steps are under way. At most `most` of its earlier states go with it, evenly spread. */
export function savedRunOf(run: Run, most = Number.POSITIVE_INFINITY): SavedRun | null {
  const state = run.state();
  if (!state) return null;
  const { experiment, seed, gpu = null } = run.options;
  const before = [...run.kept.values()].filter(({ step }) => step < state.step).sort((a, b) => a.step - b.step);
  const every = Math.max(1, Math.ceil(before.length / most));
  return {
    ...{ experiment, seed, state, gpu },
    earlier: before.filter((_, i) => i % every === 0),
    records: [...run.records],
    fingerprint: fingerprintOf(state.weights),
    kernels: KERNELS_VERSION,
  };
}

/** Throws an Error where the weights are not those that the run was saved with. */
export function checkSavedRun({ state, fingerprint }: SavedRun): void {
  const found = fingerprintOf(state.weights);
  if (found !== fingerprint)
    throw new Error(
      `The weights of step ${state.step} have the fingerprint ${found}, and were kept as ${fingerprint}: they are not used. Train the run anew.`,
    );
}

/** Why no link brings a saved run's weights back, where none does. */
export function noLinkFor({ gpu, kernels }: Pick<SavedRun, 'gpu' | 'kernels'>): { readonly noLink?: string } {
  if (gpu !== null) return { noLink: `it was trained on the GPU ${gpu}, and links train on the CPU, to other bits.` };
  if (kernels !== KERNELS_VERSION)
    return { noLink: `it was trained with other kernels (version ${kernels}; this page has ${KERNELS_VERSION}).` };
  return {};
}
