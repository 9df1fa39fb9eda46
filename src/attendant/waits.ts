import { deferred } from '../lib/deferred.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import type { MessageState } from '../protocol/receipt.ts';
import type { TakenMail } from './mail-desk.ts';

/** How a tool call that waits came to its end. */
export type WaitEnd =
  | { readonly kind: 'mail'; readonly mail: TakenMail }
  | { readonly kind: 'pong'; readonly message: Message }
  /** For a subagent: the answer's text, while the message itself goes to the main conversation. */
  | { readonly kind: 'copy'; readonly message: Message }
  | { readonly kind: 'settled'; readonly state: MessageState; readonly reason: string | undefined }
  | { readonly kind: 'timeout' }
  /** The peer has been away for a while: it answers once it is back. */
  | { readonly kind: 'away' }
  /** The session sits on another seat now; the answer comes to the one that asked. */
  | { readonly kind: 'moved'; readonly from: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'closed' };

export interface Wait {
  /** `ask` waits for the response to `message`, `ping` for the answering ping, `listen` for any mail. */
  readonly kind: 'ask' | 'listen' | 'ping';
  readonly message: MessageId | undefined;
  /** Only the main conversation is given mail that it did not ask for. */
  readonly isMain: boolean;
  readonly end: Promise<WaitEnd>;
  finish(end: WaitEnd): void;
}

export interface WaitRequest {
  readonly kind: Wait['kind'];
  readonly message?: MessageId;
  readonly isMain: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The tool calls of one session that wait for mail. Each ends: by mail, a state, a time-out, or because its caller left. */
export class Waits {
  readonly #open = new Set<Wait>();

  /** Opens a wait that ends at the latest after `timeoutMs`. */
  open({ kind, message, isMain, timeoutMs, signal }: WaitRequest): Wait {
    const { promise, resolve, settled } = withFlag();
    const finish = (end: WaitEnd): void => {
      if (settled()) return;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      this.#open.delete(wait);
      resolve(end);
    };
    const cancel = (): void => finish({ kind: 'cancelled' });
    const timer = setTimeout(() => finish({ kind: 'timeout' }), timeoutMs);
    const wait: Wait = { kind, message, isMain, end: promise, finish };
    this.#open.add(wait);
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    return wait;
  }

  /** The wait for the answer to that message, if one is open. */
  forAnswerTo(id: MessageId | null): Wait | undefined {
    return [...this.#open].find((wait) => wait.message !== undefined && wait.message === id);
  }

  /** The wait to which mail that nobody asked for is given: a listening one first, then one that asks. */
  forMail(): Wait | undefined {
    const main = [...this.#open].filter(({ isMain, kind }) => isMain && kind !== 'ping');
    return main.find(({ kind }) => kind === 'listen') ?? main[0];
  }

  get isListening(): boolean {
    return [...this.#open].some(({ kind }) => kind === 'listen');
  }

  /** The messages whose answers are waited for. */
  asked(): MessageId[] {
    return [...this.#open].flatMap(({ kind, message }) =>
      kind === 'ask' && message !== undefined ? [message] : [],
    );
  }

  /** Ends every wait: nothing comes by it any more. */
  endAll(end: WaitEnd): void {
    for (const wait of this.#open) wait.finish(end);
  }
}

function withFlag(): { promise: Promise<WaitEnd>; resolve: (end: WaitEnd) => void; settled: () => boolean } {
  const end = deferred<WaitEnd>();
  return { promise: end.promise, resolve: (value) => end.resolve(value), settled: () => end.settled };
}
