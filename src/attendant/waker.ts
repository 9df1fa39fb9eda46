import type { Wake, WakePath } from '../agents/wake-path.ts';
import type { Clock } from '../lib/clock.ts';
import type { PendingMessage } from '../mailbox/inbox.ts';
import type { Message } from '../protocol/message.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';
import type { MailDesk, TakenMail } from './mail-desk.ts';
import type { TurnCap } from './turn-cap.ts';

/** What of a message tells whether it may cause a turn. */
export type Letter = Pick<Message, 'id' | 'type' | 'from' | 'inReplyTo' | 'step' | 'metadata'>;

export interface WakeRequest {
  /** What waits and may be seen. */
  readonly waiting: readonly PendingMessage[];
  /** Whether a message may cause a turn of its own. */
  readonly mayWake: (message: Letter) => boolean;
  /** The one that the session shows now. */
  readonly conversation: string;
}

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
    return this.#usablePaths()[0]?.path;
  }

  /** A text as it is written on that path. */
  literal(path: DeliveryPath, text: string): string {
    const found = this.#options.wakePaths.find((candidate) => candidate.path === path);
    return found?.literal?.(text) ?? text;
  }

  /** How long after a wake by that path an idle session may still show nothing of it. */
  settleMs(path: DeliveryPath): number {
    return this.#options.wakePaths.find((candidate) => candidate.path === path)?.settleMs ?? 0;
  }

  /**
   * Wakes the session for mail that may wake it, first for what another path failed to bring, by the first path that
   * takes it.
   *
   * Returns the messages that were put before the model; none while an earlier text is still on its way, when the cap
   * is reached, or when no path is left for now: then they come at the session's next step, or by a later try.
   */
  async wakeIfDue(
    desk: MailDesk,
    { waiting, mayWake, conversation }: WakeRequest,
  ): Promise<readonly Message[]> {
    const { cap, clock } = this.#options;
    if (desk.offers.hasUnrecorded() || !cap.allows(clock.now())) return [];
    this.withdrawFailed(desk);
    for (const path of this.#usablePaths()) {
      const may = (message: Letter): boolean =>
        mayWake(message) && path.keepsBack?.(modeOf(message)) !== true;
      const mail = desk.takeFailed(path.path, may) ?? desk.take(waiting.filter(may), path.path);
      if (mail !== undefined && (await this.#wake(desk, path, { mail, conversation }))) return mail.messages;
    }
    return [];
  }

  /** A text that its path still holds must not come after the repeat. */
  withdrawFailed(desk: MailDesk): void {
    const tried = new Set(desk.offers.failed().flatMap((offer) => [...offer.tried]));
    const onItsWay = new Set(
      desk.offers.all().flatMap(({ phase, path }) => (phase === 'offered' ? [path] : [])),
    );
    for (const path of this.#options.wakePaths)
      if (tried.has(path.path) && !onItsWay.has(path.path)) path.withdraw?.();
  }

  /** Nothing that a path still holds is meant for what the session shows from now on. */
  withdrawAll(): void {
    for (const path of this.#options.wakePaths) path.withdraw?.();
  }

  #usablePaths(): WakePath[] {
    return this.#options.wakePaths.filter((candidate) => candidate.unavailable() === undefined);
  }

  /** Whether the path took the text. */
  async #wake(
    desk: MailDesk,
    path: WakePath,
    { mail, conversation }: { mail: TakenMail; conversation: string },
  ): Promise<boolean> {
    const [first] = mail.messages;
    if (first === undefined) return false;
    // Counted before the path is asked: a hook may ask for a turn of its own meanwhile.
    const takeBack = this.#options.cap.record(this.#options.clock.now());
    const result = await path.wake({
      text: mail.text,
      messages: mail.messages.map(({ id }) => id),
      conversation,
      fromName: first.metadata.fromName ?? first.metadata.fromProject ?? first.from,
      fromMode: modeOf(first),
    });
    if (!result.ok) {
      if (result.mayHaveTaken !== true) takeBack();
      this.#options.onFault(new Error(`${path.path}: ${result.reason}`));
      desk.failOffers(mail.messages.map(({ id }) => id));
      return false;
    }
    mail.confirm();
    return true;
  }
}

function modeOf({ metadata }: Pick<Message, 'metadata'>): Wake['fromMode'] {
  return metadata.permissionClass === 'bypasses' ? 'bypass' : 'prompting';
}
