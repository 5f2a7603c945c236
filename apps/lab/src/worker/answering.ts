// How a worker of the lab answers the page: one question after the other, in the order in which they came.
import { SEEN, type Told } from '../protocol.ts';

/** Who answers. Throws an Error whose message the page shows. */
export interface Answerer {
  answer(kind: never, ask: never): Promise<unknown>;
  /** The page has drawn what it was sent. */
  seen(): void;
}

interface Asked {
  readonly id: number;
  readonly kind: never;
  readonly ask: never;
}

/** What receives the page's messages, from now on; `ready` is told of elsewhere where it fails. */
export function answering(
  ready: Promise<Answerer>,
  post: (told: Told) => void,
): (event: MessageEvent<Asked | typeof SEEN>) => void {
  let queue: Promise<void> = ready.then(
    () => {},
    () => {},
  );
  return ({ data }) => {
    if (data === SEEN) {
      ready.then(
        (answerer) => answerer.seen(),
        () => {}, // told already
      );
      return;
    }
    const { id, kind, ask } = data;
    queue = queue.then(async () => {
      try {
        post({ kind: 'answer', id, answer: await (await ready).answer(kind, ask) });
      } catch (error) {
        post({ kind: 'refusal', id, sentence: error instanceof Error ? error.message : String(error) });
      }
    });
  };
}
