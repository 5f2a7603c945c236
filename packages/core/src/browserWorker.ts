// Worker entry in a browser: one thread of a training run.
import { serveTrainingThread } from './browserThread.ts';

serveTrainingThread();
