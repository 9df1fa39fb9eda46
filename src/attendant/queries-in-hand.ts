import type { MessageId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';

/** A query that was left unanswered for so long is not what the session acts on any more. */
const ACTED_ON_MS = 30 * 60 * 1000;
const MAX_KEPT = 100;

/** The queries that were put before a session and that it has not answered. */
export class OpenQueries {
  readonly #queries = new Map<MessageId, { readonly message: Message; readonly atMs: number }>();

  /**
   * Notes that a message was put before the model: a query is kept, the newest hundred of them, and one that its sender
   * calls off is not open any more.
   */
  note(message: Message, nowMs: number): void {
    if (message.step === 'cancelled' && message.inReplyTo !== null) this.answered(message.inReplyTo);
    if (message.type !== 'query') return;
    this.#queries.delete(message.id);
    this.#queries.set(message.id, { message, atMs: nowMs });
    for (const oldest of this.#queries.keys()) {
      if (this.#queries.size <= MAX_KEPT) break;
      this.#queries.delete(oldest);
    }
  }

  answered(id: MessageId): void {
    this.#queries.delete(id);
  }

  /** The session shows another conversation, or sits on another seat: it is not acting on these any more. */
  clear(): void {
    this.#queries.clear();
  }

  all(): Message[] {
    return [...this.#queries.values()].map(({ message }) => message);
  }

  /** How many messages led to what the session asks now: one more than to the queries that it is acting on. */
  hops(nowMs: number): number {
    const late = [...this.#queries.values()].filter(({ atMs }) => nowMs - atMs < ACTED_ON_MS);
    return Math.max(-1, ...late.map(({ message }) => message.hops ?? 0)) + 1;
  }
}
