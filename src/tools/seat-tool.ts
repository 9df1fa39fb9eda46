import * as z from 'zod/mini';
import type { SessionTools } from '../attendant/session-tools.ts';
import { CahootsError } from '../protocol/errors.ts';
import { ATTENTION_LEVELS, type Attention } from '../protocol/seat.ts';
import { inputOf, type Tool, type ToolContext, toolsFor } from './define-tool.ts';
import { renderConnected, renderStatus } from './render.ts';

/** What each action does. */
const ACTIONS = {
  status: async (session) => renderStatus(session.status()),
  start: async (session) => renderStatus(session.start()),
  rename: async (session, value) => {
    const { name, sessionId } = await session.rename(needed('rename', value));
    return `This seat is now called ${name} (${sessionId}).`;
  },
  about: async (session, value) => {
    const { about = '' } = await session.about(needed('about', value));
    return `Peers now read of this seat: ${about}`;
  },
  connect: async (session, value, context) =>
    renderConnected(await session.connect(needed('connect', value), context)),
  when: async (session, value) => {
    const { peer, event } = session.when(needed('when', value));
    return `You will be told once when ${peer.name} (${peer.id}) is "${event}".`;
  },
  attention: async (session, value) => {
    const { attention } = await session.attention(attentionLevel(needed('attention', value)));
    return `Attention is now ${attention}.`;
  },
  stop: async (session) => {
    session.stop();
    return 'This session has left its seat. Mail waits there until it is taken again (action "start").';
  },
} satisfies Readonly<
  Record<string, (session: SessionTools, value: string | undefined, context: ToolContext) => Promise<string>>
>;

const NAMES = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];

/** The tool for the session's own seat. */
export const SEAT_TOOL: Tool<SessionTools> = toolsFor<SessionTools>()({
  name: 'seat',
  description:
    "This session's own seat. value: the name (rename), one line (about), a peer (connect), a peer and idle|done|commit|ended to be told of once (when), open|quiet|closed (attention).",
  caller: 'asked',
  input: inputOf({ action: z.enum(NAMES), value: z.optional(z.string()) }),
  run: async (session, { action, value }, context) => await ACTIONS[action](session, value, context),
});

function needed(action: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new CahootsError('usage', `The action "${action}" needs a value.`, { remedy: 'Give it in "value".' });
}

function attentionLevel(text: string): Attention {
  const level = ATTENTION_LEVELS.find((candidate) => candidate === text);
  if (level !== undefined) return level;
  throw new CahootsError('usage', `"${text}" is not an attention level.`, {
    remedy: `Use one of: ${ATTENTION_LEVELS.join(', ')}.`,
  });
}
