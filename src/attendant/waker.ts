import type { WakePath } from '../delivery/delivery.ts';
import type { Clock } from '../lib/clock.ts';
import type { PendingMessage } from '../mailbox/inbox.ts';
import type { Message } from '../protocol/message.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';
import type { MailDesk, TakenMail } from './mail-desk.ts';
import type { TurnCap } from './turn-cap.ts';

export interface WakerOptions {
  /** In the order in which they are tried. */
  readonly wakePaths: readonly WakePath[];
  readonly cap: TurnCap;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** Starts turns in an idle session for mail that may wake it: one path at a time, within the cap. */
export class Waker {
  readonly #options: WakerOptions;

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** The first path that can be used now. */
  firstPath(): DeliveryPath | undefined {
    return this.#options.wakePaths.find((candidate) => candidate.unavailable() === undefined)?.path;
  }

  /** How long after a wake by that path an idle session may still show nothing of it. */
  settleMs(path: DeliveryPath): number {
    return this.#options.wakePaths.find((candidate) => candidate.path === path)?.settleMs ?? 0;
  }

  /**
   * Wakes the session for `wakers`, or for offers that another path failed to bring, by the first path that takes it.
   *
   * Returns the messages that were put before the model; none while an earlier text is still on its way, when the cap
   * is reached, or when no path is left: then they come at the session's next step.
   */
  async wakeIfDue(
    desk: MailDesk,
    wakers: readonly PendingMessage[],
    conversation: string,
  ): Promise<readonly Message[]> {
    const { cap, clock, wakePaths } = this.#options;
    if (desk.offers.hasUnrecorded() || !cap.allows(clock.now())) return [];
    const tried = triedPaths(desk);
    if (wakers.length === 0 && tried.size === 0) return [];
    const path = wakePaths.find(
      (candidate) => !tried.has(candidate.path) && candidate.unavailable() === undefined,
    );
    if (path === undefined) return [];
    this.withdrawFailed(desk);
    const mail = tried.size > 0 ? desk.takeFailed(path.path) : desk.take(wakers, path.path);
    return mail === undefined ? [] : this.#wake(desk, path, { mail, conversation });
  }

  /** A text that its path still holds must not come after the repeat. */
  withdrawFailed(desk: MailDesk): void {
    const tried = triedPaths(desk);
    for (const path of this.#options.wakePaths) if (tried.has(path.path)) path.withdraw?.();
  }

  async #wake(
    desk: MailDesk,
    path: WakePath,
    { mail, conversation }: { mail: TakenMail; conversation: string },
  ): Promise<readonly Message[]> {
    const [first] = mail.messages;
    if (first === undefined) return [];
    const result = await path.wake({
      text: mail.text,
      conversation,
      fromName: first.metadata.fromName ?? first.metadata.fromProject ?? first.from,
      fromMode: first.metadata.permissionClass === 'bypasses' ? 'bypass' : 'prompting',
    });
    if (!result.ok) {
      this.#options.onFault(new Error(`${path.path}: ${result.reason}`));
      desk.failOffers(mail.messages.map(({ id }) => id));
      return [];
    }
    this.#options.cap.record(this.#options.clock.now());
    mail.confirm();
    return mail.messages;
  }
}

function triedPaths(desk: MailDesk): Set<DeliveryPath> {
  return new Set(desk.offers.failed().flatMap((offer) => [...offer.tried]));
}
