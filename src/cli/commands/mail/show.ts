import type { MessageHistory } from '../../../client/mail/message-history.ts';
import { messageHistory } from '../../../client/mail/message-history.ts';
import { requireMessageId } from '../../../client/mail/reply.ts';
import { peerNames } from '../../../client/seats/peer-names.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { MESSAGE_ID } from '../../options/common-arguments.ts';
import { oneLine, printable } from '../../text/printable.ts';
import { localTime } from '../../text/time-text.ts';

const MIN_STATE_CHARACTERS = 9;

export const show: CommandSpec = {
  name: 'show',
  group: 'Mail',
  summary: 'Show a message and what became of it',
  details: [
    'The states are accepted (safe at the sender), delivered (in the mailbox of the receiver), held (for a person), offered (put before the session), seen (proved), answered, refused, expired and undeliverable; of a request for work also work-accepted, working (with notes) and cancelled.',
  ],
  arguments: [MESSAGE_ID],
  json: '{message, states: [{state, at, by, reason}]}: reason is null where there is none; a state that names the way to the session also has path',
  example: `$ cahoots show msg-4f0q2m9x1c7a
msg-4f0q2m9x1c7a  query from app (k3x9qa) to lib (p0c7zt)
  14:03:22  accepted   by app
  14:03:22  delivered  by app
  14:03:23  seen       by lib, through inbox-socket

What replaces login() in version 2?`,
  exit: { 1: 'no seat here has sent or received such a message' },
  run: async (call) => {
    const id = requireMessageId(call.argument('message-id'));
    const history = messageHistory(call.context, { id, address: call.as });
    if (call.json) await call.output.printJson(asJson(history));
    else await call.output.printStyled(asText(call, { history }));
  },
};

function asJson({ message, states }: MessageHistory): object {
  return {
    message,
    states: states.map(({ state, at, by, reason, path }) => ({
      state,
      at,
      by,
      reason: reason ?? null,
      ...(path === undefined ? {} : { path }),
    })),
  };
}

function asText(call: Call, { history }: { history: MessageHistory }): string {
  const { message, states } = history;
  const nameOf = peerNames(call.context);
  const nowMs = call.context.clock.now();
  const { id, type, from, to, content, request } = message;
  const kind = request === true ? 'request' : type;
  const head = `${call.output.style('bold', id)}  ${kind} from ${oneLine(nameOf(from))} (${from}) to ${oneLine(nameOf(to))} (${to})`;
  const width = Math.max(...states.map(({ state }) => state.length), MIN_STATE_CHARACTERS);
  const lines = states.map(({ state, at, by, reason, path }) => {
    const how = `${path === undefined ? '' : `, through ${path}`}${reason === undefined ? '' : `: ${reason}`}`;
    return `  ${localTime(at, nowMs)}  ${state.padEnd(width)}  by ${oneLine(`${nameOf(by)}${how}`)}`;
  });
  return [head, ...lines, '', call.output.isTerminal ? printable(content) : content].join('\n');
}
