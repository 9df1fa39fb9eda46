import { resolvePeer } from '../../directory/peers.ts';
import { pruneSeat } from '../../directory/retention.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import {
  HEARTBEAT_MS,
  renewShellSeat,
  type ShellRequest,
  startShellSeat,
} from '../../directory/shell-seat.ts';
import { thisProcess } from '../../lib/process-identity.ts';
import { badNews } from '../../mail/bad-news.ts';
import { Correspondent } from '../../mail/correspondent.ts';
import { ReceiptWriter } from '../../mail/receipt-writer.ts';
import { Reception, SHELL_RECEIVER } from '../../mail/reception.ts';
import { awaitedAnswers } from '../../mailbox/awaited-answers.ts';
import { buildFacade, hasFacade } from '../../mailbox/facade.ts';
import { Inbox } from '../../mailbox/inbox.ts';
import { resendUnsent } from '../../mailbox/post.ts';
import { foldReceipts } from '../../mailbox/receipts.ts';
import { createSeatFolder, openRoot, type SeatFolder } from '../../mailbox/seat-folder.ts';
import { ignoreStorageFault, unlessStorageFails } from '../../mailbox/storage-fault.ts';
import type { MessageId } from '../../protocol/ids.ts';
import type { SeatRecord } from '../../protocol/seat.ts';
import { type ClientContext, mailContext } from '../client-context.ts';
import { findOwnSeat, isHeld, permissionClassOf, type SeatWish, seatHeld, seatMissing } from './own-seat.ts';

/** The seat that a call speaks for, with what writes in its name and what takes its mail. */
export class OpenSeat {
  readonly context: ClientContext;
  readonly folder: SeatFolder;
  readonly correspondent: Correspondent;
  readonly inbox: Inbox;
  readonly receipts: ReceiptWriter;
  /** The door that mail for a person or script has to pass. */
  readonly reception: Reception;
  readonly #found: SeatRecord;

  constructor(context: ClientContext, found: SeatRecord) {
    const { config, clock } = context;
    this.context = context;
    this.folder = createSeatFolder(config.root, found.sessionId);
    this.#found = found;
    this.correspondent = new Correspondent({
      root: config.root,
      clock,
      limits: config.limits,
      seat: () => ({ folder: this.folder, record: this.record }),
      permissionClass: () => permissionClassOf(context, this.record),
    });
    this.inbox = new Inbox({
      root: config.root,
      folder: this.folder,
      clock,
      expiresAfterMs: config.limits.expiresAfterMs,
      owner: { process: thisProcess(), generation: found.generation },
    });
    const common = { root: config.root, clock, folder: this.folder };
    this.receipts = new ReceiptWriter(common);
    this.reception = new Reception({
      ...common,
      inbox: this.inbox,
      receipts: this.receipts,
      limits: config.limits,
      receiver: () => SHELL_RECEIVER,
    });
  }

  /** The seat's record as it is on disk now. */
  get record(): SeatRecord {
    return readSeatRecord(this.folder) ?? this.#found;
  }

  /** Whether a session sits here, whose attendant alone takes the mail. */
  get isHeld(): boolean {
    return isHeld(this.context, this.record);
  }

  /**
   * Throws `seat-held` when a session sits here by now: for who takes mail. One that sat down after the seat was opened
   * must not lose its mail to this process.
   */
  requireNotHeld(): void {
    if (this.isHeld) throw seatHeld(this.record);
  }

  /**
   * Makes good what earlier processes of this seat left undone, and shows that the seat is in use, as far as the storage
   * lets it. A seat on which a session sits is left to its attendant.
   */
  async tidy(): Promise<void> {
    if (this.isHeld) return;
    unlessStorageFails(() => resendUnsent(mailContext(this.context), this.folder));
    unlessStorageFails(() => this.inbox.recoverClaims());
    unlessStorageFails(() => this.fold());
    await this.keep().catch(ignoreStorageFault);
  }

  /** Files the receipts that came; bad news of what nobody waits for is left in the mailbox. */
  fold(): void {
    const { config, clock } = this.context;
    const awaited = (): ReadonlySet<MessageId> => awaitedAnswers(this.folder);
    foldReceipts(this.folder, badNews({ root: config.root, clock, folder: this.folder, awaited }));
  }

  /** Keeps a shell seat visible to v1 while this process waits on it; cheap enough to be called on every change. */
  async keep(): Promise<void> {
    const { config, clock } = this.context;
    const { record } = this;
    if (record.kind !== 'shell') return;
    const isDue = clock.now() - Date.parse(record.lastHeartbeat) >= HEARTBEAT_MS;
    if (isDue || record.stopped === true) {
      await renewShellSeat(shellRequest(this.context), { folder: this.folder, record });
      const turn = Math.floor(clock.now() / HEARTBEAT_MS);
      pruneSeat({ root: config.root, clock, ...config.limits }, this.folder, turn);
    } else if (!hasFacade(config.root, this.folder.id)) buildFacade(config.root, record);
  }
}

/** Opens the seat that a call speaks for. Throws `seat-missing` when there is none. */
export async function openOwnSeat(context: ClientContext, wish: SeatWish): Promise<OpenSeat> {
  openRoot(context.config.root);
  const record = findOwnSeat(context, wish);
  if (record === undefined) throw seatMissing(context);
  const seat = new OpenSeat(context, record);
  await seat.tidy();
  return seat;
}

/**
 * Like {@link openOwnSeat}, but makes a shell seat for the project folder when there is none. With `peer`, the address of
 * whom it is opened for, none is made for the sake of somebody who is not there: throws `peer-unknown` then.
 */
export async function openOrMakeOwnSeat(
  context: ClientContext,
  wish: SeatWish,
  peer?: string,
): Promise<{ readonly seat: OpenSeat; readonly isNew: boolean }> {
  const { config, clock } = context;
  openRoot(config.root);
  const found = findOwnSeat(context, wish);
  if (found === undefined && peer !== undefined) resolvePeer(config.root, peer, clock.now());
  const record = found ?? startShellSeat(shellRequest(context), undefined).record;
  const seat = new OpenSeat(context, record);
  await seat.tidy();
  return { seat, isNew: found === undefined };
}

/** The request for the shell seat of the context's project folder. */
export function shellRequest({ config, clock, version }: ClientContext): ShellRequest {
  return { root: config.root, clock, projectPath: config.projectDir, version };
}
