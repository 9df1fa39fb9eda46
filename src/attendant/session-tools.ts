import { findPeer, listPeers, type Peer } from '../directory/peers.ts';
import { checkName } from '../directory/seat-name.ts';
import { updateSeatRecord } from '../directory/seat-record.ts';
import { namesInProject } from '../directory/take-seat.ts';
import type { Clock } from '../lib/clock.ts';
import { renderPage } from '../mail/offer-text.ts';
import { watchFor } from '../mail/subscriptions.ts';
import { statesOf } from '../mailbox/receipts.ts';
import { usedNames } from '../manifests/package-id.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';
import type { Message, WorkStep } from '../protocol/message.ts';
import { currentState, type MessageState } from '../protocol/receipt.ts';
import type { Attention, SeatRecord } from '../protocol/seat.ts';
import { asWatchedEvent, WATCHED_EVENTS, type WatchedEvent } from '../protocol/watched-event.ts';
import type { Attendant } from './attendant.ts';
import type { WaitEnd } from './waits.ts';

export interface ToolContext {
  /** Aborted when the host gives up the call. */
  readonly signal: AbortSignal | undefined;
  /** False in a subagent, which is given nothing but the answers to its own questions. */
  readonly isMain: boolean;
}

/** What became of a question that was asked through the tool. */
export interface AskOutcome {
  readonly id: MessageId;
  readonly peer: Peer;
  readonly state: MessageState;
  /** For how long it has been in that state. */
  readonly sinceMs: number;
  readonly reason: string | undefined;
  readonly end: WaitEnd;
}

export interface SeatStatus {
  readonly record: SeatRecord;
  readonly waiting: number;
  readonly held: readonly { readonly id: MessageId; readonly from: string }[];
  readonly openQueries: readonly Message[];
  readonly deliveryPath: string;
  readonly peerTurns: { readonly lastHour: number; readonly cap: number };
}

/** Longest inline wait, whatever is asked for: a host puts a call of two minutes into the background (2.1.329). */
const MAX_INLINE_WAIT_SECONDS = 100;
const PING_WAIT_MS = 2_000;

/**
 * What the session's own tool calls do. Each takes a seat first if the session has none; after {@link SessionTools.stop}
 * only {@link SessionTools.start} does, the others throw `seat-missing`. All throw {@link CahootsError}.
 */
export class SessionTools {
  readonly #attendant: Attendant;
  readonly #root: string;
  readonly #clock: Clock;

  constructor({ attendant, root, clock }: { attendant: Attendant; root: string; clock: Clock }) {
    this.#attendant = attendant;
    this.#root = root;
    this.#clock = clock;
  }

  /** Every peer but this seat itself. */
  peers(): Peer[] {
    if (!this.#attendant.hasLeft) this.#attendant.takeSeat();
    const own = this.#attendant.hasLeft ? undefined : this.#attendant.seat().folder.id;
    return listPeers(this.#root, this.#clock.now()).filter(({ id }) => id !== own);
  }

  /** The packages of each of these peers that this project uses. The manifests are read only where a peer has any. */
  async usedOf(peers: readonly Peer[]): Promise<ReadonlyMap<SeatId, readonly string[]>> {
    const providers = peers.filter(({ record }) => (record?.packages ?? []).length > 0);
    if (providers.length === 0) return new Map();
    const { dependsOn } = await this.#attendant.dependencies.packages();
    return new Map(providers.map(({ id, record }) => [id, usedNames(record?.packages, dependsOn)]));
  }

  /**
   * Asks a peer and waits up to `waitSeconds` for the answer. Ends early when another message comes in: two sessions
   * that ask each other would otherwise wait for each other. The question stays open then.
   */
  async ask(
    address: string,
    question: string,
    { waitSeconds, request = false, ...context }: ToolContext & { waitSeconds: number; request?: boolean },
  ): Promise<AskOutcome> {
    const { attendant, folder } = this.#ready();
    const peer = attendant.correspondent.resolve(address);
    const hops = attendant.openQueries.hops(this.#clock.now());
    const sent = attendant.correspondent.send(peer, { type: 'query', content: question, hops, request });
    const wait = attendant.waits.open({
      kind: 'ask',
      message: sent.id,
      timeoutMs: this.#waitMs(waitSeconds),
      ...context,
    });
    void attendant.pump();
    const end = await wait.end;
    const states = statesOf(folder, sent.id);
    const state = currentState(states);
    return {
      id: sent.id,
      // It may have gone, or have become busy, meanwhile.
      peer: findPeer(this.#root, peer.id, this.#clock.now()) ?? peer,
      state,
      sinceMs:
        this.#clock.now() -
        Date.parse(states.findLast((record) => record.state === state)?.at ?? sent.timestamp),
      reason: states.findLast((record) => record.state === state)?.reason,
      end,
    };
  }

  /** Answers a message. That the model names its id proves that it has seen it. */
  reply(id: MessageId, text: string): { sent: Message; to: Message } {
    const { attendant } = this.#ready();
    attendant.desk().quote(id);
    const result = attendant.correspondent.reply(id, text);
    attendant.openQueries.answered(id);
    return result;
  }

  /**
   * Tells how the work stands that a request asked for, or calls off an own one. Naming the id proves that it was seen.
   */
  progress(id: MessageId, text: string, step: WorkStep): Message {
    const { attendant } = this.#ready();
    if (step !== 'cancelled') attendant.desk().quote(id);
    const sent = attendant.correspondent.progress(id, { step, note: text });
    if (step === 'declined') attendant.openQueries.answered(id);
    return sent;
  }

  /** Sends a note, which expects no answer. session-bridge v1 knows no notes: its sessions get a query. */
  send(address: string, text: string): { sent: Message; peer: Peer } {
    const { attendant } = this.#ready();
    const peer = attendant.correspondent.resolve(address);
    return {
      sent: attendant.correspondent.send(peer, {
        type: peer.kind === 'v1' ? 'query' : 'note',
        content: text,
      }),
      peer,
    };
  }

  /** Waits for the next message of any kind. */
  async listen({ waitSeconds, ...context }: ToolContext & { waitSeconds: number }): Promise<WaitEnd> {
    const { attendant } = this.#ready();
    requireMain(context);
    const wait = attendant.waits.open({ kind: 'listen', timeoutMs: this.#waitMs(waitSeconds), ...context });
    void attendant.pump();
    const end = await wait.end;
    void attendant.pump();
    return end;
  }

  /** Everything that waits for the model, put before it now; undefined when nothing does. */
  inbox(context: ToolContext): string | undefined {
    const { attendant } = this.#ready();
    requireMain(context);
    const desk = attendant.desk();
    const mail = desk.takeFailed('tool') ?? desk.take(desk.look().eligible, 'tool');
    mail?.confirm();
    for (const message of mail?.messages ?? []) attendant.openQueries.note(message, this.#clock.now());
    void attendant.pump();
    return mail?.text;
  }

  /**
   * One page of a message. Throws `message-unknown`, `usage` when it has no such page, and `message-held` or
   * `message-refused` when the gate keeps it from the model.
   */
  page(id: MessageId, page: number, context: ToolContext): string {
    const { attendant } = this.#ready();
    requireMain(context);
    const taken = attendant.desk().takePage(id, page);
    if (taken !== undefined) attendant.openQueries.note(taken.message, this.#clock.now());
    void attendant.pump();
    return taken?.text ?? renderPage(attendant.correspondent.received(id), page);
  }

  /** Pings a peer and waits two seconds for its answer. */
  async connect(address: string, context: ToolContext): Promise<{ peer: Peer; answered: boolean }> {
    const { attendant } = this.#ready();
    const peer = attendant.correspondent.resolve(address);
    const ping = attendant.correspondent.send(peer, { type: 'ping', content: 'connected' });
    const wait = attendant.waits.open({
      kind: 'ping',
      message: ping.id,
      timeoutMs: PING_WAIT_MS,
      ...context,
    });
    return { peer, answered: (await wait.end).kind === 'pong' };
  }

  /** Takes the seat again that the session has left, and tells of it like {@link status}. */
  start(): SeatStatus {
    this.#attendant.takeSeat();
    return this.status();
  }

  status(): SeatStatus {
    const { attendant } = this.#ready();
    const { eligible, held } = attendant.desk().look();
    return {
      record: attendant.seat().record,
      waiting: eligible.length + attendant.desk().offers.failed().length,
      held: held.map(({ id, from, metadata }) => ({ id, from: metadata.fromName ?? from })),
      openQueries: attendant.openQueries.all(),
      deliveryPath: attendant.deliveryPath,
      peerTurns: attendant.peerTurns,
    };
  }

  /** Has the session told, once, when something happens at a peer. Throws `usage` for what cannot be watched for. */
  when(words: string): { readonly peer: Peer; readonly event: WatchedEvent } {
    const { attendant } = this.#ready();
    const [address = '', word = ''] = words.trim().split(/\s+(?=\S+$)/);
    const event = asWatchedEvent(word);
    if (event === undefined) {
      throw new CahootsError('usage', `"${words.slice(0, 80)}" does not say what to watch for.`, {
        remedy: `Give a peer and one of ${WATCHED_EVENTS.join(', ')}, such as "lib done".`,
      });
    }
    const peer = attendant.correspondent.resolve(address);
    watchFor(attendant.watchContext(), peer, event);
    void attendant.pump();
    return { peer, event };
  }

  /** Gives the own seat another name. Throws `name-invalid` or `name-taken`. */
  async rename(name: string): Promise<SeatRecord> {
    const { record } = this.#ready();
    checkName(name);
    if (name !== record.name && namesInProject(this.#root, record.projectPath, this.#clock.now()).has(name)) {
      throw new CahootsError('name-taken', `Another seat of this project is called "${name}".`, {
        remedy: 'Choose another name.',
      });
    }
    return this.#update({ name, projectName: name });
  }

  /** Says in one line what this session is about, for peers to read. */
  async about(text: string): Promise<SeatRecord> {
    this.#ready();
    return this.#update({ about: text.replace(/\s+/g, ' ').trim().slice(0, 160).toWellFormed() });
  }

  async attention(level: Attention): Promise<SeatRecord> {
    this.#ready();
    const record = await this.#update({ attention: level });
    void this.#attendant.pump();
    return record;
  }

  /** Leaves the seat; mail waits there until it is taken again. */
  stop(): void {
    this.#attendant.seat();
    this.#attendant.leave();
  }

  #ready(): { attendant: Attendant } & ReturnType<Attendant['seat']> {
    if (!this.#attendant.hasLeft) this.#attendant.takeSeat();
    return { attendant: this.#attendant, ...this.#attendant.seat() };
  }

  #waitMs(seconds: number): number {
    return Math.max(0, Math.min(seconds, MAX_INLINE_WAIT_SECONDS)) * 1000;
  }

  async #update(change: Partial<SeatRecord>): Promise<SeatRecord> {
    const { folder, record } = this.#attendant.seat();
    return (await updateSeatRecord(this.#root, folder, change)) ?? record;
  }
}

function requireMain({ isMain }: Pick<ToolContext, 'isMain'>): void {
  if (isMain) return;
  throw new CahootsError(
    'message-refused',
    'A subagent takes no mail: it belongs to the main conversation.',
    {
      remedy: 'Ask a peer yourself, or let the main conversation read its messages.',
    },
  );
}
