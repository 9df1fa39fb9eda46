import type { Tool } from '@modelcontextprotocol/server';
import { WORK_STEPS } from '../protocol/message.ts';

/** A tool as the model sees it. What its input may be is checked by `tool-inputs.ts`. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Tool['inputSchema'];
  /** In the context from the start; the others are named there and loaded when the model looks for them. */
  readonly alwaysLoad?: true;
}

/** Longest inline wait: a host puts a call that runs for two minutes into the background (Claude Code 2.1.329). */
export const MAX_INLINE_WAIT_SECONDS = 100;

export const SEAT_ACTIONS = [
  'status',
  'start',
  'rename',
  'about',
  'connect',
  'when',
  'attention',
  'stop',
] as const;

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
        request: { type: 'boolean', description: 'ask for work to be done there, not only for an answer' },
      },
      required: ['peer', 'question'],
    },
    alwaysLoad: true,
  },
  {
    name: 'reply',
    description:
      'Answer a message of a peer by its id. To ask something back before you can answer, reply with your question.',
    inputSchema: {
      type: 'object',
      properties: {
        id: text,
        text,
        step: { type: 'string', enum: [...WORK_STEPS], description: 'of requested work, before its result' },
      },
      required: ['id', 'text'],
    },
    alwaysLoad: true,
  },
  {
    name: 'send',
    description: 'Leave a note for a peer; no answer is expected and it is not woken.',
    inputSchema: { type: 'object', properties: { peer: text, text }, required: ['peer', 'text'] },
  },
  {
    name: 'listen',
    description:
      'Wait for the next message. Only when the user asks to listen: messages arrive by themselves.',
    inputSchema: { type: 'object', properties: { wait_seconds: seconds } },
  },
  {
    name: 'inbox',
    description: 'Read what waits; with id and page, one page of a long message.',
    inputSchema: { type: 'object', properties: { id: text, page: { type: 'integer' } } },
  },
  {
    name: 'seat',
    description:
      "This session's own seat. value: the name (rename), one line (about), a peer (connect), a peer and idle|done|commit|ended to be told of once (when), open|quiet|closed (attention).",
    inputSchema: {
      type: 'object',
      properties: { action: { type: 'string', enum: [...SEAT_ACTIONS] }, value: text },
      required: ['action'],
    },
  },
];
