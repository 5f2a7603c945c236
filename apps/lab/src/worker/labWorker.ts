// Entry of the lab's workers. Training threads and those of the wall of seeds run the same script as the worker that owns the
// models: most of it is the same code, and so it is fetched once.
import { serveTrainingThread } from '@induction-lab/core/browser';
import { WALL } from '../wallProtocol.ts';
import { serveLab } from './coordinator.ts';
import { serveFetched } from './later.ts';

/** What the address of a training thread ends with. */
const THREAD = '#thread';

if (location.hash === THREAD) serveTrainingThread();
else if (self.name === WALL) serveFetched(() => import('./wall/serveWall.ts'));
else serveLab(new URL(THREAD, location.href).href);
