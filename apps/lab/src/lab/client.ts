// The page's side of the worker: questions with answers, messages, and what to do when the worker dies.
import { type Message, type Questions, SEEN, TOLD, type Told } from '../protocol.ts';
import { Watchdog } from './watchdog.ts';

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** What a client needs of a worker: a Worker has it, and so may anything else that answers. */
export interface LabWorker {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** Raised to whoever still waits when the worker is gone. */
export class WorkerGone extends Error {}

/** What the page is told of besides answers. */
export interface ClientEvents<M = Message> {
  message(message: M): void;
  /** The worker is gone, and why. */
  death(reason: string): void;
  /** The worker has not been heard of for so many seconds, or, at 0, is heard again. */
  silence(seconds: number): void;
}

/** Questions by their kind: what is asked, and what comes back. */
type AskedOf<Q> = { readonly [K in keyof Q]: { readonly ask: unknown; readonly answer: unknown } };

/** The page's side of one worker: `Q` are the questions that it answers, `M` what it says besides. */
export class Client<Q extends AskedOf<Q> = Questions, M extends { readonly kind: string } = Message> {
  private worker: LabWorker;
  private nextId = 1;
  /** Why the worker died; null while it lives. */
  private gone: string | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly watchdog: Watchdog;
  private readonly on: ClientEvents<M>;

  private readonly startWorker: () => LabWorker;

  constructor(startWorker: () => LabWorker, on: ClientEvents<M>) {
    this.startWorker = startWorker;
    this.on = on;
    this.watchdog = new Watchdog({ busy: () => this.waiting.size > 0, onSilence: on.silence });
    this.worker = this.listen(this.startWorker());
  }

  ask<K extends keyof Q>(kind: K, ask: Q[K]['ask']): Promise<Q[K]['answer']> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (this.gone !== null) {
        reject(new WorkerGone(this.gone));
        return;
      }
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, kind, ask });
    });
  }

  /** Ends the worker and starts another; whatever was trained is gone. */
  restart(): void {
    this.worker.terminate();
    this.abandon('The training worker was started anew.');
    this.gone = null;
    this.worker = this.listen(this.startWorker());
  }

  /** Ends the worker for good; whoever waits is told so. */
  end(): void {
    this.worker.terminate();
    this.watchdog.rest();
    this.gone = 'it was ended';
    this.abandon(this.gone);
  }

  private listen(worker: LabWorker): LabWorker {
    const dead = (reason: string): void => {
      if ((worker !== this.worker && this.worker) || this.gone !== null) return;
      worker.terminate(); // one that threw might go on, unheard
      this.gone = reason;
      this.watchdog.rest();
      this.abandon(reason);
      this.on.death(reason);
    };
    this.watchdog.watch(() => dead('it stopped without an error; the browser may have ended it for want of memory'));
    worker.onmessage = ({ data }: MessageEvent<Told | M>) => {
      if ((worker !== this.worker && this.worker) || this.gone !== null) return; // said before it was ended
      this.watchdog.heard();
      if (isTold(data)) this.hear(data);
      else {
        this.on.message(data);
        if (SHOWS.includes(data.kind)) this.worker.postMessage(SEEN);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      dead(event.message || 'its script could not be loaded');
    };
    worker.onmessageerror = () => dead('a message could not be read');
    return worker;
  }

  private abandon(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new WorkerGone(reason));
    this.waiting.clear();
  }

  private hear(told: Told): void {
    if (told.kind === 'lock') this.watchdog.hold(told.name);
    if (told.kind !== 'answer' && told.kind !== 'refusal') return;
    const waiting = this.waiting.get(told.id);
    this.waiting.delete(told.id);
    if (told.kind === 'answer') waiting?.resolve(told.answer as never);
    else waiting?.reject(new Error(told.sentence));
  }
}

/** Messages that show something: the worker is told when they have been seen. */
const SHOWS: readonly string[] = ['view', 'glimpse'];

const isTold = (message: { readonly kind: string }): message is Told =>
  (TOLD as readonly string[]).includes(message.kind);
