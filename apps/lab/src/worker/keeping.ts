// What the bench keeps from one visit to the next, and takes up again.
import { KERNELS_VERSION, parseExperiment } from '@induction-lab/core/browser';
import type { Questions, SavedRun } from '../protocol.ts';
import type { KeptRuns } from './keptRuns.ts';
import type { Run } from './run.ts';
import { savedRunOf } from './savedRun.ts';

/** Earlier states that are kept of a run, beside its newest. */
const EARLIER = 5;

export class Keeping {
  private readonly open: () => Promise<KeptRuns>;
  private opened: Promise<KeptRuns> | null = null;

  /** `open` opens what is kept, when it is first asked for. */
  constructor(open: () => Promise<KeptRuns>) {
    this.open = open;
  }

  runs(): Promise<KeptRuns> {
    this.opened ??= this.open().catch((error) => {
      this.opened = null; // it may go well at the next try
      throw error;
    });
    return this.opened;
  }

  async keep(run: Run, ask: Questions['keep']['ask']): Promise<Questions['keep']['answer']> {
    await run.atRest();
    if (run.isFetched) return (await this.runs()).list(); // it is fetched again
    const saved = savedRunOf(run, EARLIER);
    if (!saved) throw new Error('The run has failed; what failed is not kept.');
    return (await this.runs()).keep(saved, ask);
  }

  /**
   * A kept run that is to be gone on with in place of training up to a step: the very run, with the bits of these kernels.
   * Null where there is none; what cannot be read is trained.
   */
  async instead({ experiment, seed, until, keptAs }: Questions['start']['ask']): Promise<SavedRun | null> {
    if (keptAs === undefined) return null;
    const found = await this.runs()
      .then((runs) => runs.find(keptAs))
      .catch(() => null);
    const saved = found?.saved;
    const same =
      saved?.seed === seed &&
      saved.gpu === null &&
      saved.kernels === KERNELS_VERSION &&
      saved.state.step <= until &&
      JSON.stringify(saved.experiment) === JSON.stringify(parseExperiment(experiment));
    return saved && same ? saved : null;
  }
}
