import type { ToolCall, ToolServer } from '../../agents/agent.ts';
import { Attendant } from '../../attendant/attendant.ts';
import { SessionTools } from '../../attendant/session-tools.ts';
import type { ResolvedConfig } from '../../config/config.ts';
import { nextTurn } from '../../delivery/next-turn.ts';
import type { Clock } from '../../lib/clock.ts';
import { createServer } from '../../mcp/server.ts';
import { callsOf } from '../../mcp/session-calls.ts';
import { isMessageId, type MessageId, type SeatId } from '../../protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../protocol/managed-session.ts';
import { limitText } from '../../supervisor/limits.ts';
import type { AcceptedPrompt, SessionEvent } from '../../supervisor/session-means.ts';
import { ManagedHost } from './managed-host.ts';
import { ManagedSeating } from './managed-seating.ts';

export interface SessionMailOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly version: string;
  /** Gives a session its next prompt. Throws when it takes none. */
  readonly accept: (session: SeatId, prompt: { text: string; from: string }) => AcceptedPrompt;
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
const TOOLS = 'cahoots';
const ENVELOPE = /<peer-message id="(msg-\w+)"/g;

/**
 * The mail of the sessions that we run: what comes to a session's seat becomes its next turn, and the end of that turn
 * answers what the session has not answered by itself. So nobody who asks one is left without word.
 */
export class SessionMail {
  readonly #options: SessionMailOptions;
  readonly #boxes = new Map<SeatId, Box>();

  constructor(options: SessionMailOptions) {
    this.#options = options;
  }

  /** The tools of ours for a new process of a session. */
  tools(session: ManagedSessionRecord): ToolServer {
    const { version } = this.#options;
    const calls = callsOf(this.#boxOf(session));
    const server = createServer({ session: () => Promise.resolve(calls), version });
    return {
      name: TOOLS,
      connect: (transport) => server.connect(transport),
      close: () => server.close(),
    };
  }

  /** Remembers of a call that is about to be made who makes it: a subagent is given no mail. */
  noteCall({ id, bySubagent }: ToolCall, { id: session }: ManagedSessionRecord): void {
    if (bySubagent) this.#boxes.get(session)?.attendant.noteSubagentCall(id);
  }

  /** Takes in what happens to the sessions. */
  follow(event: SessionEvent): void {
    try {
      if (event.type === 'session:changed') this.#onSession(event.session);
      else if (event.type === 'prompt:changed') this.#onPrompt(event.prompt);
      else this.#onAgent(event.session, event.event);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  /** The session's conversation is forgotten with it. */
  close(): void {
    for (const { attendant } of this.#boxes.values()) attendant.close();
    this.#boxes.clear();
  }

  #onSession(session: ManagedSessionRecord): void {
    const { state } = session.state;
    if (state === 'starting') return;
    if (!ATTENDED.has(state)) {
      this.#boxes.get(session.id)?.attendant.close();
      this.#boxes.delete(session.id);
      return;
    }
    const box = this.#boxOf(session);
    const before = box.host.status;
    box.host.update(session);
    box.attendant.start();
    if (box.host.status !== before) void box.attendant.pump();
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
    const box = this.#boxes.get(prompt.session);
    const given = box?.given.get(prompt.id);
    if (box === undefined || given === undefined || prompt.ended === undefined) return;
    box.given.delete(prompt.id);
    const { attendant } = box;
    for (const id of given) {
      const isOpen = attendant.openQueries.all().some((query) => query.id === id);
      // What the model never saw comes to it again, or goes back to the mailbox.
      const isUnseen = attendant.desk().offers.get(id) !== undefined;
      if (!isOpen || isUnseen) continue;
      attendant.correspondent.reply(id, answerOf(prompt));
      attendant.openQueries.answered(id);
    }
  }

  #boxOf(session: ManagedSessionRecord): Box {
    const known = this.#boxes.get(session.id);
    if (known !== undefined) return known;
    const { clock, version, onFault } = this.#options;
    const config = { ...this.#options.config, projectDir: session.cwd };
    const host = new ManagedHost(session, config);
    const given = new Map<string, readonly MessageId[]>();
    const path = nextTurn({
      unavailable: () => (host.status === 'idle' ? undefined : `the session is ${host.session.state.state}`),
      give: (text) => this.#give(host.session.id, { text, given }),
    });
    const attendant = new Attendant({
      config,
      clock,
      host,
      seating: () => new ManagedSeating({ config, clock, version, host }),
      version,
      wakePaths: [path],
      onFault,
    });
    const tools = new SessionTools({ attendant, root: config.root, clock });
    const box = { host, attendant, tools, given };
    this.#boxes.set(session.id, box);
    return box;
  }

  #give(session: SeatId, { text, given }: { text: string; given: Box['given'] }): void {
    const { prompt } = this.#options.accept(session, { text, from: 'mail' });
    const ids = [...text.matchAll(ENVELOPE)].flatMap(([, id]) => (isMessageId(id) ? [id] : []));
    given.set(prompt.id, ids);
  }
}

const ATTENDED: ReadonlySet<string> = new Set(['idle', 'running', 'waiting', 'paused', 'limited']);

/** What who asked is told when the session has not answered by itself. */
function answerOf({ ended, turn }: PromptRecord): string {
  const said = turn?.text.trim() ?? '';
  const soFar = said === '' ? '' : ` It had said so far:\n\n${said}`;
  switch (ended?.outcome) {
    case 'completed':
      return said === '' ? '(The session ended its turn without a word.)' : said;
    case 'limit-reached':
      return `(The session was stopped before it had an answer. ${limitText(ended.reached)}${soFar})`;
    case 'failed':
      return `(The session could not answer: ${ended.failure.message}${soFar})`;
    case 'dropped':
      return `(The session could not answer: ${ended.reason})`;
    default:
      return `(The session was interrupted before it had an answer.${soFar})`;
  }
}
