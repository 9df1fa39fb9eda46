import type { ToolDeclaration } from './tools.ts';

/** What a session may permit to one that it starts: `full` is for a person to give. */
export const PRESETS_TO_GIVE = ['read-only', 'review', 'edit', 'plan'] as const;

const text = { type: 'string' };
const number = { type: 'number' };
const session = { type: 'string', description: 'name or id' };
const wait = { type: 'number', description: 'at most 100' };

/** The tools for sessions that cahoots runs. The host asks the person before each: none is let through by our hook. */
export const MANAGED_TOOLS: readonly ToolDeclaration[] = [
  {
    name: 'spawn_session',
    description: 'Start a worker: a session of its own that cahoots runs, with its own context and limits.',
    inputSchema: {
      type: 'object',
      properties: {
        name: text,
        prompt: text,
        cwd: text,
        preset: { type: 'string', enum: [...PRESETS_TO_GIVE] },
        model: text,
        limits: {
          type: 'object',
          properties: { costUsd: number, turns: number, tokens: number, minutes: number },
        },
        wait_seconds: wait,
      },
      required: ['name'],
    },
  },
  {
    name: 'send_message',
    description: 'Give a worker its next prompt, and wait for what comes of it.',
    inputSchema: {
      type: 'object',
      properties: { session, text, wait_seconds: wait },
      required: ['session', 'text'],
    },
  },
  {
    name: 'list_sessions',
    description: 'The workers; with session, how one stands and what it said last.',
    inputSchema: { type: 'object', properties: { session } },
  },
  {
    name: 'resume_session',
    description: 'Let a worker that is paused or over go on.',
    inputSchema: { type: 'object', properties: { session }, required: ['session'] },
  },
  {
    name: 'delete_session',
    description: 'Stop a worker, and remove it with all that is kept of it.',
    inputSchema: { type: 'object', properties: { session }, required: ['session'] },
  },
];
