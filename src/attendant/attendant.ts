import type { AttendedHost, HookAnswer, HookCall } from '../agents/live-host.ts';
import type { MakeProof, Proof } from '../agents/proof.ts';
import type { WakePath } from '../agents/wake-path.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import { type FolderWatch, watchFolders } from '../lib/folder-watch.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { markAnswered } from '../mail/answered.ts';
import { Correspondent, type SeatInHand } from '../mail/correspondent.ts';
import { sayGoodbye } from '../mail/goodbye.ts';
import { answerPing } from '../mail/ping.ts';
import { ReceiptWriter } from '../mail/receipt-writer.ts';
import type { WatchContext } from '../mail/subscriptions.ts';
import { resendUnsent } from '../mailbox/post.ts';
import { facadeOf, type SeatFolder } from '../mailbox/seat-folder.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { Activity } from './activity.ts';
import { DependencyHints } from './dependency-hints.ts';
import { HookAnswers } from './hook-answers.ts';
import { MailDesk } from './mail-desk.ts';
import { Notices } from './notices.ts';
import { Pump } from './pump.ts';
import { OpenQueries } from './queries-in-hand.ts';
import { SeatLife } from './seat-life.ts';
import type { Seating } from './seating.ts';
import { SubagentCalls } from './subagent-calls.ts';
import { type TurnCap, turnCap } from './turn-cap.ts';
import { Waits } from './waits.ts';
import { Waker } from './waker.ts';

export interface AttendantOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly host: AttendedHost;
  /** Makes what keeps the session's seat; it is to call `onMoved` as {@link Seating} says. */
  readonly seating: (onMoved: (notice: string) => void) => Seating;
  readonly version: string;
  /** Makes what proves that the model has seen a text. */
  readonly proof: MakeProof;
  /** In the order in which they are tried. */
  readonly wakePaths: readonly WakePath[];
  /** Where faults go that no caller waits for. */
  readonly onFault: (error: unknown) => void;
}

const RESCAN_MS = 2_000;
const POLL_MS = 300;

/**
 * The process that attends one live session: takes its mail, puts it before the model at the right moment by one path at
 * a time, and proves that it was seen.
 *
 * It is the only one that takes mail for its seat: hooks and tools come to it, so no two paths race. The mailbox is the
 * truth; whatever happens to this process, what was not proved to be seen goes back there. While no mail is on its way
 * it does nothing but answer events.
 */
export class Attendant {
  readonly #options: AttendantOptions;
  readonly #life: SeatLife;
  readonly #pump: Pump;
  readonly #hooks: HookAnswers;
  readonly #proof: Proof;
  readonly #cap: TurnCap;
  readonly #waker: Waker;
  readonly waits = new Waits();
  readonly correspondent: Correspondent;
  /** Queries that the model has before it and has not answered yet. */
  readonly openQueries = new OpenQueries();
  /** What the project provides and uses, and when that concerns a peer. */
  readonly dependencies: DependencyHints;
  readonly #subagentCalls = new SubagentCalls();
  readonly #notices = new Notices();
  readonly #activity: Activity;

  constructor(options: AttendantOptions) {
    this.#options = options;
    const { config, clock, host, onFault } = options;
    this.#activity = new Activity({ clock, status: () => host.status });
    this.#cap = turnCap(config.limits.peerTurnsPerHour);
    this.#waker = new Waker({ ...options, cap: this.#cap });
    this.#proof = options.proof(host.transcript);
    this.#life = new SeatLife({
      host,
      proof: this.#proof,
      seating: options.seating,
      onGotBack: ({ name, sessionId }) =>
        this.#notices.tellOfSeat(
          `This conversation is back on its seat ${name} (${sessionId}); the newer one that sat there has moved to another seat.`,
        ),
      settleIn: (seat) => this.#settleIn(seat),
      onSettled: () => void this.pump(),
      letGo: (desk) => this.#letGo(desk),
      onMoved: (notice, from) => this.#onMoved(notice, from),
      onLeaving: () => this.#onLeaving(),
      onLeft: (seat) => this.#onLeft(seat),
      onFault,
    });
    this.dependencies = new DependencyHints({
      root: config.root,
      clock,
      project: config.projectDir,
      self: () => this.#life.seatId,
      onProvided: () => void this.pump(),
      onFault,
    });
    this.correspondent = this.#correspondentOf(() => this.seat());
    const parts = {
      config,
      clock,
      host,
      life: this.#life,
      cap: this.#cap,
      waker: this.#waker,
      waits: this.waits,
      correspondent: this.correspondent,
      openQueries: this.openQueries,
      dependencies: this.dependencies,
      subagentCalls: this.#subagentCalls,
      notices: this.#notices,
      activity: this.#activity,
      onFault,
    };
    this.#pump = new Pump({ parts, facts: () => this.#facts() });
    this.#hooks = new HookAnswers({
      parts,
      takeSeat: () => this.takeSeat(),
      pump: () => void this.pump(),
    });
  }

  /** Begins to attend: takes the session's seat. One-shot and SDK sessions take none until one of our tools is called. */
  start(): void {
    if (this.#options.host.takesSeat) this.takeSeat();
  }

  /** Takes a seat if the session has none, also after {@link leave}. */
  takeSeat(): void {
    this.#life.take();
  }

  /** The seat of this session. Throws `seat-missing` when it has left it. */
  seat(): SeatInHand {
    return this.#life.seat();
  }

  /** The id of the seat that the session sits on; undefined when it has none. */
  get seatId(): SeatId | undefined {
    return this.#life.seatId;
  }

  /** The mail of the seat. Throws `seat-missing`. */
  desk(): MailDesk {
    return this.#life.deskInHand();
  }

  get peerTurns(): { lastHour: number; cap: number } {
    return { lastHour: this.#cap.used(this.#options.clock.now()), cap: this.#cap.perHour };
  }

  /** What the seat watches for. Throws `seat-missing`. */
  watchContext(): WatchContext {
    const { config, clock } = this.#options;
    const { expiresAfterMs } = config.limits;
    return { root: config.root, clock, folder: this.seat().folder, expiresAfterMs };
  }

  /** The first wake path that can be used now, for a person's eyes. */
  get deliveryPath(): string {
    return this.#waker.firstPath() ?? 'hook-context';
  }

  /** Whether the person had the session leave its seat: then only they have it take one again. */
  get hasLeft(): boolean {
    return this.#life.hasLeft;
  }

  /** Leaves the seat until {@link takeSeat}: tells the peers of late, gives back what was not seen. Throws nothing. */
  leave(): void {
    this.#life.leave();
  }

  /** Leaves the seat and ends for good; may be called more than once. */
  close(): void {
    this.#life.close();
  }

  /** Answers a hook of the host. Never throws: the host would show an error to the person. */
  hook(call: HookCall): Promise<HookAnswer> {
    return this.#hooks.answer(call);
  }

  /** Notes of a call that is about to be made that a subagent makes it. */
  noteSubagentCall(toolUse: string): void {
    this.#subagentCalls.note({ agent: 'subagent', toolUse });
  }

  /** Whether the main conversation makes this tool call; a subagent's has been told by the hook before it. */
  isMainCall(toolUse: string): boolean {
    return !this.#subagentCalls.take(toolUse);
  }

  /** Looks at everything once more: new mail, proofs, a chance to wake the session. Calls during a call make one more. */
  pump(): Promise<void> {
    return this.#pump.run();
  }

  #settleIn(seat: NonNullable<Seating['seat']>): { desk: MailDesk; watch: FolderWatch } {
    const { config, clock, host } = this.#options;
    this.#cap.restore(this.#life.record?.peerTurns?.times ?? []);
    this.#waker.withdrawAll();
    const desk = this.#deskOf(seat);
    desk.recover();
    if (host.ownsProject) this.dependencies.start();
    this.#attempt(() => resendUnsent({ root: config.root, clock }, seat.folder));
    return { desk, watch: this.#watch(seat.folder) };
  }

  #deskOf({ folder, hold }: NonNullable<Seating['seat']>): MailDesk {
    const { config, clock, host } = this.#options;
    const receipts = new ReceiptWriter({ root: config.root, clock, folder });
    return new MailDesk({
      root: config.root,
      clock,
      folder,
      owner: { process: thisProcess(), generation: hold.generation },
      expiresAfterMs: config.limits.expiresAfterMs,
      limits: config.limits,
      proof: this.#proof,
      session: () => ({
        conversation: this.#life.conversation,
        attention: this.#life.record?.attention ?? 'open',
        permissionClass: host.permissionClass,
        rule: host.inboundRule,
      }),
      receipts,
      literal: (path, text) => this.#waker.literal(path, text),
      onControl: (message) => this.#onControl(message),
      onSeen: (message) => this.#attempt(() => markAnswered({ folder, receipts }, message)),
    });
  }

  #watch(folder: SeatFolder): FolderWatch {
    const { config, host } = this.#options;
    const folders = [
      folder.inbox,
      folder.receipts,
      folder.holders,
      facadeOf(config.root, folder.id).inbox,
      ...host.watchedFolders,
    ];
    return watchFolders(folders, {
      onChange: () => void this.pump(),
      rescanMs: RESCAN_MS,
      pollMs: POLL_MS,
    });
  }

  #onMoved(notice: string, from: SeatId | undefined): void {
    this.#notices.tellOfSeat(notice);
    this.waits.endAll({ kind: 'moved', from: from ?? '' });
  }

  #onLeaving(): void {
    this.#pump.stop();
    this.dependencies.stop();
    this.waits.endAll({ kind: 'closed' });
  }

  #onLeft(seat: SeatInHand): void {
    const { config, clock } = this.#options;
    const { folder } = seat;
    sayGoodbye(
      { root: config.root, clock, folder },
      this.#correspondentOf(() => seat),
    );
  }

  #letGo(desk: MailDesk | undefined): void {
    this.#attempt(() => this.#waker.withdrawAll());
    this.#attempt(() => desk?.releaseAll());
    this.openQueries.clear();
  }

  #onControl(message: Message): void {
    if (message.type === 'session-ended') return;
    const wait = this.waits.forAnswerTo(message.inReplyTo);
    if (wait?.kind === 'ping') wait.finish({ kind: 'pong', message });
    else {
      const { config, clock } = this.#options;
      const { folder } = this.seat();
      answerPing({ root: config.root, clock, folder }, { ping: message, correspondent: this.correspondent });
    }
  }

  #correspondentOf(seat: () => SeatInHand): Correspondent {
    const { config, clock, host } = this.#options;
    return new Correspondent({
      root: config.root,
      clock,
      limits: config.limits,
      seat,
      permissionClass: () => host.permissionClass,
      receipts: () => this.#life.desk?.receipts,
    });
  }

  #facts(): Partial<SeatRecord> {
    const { host, version } = this.#options;
    const { provided } = this.dependencies;
    return {
      state: this.waits.isListening ? 'listening' : this.#activity.state,
      turns: this.#activity.endedTurns,
      transcript: host.transcript,
      permissionMode: host.permissionMode,
      deliveryPath: this.deliveryPath,
      peerTurns: { ...this.peerTurns, times: this.#cap.times },
      version,
      ...(provided === undefined ? {} : { packages: [...provided] }),
    };
  }

  /** A step that keeps no other one from being taken. */
  #attempt(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      this.#options.onFault(error);
    }
  }
}
