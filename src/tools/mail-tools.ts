import * as z from 'zod/mini';
import type { SessionTools } from '../attendant/session-tools.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { WORK_STEPS } from '../protocol/message.ts';
import { inputOf, type Tool, toolsFor } from './define-tool.ts';
import { renderAsk, renderListen, renderPeers, renderProgress, renderReply, renderSent } from './render.ts';
import { MAX_INLINE_WAIT_SECONDS } from './waiting.ts';

const tool = toolsFor<SessionTools>();
const text = z.string();
const seconds = z.optional(z.number().check(z.describe(`at most ${MAX_INLINE_WAIT_SECONDS}`)));

/** The tools for mail with other sessions. None is named like a tool of the host's own (`SendMessage`, `ListAgents`). */
export const MAIL_TOOLS: readonly Tool<SessionTools>[] = [
  tool({
    name: 'peers',
    description: 'List the other sessions (seats): name, id, state, project folder, what they are about.',
    alwaysLoad: true,
    caller: 'freely',
    input: inputOf({}),
    run: async (session) => {
      const peers = session.peers();
      return renderPeers(peers, await session.usedOf(peers));
    },
  }),
  tool({
    name: 'ask',
    description:
      'Ask a peer session a question and wait for the answer. Without one in time it says "pending" with the id; the answer then arrives as a message: go on meanwhile.',
    alwaysLoad: true,
    caller: 'freely',
    input: inputOf({
      peer: text.check(z.describe('name or id')),
      question: text,
      wait_seconds: seconds,
      request: z.optional(
        z.boolean().check(z.describe('ask for work to be done there, not only for an answer')),
      ),
    }),
    run: async (
      session,
      { peer, question, wait_seconds: waitSeconds = MAX_INLINE_WAIT_SECONDS, request = false },
      { signal, isMain },
    ) => renderAsk(await session.ask(peer, question, { waitSeconds, request, signal, isMain })),
  }),
  tool({
    name: 'reply',
    description:
      'Answer a message of a peer by its id. To ask something back before you can answer, reply with your question.',
    alwaysLoad: true,
    caller: 'freely',
    input: inputOf({
      id: text,
      text,
      step: z.optional(z.enum(WORK_STEPS).check(z.describe('of requested work, before its result'))),
    }),
    run: (session, { id, text: said, step }) =>
      step === undefined
        ? renderReply(session.reply(messageId(id), said))
        : renderProgress(session.progress(messageId(id), said, step)),
  }),
  tool({
    name: 'send',
    description: 'Leave a note for a peer; no answer is expected and it is not woken.',
    caller: 'freely',
    input: inputOf({ peer: text, text }),
    run: (session, { peer, text: said }) => renderSent(session.send(peer, said)),
  }),
  tool({
    name: 'listen',
    description:
      'Wait for the next message. Only when the user asks to listen: messages arrive by themselves.',
    caller: 'freely',
    input: inputOf({ wait_seconds: seconds }),
    run: async (session, { wait_seconds: waitSeconds = MAX_INLINE_WAIT_SECONDS }, { signal, isMain }) =>
      renderListen(await session.listen({ waitSeconds, signal, isMain })),
  }),
  tool({
    name: 'inbox',
    description: 'Read what waits; with id and page, one page of a long message.',
    caller: 'freely',
    input: inputOf({ id: z.optional(text), page: z.optional(z.int()) }),
    run: (session, { id, page = 1 }, { signal, isMain }) =>
      id === undefined
        ? (session.inbox({ signal, isMain }) ?? 'Nothing waits.')
        : session.page(messageId(id), page, { signal, isMain }),
  }),
];

function messageId(id: string): MessageId {
  if (isMessageId(id)) return id;
  throw new CahootsError('message-unknown', `"${id.slice(0, 40)}" is not a message id.`, {
    remedy: 'An id looks like msg-a1b2c3d4e5f6; copy it from the message.',
  });
}
