// Who sends views: what is looked at, at a pace that the page can follow, and what to do where nothing can be shown.
import type { Look, Message } from '../protocol.ts';
import { START } from './look.ts';
import type { Models } from './models.ts';
import { viewOf } from './subject.ts';

/** Views that may be under way to the page at once; while it is slower, steps go on unseen. */
const UNSEEN = 2;

export type Post = (message: Message, transfer?: Transferable[]) => void;

export class Views {
  /** What is asked for. */
  look: Look = START;
  /** The look that was shown last: one that cannot be shown gives way to it. */
  private shown: Look = START;
  /** Why nothing could be shown, so that it is said once and not at every rest; null when something was. */
  private trouble: string | null = null;
  private unseen = 0;
  /** A view was left out because the page had not drawn the last ones. */
  private owed = false;
  private readonly models: Models;
  private readonly post: Post;

  constructor(models: Models, post: Post) {
    this.models = models;
    this.post = post;
  }

  /** The page has drawn a view. */
  seen(): void {
    this.unseen = Math.max(0, this.unseen - 1);
    if (this.owed) this.tryToShow();
  }

  /** Looks another way. Throws an Error, and goes on looking as before, where that cannot be shown. */
  change(look: Look): void {
    this.look = look;
    try {
      this.show();
    } catch (error) {
      this.look = this.shown;
      throw error;
    }
  }

  /** Another model is on the bench: what could not be shown of the last one is forgotten. */
  begin(look: Look): void {
    this.look = look;
    this.trouble = null;
  }

  /** Shows where nobody has asked: what cannot be shown is told, and training goes on. */
  tryToShow(): void {
    try {
      this.show();
    } catch (error) {
      const sentence = `The model cannot be shown: ${(error as Error).message}`;
      if (sentence === this.trouble) return;
      this.trouble = sentence;
      const { request } = this.look;
      this.post({ kind: 'trouble', sentence, ...(request === undefined ? {} : { request }) });
      this.look = this.shown;
    }
  }

  show(): void {
    const { main, other } = this.models;
    if (!main) return;
    this.owed = this.unseen >= UNSEEN;
    if (this.owed) return;
    const view = viewOf(main, this.look, this.look.step);
    const step = this.look.step ?? main.run?.step ?? null;
    const beside = other && { run: other.id, view: viewOf(other, this.look, step) };
    this.unseen++;
    this.shown = this.look;
    this.trouble = null;
    const transfer = [view, beside?.view].flatMap((v) => (v ? [v.patterns.buffer, v.control.buffer] : []));
    this.post({ kind: 'view', run: main.id, view, beside }, transfer as ArrayBuffer[]);
  }
}
