import type { ToolServer } from '../../agents/agent.ts';
import type { MakeProof } from '../../agents/proof.ts';
import type { Wake } from '../../agents/wake-path.ts';
import { Attendant } from '../../attendant/attendant.ts';
import { SessionTools } from '../../attendant/session-tools.ts';
import type { ResolvedConfig } from '../../config/config.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MessageId, SeatId } from '../../protocol/ids.ts';
import type { ManagedSessionRecord, NewPrompt, PromptRecord } from '../../protocol/managed-session.ts';
import type { ToolCall } from '../../protocol/tool-call.ts';
import type { AcceptedPrompt, SessionEvent } from '../../supervisor/session-means.ts';
import { isLive } from '../../supervisor/session-state.ts';
import { MAIL_TOOLS } from '../../tools/mail-tools.ts';
import { createServer } from '../../tools/server.ts';
import { callsOf, type SessionCalls } from '../../tools/session-calls.ts';
import { TOOL_LIST } from '../../tools/tool-list.ts';
import { Afterwards } from '../afterwards.ts';
import { answerOf, FROM_MAIL } from './mail-prompt.ts';
import { ManagedHost } from './managed-host.ts';
import { ManagedSeating } from './managed-seating.ts';
import { nextTurn } from './next-turn.ts';

export interface SessionMailOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly version: string;
  /** Gives a session its next prompt. Throws when it takes none. */
  readonly accept: (session: SeatId, prompt: NewPrompt) => AcceptedPrompt;
  /** Makes what proves from the agent's own record that it has seen a text. */
  readonly proof: MakeProof;
  /** A text as the agent of a session is given it. */
  readonly asGiven: (session: SeatId, text: string) => string;
  /** Where faults go that no caller waits for. */
  readonly onFault: (error: unknown) => void;
}

/** The mail of one session while it has a process. */
interface Box {
  readonly host: ManagedHost;
  readonly attendant: Attendant;
  readonly tools: SessionTools;
  /** Mail that was given as a prompt, by the prompt's id. */
  readonly given: Map<string, readonly MessageId[]>;
}

/** The name under which a session sees the tools of ours. */
const SERVER_NAME = 'cahoots';

/**
 * The mail of the sessions that we run: what comes to a session's seat becomes its next turn, and the end of that turn
 * answers what the session has not answered by itself. So nobody who asks one is left without word.
 */
export class SessionMail {
  readonly #options: SessionMailOptions;
  readonly #boxes = new Map<SeatId, Box>();
  readonly #leaving = new Set<Box>();
  readonly #afterwards = new Afterwards();

  constructor(options: SessionMailOptions) {
    this.#options = options;
  }

  /** The tools of ours for a new process of a session. */
  tools(session: ManagedSessionRecord): ToolServer {
    const { version } = this.#options;
    const first = this.#boxOf(session);
    // A start that failed and was tried again at once has taken the first box away.
    const calls = (): SessionCalls => callsOf(this.#boxes.get(session.id) ?? first);
    const tools = TOOL_LIST.filter(({ name }) => MAIL_TOOLS.some((tool) => tool.name === name));
    const server = createServer({ session: () => Promise.resolve(calls()), version, tools });
    return {
      name: SERVER_NAME,
      connect: (transport) => server.connect(transport),
      close: () => server.close(),
    };
  }

  /** Remembers of a call that is about to be made who makes it: a subagent is given no mail. */
  noteCall({ id, bySubagent }: ToolCall, { id: session }: ManagedSessionRecord): void {
    if (bySubagent) this.#boxes.get(session)?.attendant.noteSubagentCall(id);
  }

  /**
   * Takes in what happens to the sessions: at once that one has begun, so that its seat is taken when its start is told;
   * everything else after the answers and prompts that are on their way.
   */
  follow(event: SessionEvent): void {
    if (this.#begins(event)) this.#take(event);
    else this.#afterwards.add(() => this.#take(event));
  }

  #begins(event: SessionEvent): boolean {
    if (event.type !== 'session:changed' || !takesMail(event.session)) return false;
    return this.#boxes.get(event.session.id)?.attendant.seatId === undefined;
  }

  #take(event: SessionEvent): void {
    try {
      if (event.type === 'session:changed') this.#onSession(event.session);
      else if (event.type === 'prompt:changed') this.#onPrompt(event.prompt);
      else this.#onAgent(event.session, event.event);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  /** Ends the mail of all sessions: whoever still waits for one is told. */
  close(): void {
    this.#afterwards.flush();
    for (const box of [...this.#leaving, ...this.#boxes.values()]) box.attendant.close();
    this.#leaving.clear();
    this.#boxes.clear();
  }

  #onSession(session: ManagedSessionRecord): void {
    if (session.state.state === 'starting') return;
    if (!isLive(session.state)) {
      this.#leave(session.id);
      return;
    }
    const box = this.#boxOf(session);
    const before = box.host.status;
    box.host.update(session);
    if (takesMail(session)) box.attendant.start();
    if (box.host.status !== before) void box.attendant.pump();
  }

  /** The end of a process is told before the end of the prompt that it ended in: that one is answered first. */
  #leave(session: SeatId): void {
    const box = this.#boxes.get(session);
    if (box === undefined) return;
    this.#boxes.delete(session);
    this.#leaving.add(box);
    setImmediate(() => this.#closeBox(box));
  }

  #closeBox(box: Box): void {
    if (!this.#leaving.delete(box)) return;
    box.attendant.close();
  }

  /** What the agent says or does in answer to a prompt proves that it has it before it. */
  #onAgent(session: SeatId, event: Extract<SessionEvent, { type: 'agent:acted' }>['event']): void {
    const isAnswer =
      (event.type === 'text:said' && !event.bySubagent) ||
      (event.type === 'tool:called' && !event.call.bySubagent);
    const box = this.#boxes.get(session);
    if (!isAnswer || box?.host.session.state.state !== 'running') return;
    const { prompt } = box.host.session.state;
    for (const id of box.given.get(prompt) ?? []) this.#prove(box, id);
  }

  #prove({ attendant }: Box, id: MessageId): void {
    if (attendant.desk().offers.get(id) !== undefined) attendant.desk().quote(id);
  }

  #onPrompt(prompt: PromptRecord): void {
    const box = this.#boxes.get(prompt.session) ?? this.#leavingBoxOf(prompt.session);
    if (box === undefined || prompt.ended === undefined) return;
    box.given.delete(prompt.id);
    const { attendant } = box;
    if (prompt.ended.outcome === 'completed') {
      // What its tools gave it in that turn stood before it when it said its last words.
      for (const { claimed, path } of attendant.desk().offers.all())
        if (path !== 'next-turn') this.#prove(box, claimed.message.id);
    }
    for (const { id } of attendant.openQueries.all()) {
      // What the model never saw comes to it again, or goes back to the mailbox.
      if (attendant.desk().offers.get(id) !== undefined) continue;
      attendant.openQueries.answered(id);
      try {
        attendant.correspondent.reply(id, answerOf(prompt));
      } catch (error) {
        // A peer that is gone must not keep the others from their answers.
        this.#options.onFault(error);
      }
    }
  }

  #leavingBoxOf(session: SeatId): Box | undefined {
    return [...this.#leaving].find(({ host }) => host.session.id === session);
  }

  #boxOf(session: ManagedSessionRecord): Box {
    const known = this.#boxes.get(session.id);
    if (known !== undefined) return known;
    const { clock, version, proof, onFault } = this.#options;
    const config = { ...this.#options.config, projectDir: session.cwd };
    const host = new ManagedHost(session, config);
    const given = new Map<string, readonly MessageId[]>();
    const path = nextTurn({
      unavailable: () => (host.status === 'idle' ? undefined : `the session is ${host.session.state.state}`),
      literal: (text) => this.#options.asGiven(host.session.id, text),
      give: (mail) => this.#give(host.session.id, { ...mail, given }),
    });
    const attendant = new Attendant({
      config,
      clock,
      host,
      seating: () => new ManagedSeating({ config, clock, version, host }),
      version,
      proof,
      wakePaths: [path],
      onFault,
    });
    const tools = new SessionTools({ attendant, root: config.root, clock });
    const box = { host, attendant, tools, given };
    this.#boxes.set(session.id, box);
    return box;
  }

  #give(
    session: SeatId,
    { text, messages, given }: Pick<Wake, 'text' | 'messages'> & Pick<Box, 'given'>,
  ): void {
    const { prompt } = this.#options.accept(session, { text, messages, from: FROM_MAIL });
    given.set(prompt.id, messages);
  }
}

/** One that is about to end keeps what it has, and takes nothing more. */
function takesMail({ state }: ManagedSessionRecord): boolean {
  return isLive(state) && state.state !== 'starting' && state.state !== 'stopping';
}
