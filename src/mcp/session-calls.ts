import { type AttendedSession, type ComposeOptions, composeAttendant } from '../attendant/compose.ts';
import type { SessionTools, ToolContext } from '../attendant/session-tools.ts';
import { systemClock } from '../lib/clock.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { ATTENTION_LEVELS, type Attention } from '../protocol/seat.ts';
import type { ManagedCall } from './managed-calls.ts';
import { parseInput } from './parse-input.ts';
import {
  renderAsk,
  renderConnected,
  renderListen,
  renderPeers,
  renderProgress,
  renderReply,
  renderSent,
  renderStatus,
} from './render.ts';
import * as inputs from './tool-inputs.ts';
import { MAX_INLINE_WAIT_SECONDS, type SEAT_ACTIONS, TOOLS } from './tools.ts';

/** A call of one of our tools, as the host makes it. */
export interface ToolCall {
  readonly name: string;
  readonly input: unknown;
  /** The host's id of the call. */
  readonly toolUse: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The session behind the server: what its tools and hooks come to. */
export interface SessionCalls {
  /** Begins to attend the session. */
  start(): void;
  /** Does what a tool call asks and returns the text for the model. Throws {@link CahootsError}. */
  call(call: ToolCall): Promise<string>;
  /** Answers a hook; never throws. */
  hook(input: unknown): Promise<string>;
  /** Ends; may be called more than once. */
  close(): void;
}

/** Opens the session that this process attends. Throws when the mailbox root cannot be used. */
export function openSession(options: ComposeOptions): SessionCalls {
  const session = composeAttendant(options);
  const context = { config: session.config, clock: systemClock, version: options.version };
  return callsOf(session, async (call) => {
    // Most sessions never start another one.
    const { callManagedTool } = await import('./managed-calls.ts');
    return await callManagedTool(context, call);
  });
}

/** Does what is asked by tools that are not the session's own; undefined for one that it does not know either. */
export type OtherTools = (call: ManagedCall) => Promise<string | undefined>;

/** The calls of an attended session. */
export function callsOf(
  { attendant, tools }: Pick<AttendedSession, 'attendant' | 'tools'>,
  otherTools: OtherTools = () => Promise.resolve(undefined),
): SessionCalls {
  return {
    start: () => attendant.start(),
    close: () => attendant.close(),
    async call({ name, input, toolUse, signal }) {
      const isMain = toolUse === undefined || attendant.isMainCall(toolUse);
      if (!TOOLS.some((tool) => tool.name === name)) {
        const from = attendant.hasLeft ? undefined : attendant.seatId;
        const text = await otherTools({ name, input, signal, from });
        if (text !== undefined) return text;
      }
      return await callTool(tools, name, input, { signal, isMain });
    },
    async hook(input) {
      const parsed = inputs.hookInput.safeParse(input ?? {});
      if (!parsed.success) return '{}';
      const { permission_mode: permissionMode, tool_use: toolUse, ...call } = parsed.data;
      return await attendant.hook({ ...call, permissionMode, toolUse });
    },
  };
}

async function callTool(
  session: SessionTools,
  name: string,
  input: unknown,
  context: ToolContext,
): Promise<string> {
  switch (name) {
    case 'peers': {
      const peers = session.peers();
      return renderPeers(peers, await session.usedOf(peers));
    }
    case 'ask': {
      const {
        peer,
        question,
        wait_seconds = MAX_INLINE_WAIT_SECONDS,
        request = false,
      } = parseInput(inputs.askInput, input);
      const waiting = { waitSeconds: wait_seconds, request, ...context };
      return renderAsk(await session.ask(peer, question, waiting));
    }
    case 'reply': {
      const { id, text, step } = parseInput(inputs.replyInput, input);
      if (step !== undefined) return renderProgress(session.progress(messageId(id), text, step));
      return renderReply(session.reply(messageId(id), text));
    }
    case 'send': {
      const { peer, text } = parseInput(inputs.sendInput, input);
      return renderSent(session.send(peer, text));
    }
    case 'listen': {
      const { wait_seconds = MAX_INLINE_WAIT_SECONDS } = parseInput(inputs.listenInput, input);
      return renderListen(await session.listen({ waitSeconds: wait_seconds, ...context }));
    }
    case 'inbox': {
      const { id, page = 1 } = parseInput(inputs.inboxInput, input);
      return id === undefined
        ? (session.inbox(context) ?? 'Nothing waits.')
        : session.page(messageId(id), page, context);
    }
    case 'seat':
      return callSeat(session, parseInput(inputs.seatInput, input), context);
    default:
      throw new CahootsError('usage', `There is no tool "${name}".`, {
        remedy: `The tools are: ${TOOLS.map((tool) => tool.name).join(', ')}.`,
      });
  }
}

type SeatCall = { readonly action: (typeof SEAT_ACTIONS)[number]; readonly value?: string | undefined };

async function callSeat(
  session: SessionTools,
  { action, value }: SeatCall,
  context: ToolContext,
): Promise<string> {
  switch (action) {
    case 'start':
      return renderStatus(session.start());
    case 'status':
      return renderStatus(session.status());
    case 'rename': {
      const { name, sessionId } = await session.rename(needed(action, value));
      return `This seat is now called ${name} (${sessionId}).`;
    }
    case 'about': {
      const { about = '' } = await session.about(needed(action, value));
      return `Peers now read of this seat: ${about}`;
    }
    case 'connect':
      return renderConnected(await session.connect(needed(action, value), context));
    case 'when': {
      const { peer, event } = session.when(needed(action, value));
      return `You will be told once when ${peer.name} (${peer.id}) is "${event}".`;
    }
    case 'attention': {
      const { attention } = await session.attention(attentionLevel(needed(action, value)));
      return `Attention is now ${attention}.`;
    }
    case 'stop':
      session.stop();
      return 'This session has left its seat. Mail waits there until it is taken again (action "start").';
  }
}

function needed(action: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new CahootsError('usage', `The action "${action}" needs a value.`, { remedy: 'Give it in "value".' });
}

function messageId(text: string): MessageId {
  if (isMessageId(text)) return text;
  throw new CahootsError('message-unknown', `"${text.slice(0, 40)}" is not a message id.`, {
    remedy: 'An id looks like msg-a1b2c3d4e5f6; copy it from the message.',
  });
}

function attentionLevel(text: string): Attention {
  const level = ATTENTION_LEVELS.find((candidate) => candidate === text);
  if (level !== undefined) return level;
  throw new CahootsError('usage', `"${text}" is no attention level.`, {
    remedy: `Use one of: ${ATTENTION_LEVELS.join(', ')}.`,
  });
}
