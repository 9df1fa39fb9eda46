import { shortHash } from '../../src/lib/short-hash.ts';
import type { MessageId, SeatId } from '../../src/protocol/ids.ts';
import type { Transcript } from '../unit/agents/claude-code/live/transcript.ts';
import type { RoundBench } from './round.ts';

/** The model of a played session, and what the host lets through to it. */
export class PlayedModel {
  /** Pages of long messages that it has yet to read. */
  readonly toRead: { readonly id: MessageId; readonly page: number }[] = [];
  /** Queries that it is going to answer. */
  readonly toAnswer: MessageId[] = [];
  /** How often the host drops what it was given, as a real one may: without a word. */
  dropped = 0.15;
  readonly #bench: RoundBench;
  readonly #transcript: Transcript;
  readonly #senders = new Map<MessageId, SeatId>();
  readonly #known = new Set<MessageId>();

  constructor(bench: RoundBench, transcript: Transcript) {
    this.#bench = bench;
    this.#transcript = transcript;
  }

  /**
   * A text is on its way into the conversation: `put` writes it there, unless the host drops it. What is there, the model
   * has before it from now on, and nearly always goes on with it at once.
   */
  shown(text: string, put: (text: string) => void): void {
    const { random } = this.#bench;
    if (text.includes('<peer-message') && random.chance(this.dropped)) return;
    put(text);
    if (random.chance(0.9)) this.#transcript.assistant('I see');
    for (const [, id = '', attributes = ''] of text.matchAll(
      /<peer-message id="(msg-[a-z0-9]{12})"([^>]*)>/g,
    ))
      this.#see(id as MessageId, attributes, text);
  }

  /** Notes in the ledger the answer that a call of the tool has sent. */
  answered(question: MessageId, { text, result }: { text: string; result: string }): void {
    const to = this.#senders.get(question);
    const id = [...result.matchAll(/msg-[a-z0-9]{12}/g)]
      .map(([found]) => found)
      .find((found) => found !== question);
    if (to === undefined || id === undefined || !result.startsWith('Sent to')) return;
    this.#bench.ledger.noteSent([{ id: id as MessageId, from: this.seat(), to, hash: shortHash(text) }]);
  }

  /** The seat that the session sits on; set once it has one. */
  seat: () => SeatId = () => {
    throw new Error('the session has no seat yet');
  };

  #see(id: MessageId, attributes: string, text: string): void {
    const { random, ledger } = this.#bench;
    const page = /page="(\d+) of (\d+)"/.exec(attributes);
    // Who asks for a page knows the id: that page is no second copy.
    if (page === null || !this.#known.has(id))
      ledger.noteTaken([{ id, isRepeat: attributes.includes('repeat="'), hash: undefined }]);
    this.#known.add(id);
    const from = /from="[^"(]*\(?([a-z0-9]{6})\)?"/.exec(attributes)?.[1];
    if (from !== undefined) this.#senders.set(id, from as SeatId);
    if (page !== null && Number(page[1]) < Number(page[2]))
      this.toRead.push({ id, page: Number(page[1]) + 1 });
    if (page === null && text.includes(`inbox(id="${id}", page=1)`)) this.toRead.push({ id, page: 1 });
    if (attributes.includes('type="query"') && random.chance(0.3)) this.toAnswer.push(id);
  }
}
