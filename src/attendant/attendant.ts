import type { AttendedHost, HookAnswer, HookCall, SessionMoment } from '../agents/live-host.ts';
import type { MakeProof, Proof } from '../agents/proof.ts';
import type { WakePath } from '../agents/wake-path.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import { type FolderWatch, watchFolders } from '../lib/folder-watch.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { markAnswered } from '../mail/answered.ts';
import { badNews } from '../mail/bad-news.ts';
import { Correspondent } from '../mail/correspondent.ts';
import { sayGoodbye } from '../mail/goodbye.ts';
import { answerPing } from '../mail/ping.ts';
import { ReceiptWriter } from '../mail/receipt-writer.ts';
import { lookAtWatches, type WatchContext } from '../mail/subscriptions.ts';
import { resendUnsent } from '../mailbox/post.ts';
import { foldReceipts, type OnFolded } from '../mailbox/receipts.ts';
import { facadeOf, type SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import type { SeatRecord, SeatState } from '../protocol/seat.ts';
import { Activity } from './activity.ts';
import { DependencyHints } from './dependency-hints.ts';
import { MailDesk, type TakenMail } from './mail-desk.ts';
import { Notices } from './notices.ts';
import { OpenQueries } from './queries-in-hand.ts';
import type { Seating } from './seating.ts';
import { SubagentCalls } from './subagent-calls.ts';
import { type TurnCap, turnCap } from './turn-cap.ts';
import { AwayWatch, endSettledWaits, serveWaits } from './wait-service.ts';
import { Waits } from './waits.ts';
import { mailForHook, mayWake, takesContext } from './wake-rules.ts';
import { type Letter, Waker } from './waker.ts';

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
/** How often the conversation is looked at while a text is on its way into it. */
const ATTENTIVE_MS = 150;
/** How often it is looked at for the model's next step after the text is in it. */
const PROOF_MS = 400;

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
  readonly #keeper: Seating;
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
  readonly #awayWatch = new AwayWatch();
  readonly #notices = new Notices();
  readonly #activity: Activity;
  #desk: MailDesk | undefined;
  #watch: FolderWatch | undefined;
  #conversation: string;
  #pumping: Promise<void> | undefined;
  #pumpAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #hasLeft = false;

  constructor(options: AttendantOptions) {
    this.#options = options;
    const { config, clock, host } = options;
    this.#conversation = host.conversation;
    this.#activity = new Activity({ clock, status: () => host.status });
    this.#cap = turnCap(config.limits.peerTurnsPerHour);
    this.#waker = new Waker({ ...options, cap: this.#cap });
    this.#proof = options.proof(host.transcript);
    this.#keeper = options.seating((notice) => this.#onMoved(notice));
    this.dependencies = new DependencyHints({
      root: config.root,
      clock,
      project: config.projectDir,
      self: () => this.#keeper.seat?.folder.id,
      onProvided: () => void this.pump(),
      onFault: options.onFault,
    });
    this.correspondent = new Correspondent({
      root: config.root,
      clock,
      limits: config.limits,
      seat: () => this.seat(),
      permissionClass: () => host.permissionClass,
      receipts: () => this.#desk?.receipts,
    });
  }

  /** Begins to attend: takes the session's seat. One-shot and SDK sessions take none until one of our tools is called. */
  start(): void {
    if (this.#options.host.takesSeat) this.takeSeat();
  }

  /** Takes a seat if the session has none: its own for a person's session, an ephemeral one for any other. */
  takeSeat(): void {
    if (this.#closed) return;
    if (this.#keeper.seat === undefined) {
      const { how, record } = this.#keeper.open({ ephemeral: !this.#options.host.takesSeat });
      if (how === 'preempted')
        this.#notices.tellOfSeat(
          `This conversation is back on its seat ${record.name} (${record.sessionId}); the newer one that sat there has moved to another seat.`,
        );
    }
    if (this.#desk === undefined) this.#settleIn();
  }

  /** The seat of this session. Throws `seat-missing` when it has left it. */
  seat(): { folder: SeatFolder; record: SeatRecord } {
    const { record } = this.#keeper;
    const folder = this.#keeper.seat?.folder;
    if (folder !== undefined && record !== undefined) return { folder, record };
    throw new CahootsError('seat-missing', 'This session has left its seat.', {
      remedy: 'Take it again with the seat tool, action "start" (/bridge start).',
    });
  }

  /** The id of the seat that the session sits on; undefined when it has none. */
  get seatId(): SeatId | undefined {
    return this.#keeper.seat?.folder.id;
  }

  /** The mail of the seat. Throws `seat-missing`. */
  desk(): MailDesk {
    if (this.#desk === undefined) this.seat();
    if (this.#desk !== undefined) return this.#desk;
    throw new CahootsError('seat-missing', 'This session has left its seat.', {
      remedy: 'Take it again with the seat tool, action "start" (/bridge start).',
    });
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
    return this.#hasLeft;
  }

  /** Leaves the seat until {@link rejoin}. Throws nothing. */
  leave(): void {
    this.#hasLeft = true;
    this.#leave();
  }

  /** Takes a seat again after {@link leave}. */
  rejoin(): void {
    this.#hasLeft = false;
    this.takeSeat();
  }

  /** Tells the peers of late, gives back what was not seen, ends every wait. Throws nothing. */
  #leave(): void {
    const { config, clock } = this.#options;
    this.#watch?.close();
    this.#watch = undefined;
    clearTimeout(this.#timer);
    this.dependencies.stop();
    this.waits.endAll({ kind: 'closed' });
    this.#letGo();
    this.#desk = undefined;
    const wasHeld = this.#keeper.seat?.hold.isCurrent() === true;
    const seat = wasHeld ? this.seat() : undefined;
    // The host gives its servers half a second to end: the seat goes first, then the peers are told.
    this.#attempt(() => this.#keeper.leave());
    if (seat === undefined) return;
    const { folder } = seat;
    this.#attempt(() =>
      sayGoodbye(
        { root: config.root, clock, folder },
        new Correspondent({
          root: config.root,
          clock,
          limits: config.limits,
          seat: () => seat,
          permissionClass: () => undefined,
        }),
      ),
    );
  }

  /** Ends for good; may be called more than once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
  }

  /**
   * Answers a hook of the host: with mail where this moment of the conversation can take some, else with nothing. Never
   * throws: the host would show an error to the person.
   */
  async hook(call: HookCall): Promise<HookAnswer> {
    try {
      return await this.#onHook(call);
    } catch (error) {
      this.#options.onFault(error);
      return {};
    }
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
    this.#pumpAgain = true;
    this.#pumping ??= this.#pumpWhileAsked().finally(() => {
      this.#pumping = undefined;
    });
    return this.#pumping;
  }

  async #pumpWhileAsked(): Promise<void> {
    try {
      while (this.#pumpAgain && !this.#closed) {
        this.#pumpAgain = false;
        await this.#pumpOnce();
      }
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #settleIn(): void {
    const { config, clock, host } = this.#options;
    const { seat } = this.#keeper;
    if (seat === undefined) return;
    this.#conversation = host.conversation;
    this.#proof.follow(host.transcript, 'end');
    this.#cap.restore(this.#keeper.record?.peerTurns?.times ?? []);
    this.#waker.withdrawAll();
    const receipts = new ReceiptWriter({ root: config.root, clock, folder: seat.folder });
    const desk = new MailDesk({
      root: config.root,
      clock,
      folder: seat.folder,
      owner: { process: thisProcess(), generation: seat.hold.generation },
      expiresAfterMs: config.limits.expiresAfterMs,
      limits: config.limits,
      proof: this.#proof,
      session: () => ({
        conversation: this.#conversation,
        attention: this.#keeper.record?.attention ?? 'open',
        permissionClass: host.permissionClass,
        rule: host.inboundRule,
      }),
      receipts,
      literal: (path, text) => this.#waker.literal(path, text),
      onControl: (message) => this.#onControl(message),
      onSeen: (message) => this.#attempt(() => markAnswered({ folder: seat.folder, receipts }, message)),
    });
    desk.recover();
    this.#desk = desk;
    if (host.ownsProject) this.dependencies.start();
    this.#attempt(() => resendUnsent({ root: config.root, clock }, seat.folder));
    this.#watch?.close();
    const folders = [
      seat.folder.inbox,
      seat.folder.receipts,
      seat.folder.holders,
      facadeOf(config.root, seat.folder.id).inbox,
      ...host.watchedFolders,
    ];
    this.#watch = watchFolders(folders, {
      onChange: () => void this.pump(),
      rescanMs: RESCAN_MS,
      pollMs: POLL_MS,
    });
    void this.pump();
  }

  #onMoved(notice: string): void {
    const from = this.#desk?.seatId ?? '';
    this.#notices.tellOfSeat(notice);
    this.waits.endAll({ kind: 'moved', from });
    // What the old seat had claimed belongs to whoever sits there now.
    this.#letGo();
    this.#desk = undefined;
    this.#settleIn();
  }

  /** What was on its way, or asked, was so for another conversation or seat. */
  #letGo(): void {
    this.#attempt(() => this.#waker.withdrawAll());
    this.#attempt(() => this.#desk?.releaseAll());
    this.openQueries.clear();
  }

  /** A step that keeps no other one from being taken. */
  #attempt(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  async #pumpOnce(): Promise<void> {
    await this.#keeper.check();
    const desk = this.#desk;
    if (desk === undefined || this.#closed) return;
    this.#followConversation(desk);
    desk.settleSeen();
    const { folder } = this.seat();
    this.#attempt(() => foldReceipts(folder, this.#onReceipts(folder)));
    this.#attempt(() => endSettledWaits(this.waits, folder));
    const { config, clock } = this.#options;
    this.#attempt(() => this.#awayWatch.endWaits(this.waits, { root: config.root, clock, folder }));
    this.#attempt(() => lookAtWatches(this.watchContext()));
    const { eligible, held } = desk.look();
    this.#notices.announceHeld(held);
    const waiting = serveWaits(this.waits, desk, {
      eligible,
      onOffered: (message) => this.#noteOffered(message),
      read: (id) => this.correspondent.received(id),
    });
    const idleForMs = this.#activity.idleForMs();
    if (idleForMs !== undefined && idleForMs >= ATTENTIVE_MS)
      desk.offers.passIdle(this.#options.clock.now(), (path) => this.#waker.settleMs(path));
    desk.tellUnproved();
    // A program that drives a session decides about its turns: nobody else starts one there.
    if (idleForMs !== undefined && this.#options.host.takesSeat) {
      const woken = await this.#waker.wakeIfDue(desk, {
        waiting,
        mayWake: (message) => this.#mayWake(desk, message),
        conversation: this.#conversation,
      });
      for (const message of woken) this.#noteOffered(message);
    }
    await this.#publish();
    this.#schedule(desk);
  }

  #onReceipts(folder: SeatFolder): OnFolded {
    const { config, clock } = this.#options;
    return badNews({ root: config.root, clock, folder, awaited: () => new Set(this.waits.asked()) });
  }

  /** A message for an earlier conversation that was never proved there is offered again in this one. */
  #followConversation(desk: MailDesk): void {
    const { conversation, transcript } = this.#options.host;
    if (conversation !== this.#conversation) {
      this.#conversation = conversation;
      this.#letGo();
      this.#proof.follow(transcript, 'end');
    } else if (transcript !== this.#proof.path) {
      this.#proof.follow(transcript, desk.offers.size === 0 ? 'end' : 'beginning');
    }
  }

  async #onHook(call: HookCall): Promise<HookAnswer> {
    const { host } = this.#options;
    if (call.moment === 'tool-call') {
      this.#subagentCalls.note(call);
      return { allowsTool: true };
    }
    if (call.agent !== '') return {};
    // The end of a conversation names the one that is not shown any more.
    if (call.moment !== 'conversation-end')
      host.learn({
        conversation: call.conversation,
        transcript: call.transcript,
        permissionMode: call.permissionMode,
      });
    this.#activity.noteHook(call.moment);
    if (this.#closed || !host.takesSeat) return {};
    // What kept the session from its seat at its start may have been mended.
    if (this.#desk === undefined && !this.#hasLeft) this.takeSeat();
    if (this.#desk === undefined) return {};
    if (call.moment === 'prompt') this.dependencies.start();
    const hint =
      call.work === undefined ? undefined : await this.dependencies.lineFor(call.conversation, call.work);
    const desk = this.#desk;
    if (desk === undefined || this.#closed) return {};
    this.#followConversation(desk);
    desk.settleSeen();
    const nowMs = this.#options.clock.now();
    desk.offers.noteTaken(call.prompt ?? '', nowMs);
    desk.offers.passBoundary(nowMs);
    const mail = takesContext(call.moment) ? this.#mailFor(call.moment, desk) : undefined;
    mail?.confirm();
    for (const message of mail?.messages ?? []) this.#noteOffered(message);
    const context = [this.#notices.takeForModel(call.moment), hint, mail?.text]
      .filter((text) => text !== undefined)
      .join('\n\n');
    const notice = takesContext(call.moment) ? this.#notices.takeForPerson() : '';
    void this.pump();
    return {
      ...(context === '' ? {} : { context }),
      ...(notice === '' ? {} : { notice: `cahoots: ${notice}` }),
    };
  }

  #mailFor(moment: SessionMoment, desk: MailDesk): TakenMail | undefined {
    this.#waker.withdrawFailed(desk);
    return mailForHook(moment, {
      desk,
      cap: this.#cap,
      nowMs: this.#options.clock.now(),
      mayWake: (message) => this.#mayWake(desk, message),
    });
  }

  #mayWake(desk: MailDesk, message: Letter): boolean {
    const { worksOffNotes } = this.#options.host;
    return mayWake(message, { desk, worksOffNotes, attention: this.#keeper.record?.attention });
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

  #noteOffered(message: Message): void {
    if (message.step === 'cancelled' && message.inReplyTo !== null)
      this.openQueries.answered(message.inReplyTo);
    this.openQueries.note(message, this.#options.clock.now());
  }

  async #publish(): Promise<void> {
    const { host, version } = this.#options;
    await this.#keeper.publish({
      state: this.#state(),
      turns: this.#activity.endedTurns,
      transcript: host.transcript,
      permissionMode: host.permissionMode,
      deliveryPath: this.deliveryPath,
      peerTurns: { ...this.peerTurns, times: this.#cap.times },
      version,
      ...(this.dependencies.provided === undefined ? {} : { packages: [...this.dependencies.provided] }),
    });
  }

  #state(): SeatState {
    return this.waits.isListening ? 'listening' : this.#activity.state;
  }

  /** While a text is on its way, events alone do not tell: the record of the conversation has to be looked at. */
  #schedule(desk: MailDesk): void {
    clearTimeout(this.#timer);
    if (this.#closed || !desk.offers.hasOpen()) return;
    this.#timer = setTimeout(() => void this.pump(), desk.offers.hasUnrecorded() ? ATTENTIVE_MS : PROOF_MS);
  }
}
