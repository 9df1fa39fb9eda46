import type { SessionMoment } from '../agents/live-host.ts';
import { senderOf } from '../mail/offer-text.ts';
import type { PendingMessage } from '../mailbox/inbox.ts';
import type { MessageId } from '../protocol/ids.ts';

/** What the person, and of the seat also the model, is still to be told at the next hook that can say it. */
export class Notices {
  #forPerson: string[] = [];
  #ofSeat: string | undefined;
  readonly #announcedHeld = new Set<MessageId>();

  /** Which seat it is, the person and the model are told once each. */
  tellOfSeat(notice: string): void {
    this.#forPerson.push(notice);
    this.#ofSeat = notice;
  }

  /** Once per held message the person is told, at no cost in tokens. */
  announceHeld(held: readonly PendingMessage[]): void {
    const waiting = new Set(held.map(({ id }) => id));
    for (const id of this.#announcedHeld) if (!waiting.has(id)) this.#announcedHeld.delete(id);
    for (const message of held) {
      if (this.#announcedHeld.has(message.id)) continue;
      this.#announcedHeld.add(message.id);
      this.#forPerson.push(
        `a message of ${senderOf(message)} is held for you: cahoots accept ${message.id} (or deny).`,
      );
    }
  }

  /** What the person is to be told now; empty when nothing. */
  takeForPerson(): string {
    return this.#forPerson.splice(0).join(' ');
  }

  /** What the model is to be told now. */
  takeForModel(moment: SessionMoment): string | undefined {
    if (moment !== 'prompt' && moment !== 'tools-done') return undefined;
    const notice = this.#ofSeat;
    this.#ofSeat = undefined;
    return notice;
  }
}
