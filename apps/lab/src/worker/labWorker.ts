// Entry of the lab's workers. Training threads run the same script as the worker that owns the models: most of it is the
// same code, and so it is fetched once.
import { serveTrainingThread } from '@induction-lab/core/browser';
import { serveLab } from './coordinator.ts';

/** What the address of a training thread ends with. */
const THREAD = '#thread';

if (location.hash === THREAD) serveTrainingThread();
else serveLab(new URL(THREAD, location.href).href);
