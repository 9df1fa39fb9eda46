import type { Tool } from '@modelcontextprotocol/server';
import * as z from 'zod/mini';
import { MAX_INLINE_WAIT_SECONDS } from '../attendant/session-tools.ts';

/** A tool as the model sees it, and the schema by which its input is checked. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Tool['inputSchema'];
  readonly input: z.ZodMiniType;
  /** In the context from the start; the others are named there and loaded when the model looks for them. */
  readonly alwaysLoad?: true;
}

export const SEAT_ACTIONS = ['status', 'start', 'rename', 'about', 'connect', 'attention', 'stop'] as const;

export const peersInput = z.object({});
export const askInput = z.object({
  peer: z.string(),
  question: z.string(),
  wait_seconds: z.optional(z.number()),
});
export const replyInput = z.object({ id: z.string(), text: z.string() });
export const sendInput = z.object({ peer: z.string(), text: z.string() });
export const listenInput = z.object({ wait_seconds: z.optional(z.number()) });
export const inboxInput = z.object({ id: z.optional(z.string()), page: z.optional(z.int()) });
export const seatInput = z.object({ action: z.enum(SEAT_ACTIONS), value: z.optional(z.string()) });
/** What the host's hooks pass; see `plugin/hooks/hooks.json`. */
export const hookInput = z.object({
  event: z.string(),
  conversation: z._default(z.string(), ''),
  transcript: z._default(z.string(), ''),
  permission_mode: z._default(z.string(), ''),
  agent: z._default(z.string(), ''),
  tool_use: z._default(z.string(), ''),
});

const text = { type: 'string' };
const seconds = { type: 'number', description: `at most ${MAX_INLINE_WAIT_SECONDS}` };

/**
 * The tools that the model sees. Each word costs tokens in every session: descriptions say what the skill does not.
 * None is named like a tool of the host's own (`SendMessage`, `ListAgents`).
 */
export const TOOLS: readonly ToolDeclaration[] = [
  {
    name: 'peers',
    description: 'List the other sessions (seats): name, id, state, project folder, what they are about.',
    inputSchema: { type: 'object', properties: {} },
    input: peersInput,
    alwaysLoad: true,
  },
  {
    name: 'ask',
    description:
      'Ask a peer session a question and wait for the answer. Without one in time it says "pending" with the id; the answer then arrives as a message: go on meanwhile.',
    inputSchema: {
      type: 'object',
      properties: {
        peer: { type: 'string', description: 'name or id' },
        question: text,
        wait_seconds: seconds,
      },
      required: ['peer', 'question'],
    },
    input: askInput,
    alwaysLoad: true,
  },
  {
    name: 'reply',
    description:
      'Answer a message of a peer by its id. To ask something back before you can answer, reply with your question.',
    inputSchema: { type: 'object', properties: { id: text, text }, required: ['id', 'text'] },
    input: replyInput,
    alwaysLoad: true,
  },
  {
    name: 'send',
    description: 'Leave a note for a peer; no answer is expected and it is not woken.',
    inputSchema: { type: 'object', properties: { peer: text, text }, required: ['peer', 'text'] },
    input: sendInput,
  },
  {
    name: 'listen',
    description:
      'Wait for the next message. Only when the user asks to listen: messages arrive by themselves.',
    inputSchema: { type: 'object', properties: { wait_seconds: seconds } },
    input: listenInput,
  },
  {
    name: 'inbox',
    description: 'Read what waits; with id and page, one page of a long message.',
    inputSchema: { type: 'object', properties: { id: text, page: { type: 'integer' } } },
    input: inboxInput,
  },
  {
    name: 'seat',
    description:
      "This session's own seat. value: the name (rename), one line (about), a peer (connect), open|quiet|closed (attention).",
    inputSchema: {
      type: 'object',
      properties: { action: { type: 'string', enum: [...SEAT_ACTIONS] }, value: text },
      required: ['action'],
    },
    input: seatInput,
  },
];

/** Tools that only read and send messages: the plugin lets them through without asking the person. */
export const HARMLESS_TOOLS = ['peers', 'ask', 'reply', 'send', 'listen', 'inbox'] as const;
