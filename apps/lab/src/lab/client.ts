// The page's side of the worker: questions with answers, messages, and what to do when the worker dies.
import { type Message, type Question, type QuestionKind, type Questions, SEEN } from '../protocol.ts';
import { Watchdog } from './watchdog.ts';

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** What a client needs of a worker: a Worker has it, and so may anything else that answers. */
export interface LabWorker {
  onmessage: ((event: MessageEvent<Message>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  postMessage(message: Question | typeof SEEN): void;
  terminate(): void;
}

/** Raised to whoever still waits when the worker is gone. */
export class WorkerGone extends Error {}

/** What the page is told of besides answers. */
export interface ClientEvents {
  message(message: Message): void;
  /** The worker is gone, and why. */
  death(reason: string): void;
  /** The worker has not been heard of for so many seconds, or, at 0, is heard again. */
  silence(seconds: number): void;
}

export class Client {
  private worker: LabWorker;
  private nextId = 1;
  /** Why the worker died; null while it lives. */
  private gone: string | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly watchdog: Watchdog;
  private readonly on: ClientEvents;

  private readonly startWorker: () => LabWorker;

  constructor(startWorker: () => LabWorker, on: ClientEvents) {
    this.startWorker = startWorker;
    this.on = on;
    this.watchdog = new Watchdog({ busy: () => this.waiting.size > 0, onSilence: on.silence });
    this.worker = this.listen(this.startWorker());
  }

  ask<K extends QuestionKind>(kind: K, ask: Questions[K]['ask']): Promise<Questions[K]['answer']> {
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
    worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if (worker !== this.worker && this.worker) return; // said before it was ended
      this.watchdog.heard();
      if (data.kind === 'lock') this.watchdog.hold(data.name);
      else if (data.kind !== 'pulse') this.receive(data);
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

  private receive(message: Message): void {
    if (message.kind !== 'answer' && message.kind !== 'refusal') {
      this.on.message(message);
      if (message.kind === 'view') this.worker.postMessage(SEEN);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.answer as never);
    else waiting?.reject(new Error(message.sentence));
  }
}
