import * as z from 'zod/mini';
import { API_NUMBER } from '../../protocol/api-number.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { isMessageId, isSeatId, type MessageId, type SeatId } from '../../protocol/ids.ts';
import {
  managedSessionSchema,
  type PromptRecord,
  promptRecordSchema,
  workLimitsSchema,
} from '../../protocol/managed-session.ts';
import { messageSchema } from '../../protocol/message.ts';
import { PRESETS } from '../../protocol/preset.ts';
import { type ApiMeans, JsonText, type Route, route } from './route.ts';
import { SEARCH_ROUTES } from './search-routes.ts';

const seatId = z.custom<SeatId>(isSeatId, { error: 'expected the id of a seat' });
const text = z.string();
const filled = z.string().check(z.minLength(1));
const nothing = z.undefined();
const noQuery = z.strictObject({});
const empty = z.strictObject({});
/** Words of a query are texts. */
const countWord = z.optional(
  z.pipe(z.string().check(z.regex(/^\d{1,15}$/, 'expected a whole number')), z.transform(Number)),
);

const health = z.object({
  api: z.int(),
  version: text,
  pid: z.int(),
  /** How many sessions have a process. */
  running: z.int(),
  /** How many watch events now. */
  watchers: z.int(),
});

const spawnBody = z.strictObject({
  name: filled,
  /** May be left out with `resume`: the folder that the conversation was held in. */
  cwd: z.optional(filled),
  agent: z._default(text, 'claude-code'),
  preset: z._default(z.enum(PRESETS), 'edit'),
  limits: z._default(workLimitsSchema, { session: {}, turn: {} }),
  model: z.optional(filled),
  system: z.optional(filled),
  resume: z.optional(z.strictObject({ from: filled, fork: z.boolean() })),
});

const journalEntry = z.object({
  number: z.int(),
  session: text,
  atMs: z.number(),
  prompt: z.optional(text),
  type: text,
  data: z.record(text, z.unknown()),
});

/** The longest that one call waits: who wants to wait for longer asks again. */
const MAX_WAIT_MS = 10 * 60_000;

/** Every call of the API. */
export const ROUTES: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/health',
    summary: 'Who answers here, and how much it has to do',
    query: noQuery,
    body: nothing,
    answer: health,
    run: async ({ means: { supervisor, events, version } }) => ({
      api: API_NUMBER,
      version,
      pid: process.pid,
      running: supervisor.running,
      watchers: events.watchers,
    }),
  }),
  route({
    method: 'post',
    path: '/v1/shut-down',
    summary: 'End the daemon; with ifIdle only when no session has a process',
    query: noQuery,
    body: z.strictObject({ ifIdle: z._default(z.boolean(), false) }),
    answer: z.object({ ends: z.boolean() }),
    run: async ({ means, body }) => {
      const ends = !body.ifIdle || means.supervisor.running === 0;
      if (ends) means.shutDown();
      return { ends };
    },
  }),
  route({
    method: 'get',
    path: '/v1/sessions',
    summary: 'The managed sessions, the last changed first',
    query: z.strictObject({ limit: countWord }),
    body: nothing,
    answer: z.array(managedSessionSchema),
    run: async ({ means, query }) =>
      new JsonText(means.store.sessionsText(query.limit === undefined ? {} : { limit: query.limit })),
  }),
  route({
    method: 'post',
    path: '/v1/sessions',
    summary: 'Start a session; answers once it takes prompts',
    query: noQuery,
    body: spawnBody,
    answer: managedSessionSchema,
    run: async ({ means, body }) => {
      const { cwd, model, system, resume, ...rest } = body;
      const session = await means.supervisor.spawn({
        ...rest,
        ...(cwd !== undefined && { cwd }),
        ...(model !== undefined && { model }),
        ...(system !== undefined && { system }),
        ...(resume !== undefined && { resume }),
      });
      return session.record;
    },
  }),
  route({
    method: 'post',
    path: '/v1/sessions/clean-up',
    summary: 'Remove the sessions that are over and have not changed for so long',
    query: noQuery,
    body: z.strictObject({ olderThanMs: z.number().check(z.nonnegative()) }),
    answer: z.array(managedSessionSchema),
    run: async ({ means, body }) => means.supervisor.cleanUp(body),
  }),
  route({
    method: 'get',
    path: '/v1/sessions/{session}',
    summary: 'A session, by its id or name',
    query: noQuery,
    body: nothing,
    answer: managedSessionSchema,
    run: async ({ means, path }) => means.supervisor.find(path['session'] ?? ''),
  }),
  route({
    method: 'delete',
    path: '/v1/sessions/{session}',
    summary:
      'Remove a session that is over, with everything that is kept of it; with force=true one that runs, too',
    query: z.strictObject({ force: z.optional(z.enum(['true', 'false'])) }),
    body: nothing,
    answer: empty,
    run: async ({ means, path, query }) => {
      await means.supervisor.delete(path['session'] ?? '', { force: query.force === 'true' });
      return {};
    },
  }),
  route({
    method: 'get',
    path: '/v1/sessions/{session}/prompts',
    summary: 'The last prompts of a session, the oldest of them first',
    query: z.strictObject({ limit: countWord }),
    body: nothing,
    answer: z.array(promptRecordSchema),
    run: async ({ means, path, query }) => {
      const { id } = means.supervisor.find(path['session'] ?? '');
      return means.store.prompts(id, query.limit === undefined ? {} : { limit: query.limit });
    },
  }),
  route({
    method: 'post',
    path: '/v1/sessions/{session}/prompts',
    summary: 'Give a session its next prompt; with interrupt what it does is ended first',
    query: noQuery,
    body: z.strictObject({
      text: filled,
      from: filled,
      interrupt: z._default(z.boolean(), false),
      /** The text is a command of the agent's own; without this one that looks like a command is text. */
      command: z._default(z.boolean(), false),
    }),
    answer: promptRecordSchema,
    run: async ({ means, path, body }) => {
      const session = means.supervisor.live(path['session'] ?? '');
      const { text, from, command } = body;
      if (command) await session.requireCommand(text);
      const { prompt } = session.accept({ text, from, ...(command && { command }) });
      if (body.interrupt) await session.interrupt({ except: prompt.id });
      return means.store.prompt(prompt.id) ?? prompt;
    },
  }),
  route({
    method: 'get',
    path: '/v1/prompts/{prompt}',
    summary: 'A prompt; with waitMs once it has come to its end, or as it is when the time is up',
    query: z.strictObject({ waitMs: countWord }),
    body: nothing,
    answer: promptRecordSchema,
    run: async ({ means, path, query, signal }) =>
      waitForPrompt(means, { id: path['prompt'] ?? '', waitMs: query.waitMs ?? 0, signal }),
  }),
  steer('interrupt', 'End the turn that a session is in; answers once it is over', async (means, session) => {
    await means.supervisor.live(session).interrupt();
  }),
  steer('pause', 'Let a session finish its turn and then take no further prompt', async (means, session) => {
    means.supervisor.live(session).pause();
  }),
  steer('resume', 'Let a paused session go on, or start one that is over again', async (means, session) => {
    await means.supervisor.resume(session);
  }),
  steer('stop', 'End a session in order; answers once nothing of it is left', async (means, session) => {
    await means.supervisor.live(session).stop();
  }),
  steer('kill', 'End a session at once', async (means, session) => {
    await means.supervisor.live(session).stop({ graceMs: 0 });
  }),
  route({
    method: 'post',
    path: '/v1/sessions/{session}/fork',
    summary: 'Start a session in a copy of another one’s conversation',
    query: noQuery,
    body: z.strictObject({ name: filled }),
    answer: managedSessionSchema,
    run: async ({ means, path, body }) => (await means.supervisor.fork(path['session'] ?? '', body)).record,
  }),
  route({
    method: 'put',
    path: '/v1/sessions/{session}/model',
    summary:
      'Change the model of a session, at the latest from its next turn on; null for the agent’s own default',
    query: noQuery,
    body: z.strictObject({ model: z.nullable(filled) }),
    answer: managedSessionSchema,
    run: async ({ means, path, body }) => {
      const session = means.supervisor.live(path['session'] ?? '');
      await session.setModel(body.model ?? undefined);
      return session.record;
    },
  }),
  route({
    method: 'get',
    path: '/v1/sessions/{session}/journal',
    summary: 'What happened in a session, from after a number on',
    query: z.strictObject({ after: countWord, limit: countWord }),
    body: nothing,
    answer: z.array(journalEntry),
    run: async ({ means, path, query }) => {
      const { id } = means.supervisor.find(path['session'] ?? '');
      const { after, limit } = query;
      return means.store.journal(id, {
        ...(after !== undefined && { after }),
        ...(limit !== undefined && { limit }),
      });
    },
  }),
  route({
    method: 'get',
    path: '/v1/revive/{seat}',
    summary:
      'How many tokens the conversation of a seat that is away has, and from how many on a fork is confirmed',
    query: noQuery,
    body: nothing,
    answer: z.object({ contextTokens: z.number(), most: z.number() }),
    run: async ({ means, path }) => means.reviver.size(requireSeatId(path['seat'])),
  }),
  route({
    method: 'post',
    path: '/v1/revive',
    summary: 'Have a fork of the conversation of a seat that is away answer a question that waits there',
    query: noQuery,
    body: z.strictObject({
      seat: seatId,
      message: z.custom<MessageId>(isMessageId, { error: 'expected the id of a message' }),
      confirmed: z._default(z.boolean(), false),
    }),
    answer: z.object({ session: text, contextTokens: z.number(), response: messageSchema }),
    run: async ({ means, body }) => means.reviver.answer(body),
  }),
  route({
    method: 'get',
    path: '/v1/events',
    summary: 'What happens from now on, in one session or in all',
    query: z.strictObject({ session: z.optional(filled) }),
    body: nothing,
    answer: 'events',
    run: async ({ means, query }) => {
      const session = query.session === undefined ? undefined : means.supervisor.find(query.session).id;
      return means.events.watch(session);
    },
  }),
  ...SEARCH_ROUTES,
];

function steer(
  verb: string,
  summary: string,
  act: (means: ApiMeans, session: string) => Promise<void>,
): Route<typeof noQuery, typeof nothing> {
  return route({
    method: 'post',
    path: `/v1/sessions/{session}/${verb}`,
    summary,
    query: noQuery,
    body: nothing,
    answer: managedSessionSchema,
    run: async ({ means, path }) => {
      const session = path['session'] ?? '';
      await act(means, session);
      return means.supervisor.find(session);
    },
  });
}

function requireSeatId(address = ''): SeatId {
  if (isSeatId(address)) return address;
  throw new CahootsError('seat-unknown', `${JSON.stringify(address)} is no id of a seat.`, {
    remedy: 'An id is six letters or digits: cahoots peers',
    facts: { address },
  });
}

async function waitForPrompt(
  { supervisor, store }: ApiMeans,
  { id, waitMs, signal }: { id: string; waitMs: number; signal: AbortSignal },
): Promise<PromptRecord> {
  const found = store.prompt(id);
  if (found === undefined) {
    throw new CahootsError('prompt-unknown', `There is no prompt ${JSON.stringify(id)}.`, {
      remedy: 'See those of a session: cahoots history <session>',
      facts: { prompt: id },
    });
  }
  if (found.ended !== undefined || waitMs === 0) return found;
  const settled = supervisor.settled(found);
  if (settled === undefined) return store.prompt(id) ?? found;
  const soon = await settledWithin(settled, { waitMs: Math.min(waitMs, MAX_WAIT_MS), signal });
  return soon ?? store.prompt(id) ?? found;
}

/** Undefined when the time is up, or the caller has gone. Keeps nothing of the call once it is over. */
async function settledWithin(
  settled: Promise<PromptRecord>,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<PromptRecord | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const giveUp = (): void => resolve(undefined);
  const timer = setTimeout(giveUp, waitMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
