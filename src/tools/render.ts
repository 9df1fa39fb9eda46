import type { AskOutcome, SeatStatus } from '../attendant/session-tools.ts';
import type { WaitEnd } from '../attendant/waits.ts';
import { neutralise, PAGE_CHARACTERS, senderOf } from '../mail/offer-text.ts';
import { ownsText } from '../manifests/package-id.ts';
import type { Message } from '../protocol/message.ts';

type Peer = AskOutcome['peer'];

/** A line for each peer, those that are here first; `used` has the packages of a peer that this project uses. */
export function renderPeers(
  peers: readonly Peer[],
  used: ReadonlyMap<Peer['id'], readonly string[]> = new Map(),
): string {
  if (peers.length === 0) return 'No other session has a seat here yet.';
  const here = peers.filter(({ state }) => state !== 'away');
  const away = peers.filter(({ state }) => state === 'away');
  const shown = [...here, ...away].slice(0, 40).map(({ id, name, kind, state, path, about }) => {
    const line = [
      `${oneLine(name)} (${id})`,
      state,
      kind === 'live' ? '' : kind,
      oneLine(path),
      oneLine(about),
      oneLine(ownsText(used.get(id) ?? [])),
    ];
    return `- ${line.filter((part) => part !== '').join(' · ')}`;
  });
  const rest = peers.length - shown.length;
  return `${shown.join('\n')}${rest > 0 ? `\n… and ${rest} more; mail for those that are away waits for them.` : ''}`;
}

/** The outcome of an ask: the answer, or what is known of the question and what to do. */
export function renderAsk({ id, peer, state, sinceMs, reason, end }: AskOutcome): string {
  const question = `Your question ${id} to ${oneLine(peer.name)}`;
  switch (end.kind) {
    case 'mail':
      if (end.mail.messages.some(({ type, inReplyTo }) => type === 'progress' && inReplyTo === id))
        return `${end.mail.text}\n\n(You will be told when it is done: go on meanwhile, or end your turn.)`;
      return end.mail.messages.some(({ inReplyTo, from }) => inReplyTo === id && from === peer.id)
        ? end.mail.text
        : `${question} is pending (${state}): another message came in meanwhile. Answer it first; the answer to yours will arrive as a message.\n\n${end.mail.text}`;
    case 'copy':
      return `${senderOf(end.message)} answers:\n${firstPage(end.message.content)}`;
    case 'settled':
      return `${question} is ${state}${reason === undefined ? '' : `: ${oneLine(reason)}`}. ${state === 'held' ? 'If a person lets it through, the answer will arrive as a message.' : 'There will be no answer.'}`;
    case 'closed':
      return `${question} is ${state}; this seat is closing.`;
    case 'moved':
      return `${question} is ${state}, but this session has moved to another seat: the answer will come to whoever sits on ${end.from}. Ask again if you still need it.`;
    case 'pong':
    case 'timeout':
    case 'away':
    case 'cancelled':
      return `${question} is pending (${describe(state)} ${ago(sinceMs)}; the peer is ${peer.state}). The answer will arrive here as a message: go on with what you can do without it, or end your turn.`;
  }
}

/** A subagent cannot read on: the message itself is the main conversation's. */
function firstPage(content: string): string {
  if (content.length <= PAGE_CHARACTERS) return neutralise(content);
  const note = `[… the first ${PAGE_CHARACTERS} of ${content.length} characters; the main conversation gets all of it]`;
  return `${neutralise(content.slice(0, PAGE_CHARACTERS))}\n${note}`;
}

/** What a listening call heard. */
export function renderListen(end: WaitEnd): string {
  switch (end.kind) {
    case 'mail':
      return end.mail.text;
    case 'closed':
      return 'This session has left its seat.';
    case 'moved':
      return 'This session has moved to another seat; listen again if the user wants you to.';
    case 'away':
    case 'copy':
    case 'pong':
    case 'settled':
    case 'timeout':
    case 'cancelled':
      return 'Nothing has come in. There is no need to go on listening: this session is woken when a peer asks it something. Tell the user so, or listen again if they want you to.';
  }
}

/** That a note is on its way, and to whom. */
export function renderSent({ sent, peer }: { sent: Message; peer: Peer }): string {
  const away = peer.state === 'away' ? '; it is away, the message waits for it' : '';
  return `Sent to ${oneLine(peer.name)} as ${sent.id}${away}.`;
}

/** Whether a peer was reached. */
export function renderConnected({ peer, answered }: { peer: Peer; answered: boolean }): string {
  const reach = answered
    ? 'it answered'
    : peer.state === 'away'
      ? 'it is away, mail waits for it'
      : 'it has not answered yet';
  return `Connected to '${oneLine(peer.name)}' (${peer.id}) at ${oneLine(peer.path)}: ${reach}.`;
}

/** That an answer is on its way, and to whom. */
export function renderReply({ sent, to }: { sent: Message; to: Message }): string {
  const what =
    sent.type === 'query'
      ? `as a new question ${sent.id}; the answer will arrive as a message`
      : `as ${sent.id}`;
  return `Sent to ${senderOf(to)} ${what}.`;
}

/** That the other side hears how the work stands. */
export function renderProgress({ step }: Message): string {
  return step === 'cancelled'
    ? 'Called off; the peer is told at its next step.'
    : `Told: ${step}.${step === 'declined' ? '' : ' End it with reply(id, result), without a step.'}`;
}

/** The own seat in a few lines. */
export function renderStatus({
  record,
  waiting,
  held,
  openQueries,
  deliveryPath,
  peerTurns,
}: SeatStatus): string {
  return [
    `${record.name} (${record.sessionId}), attention ${record.attention}, messages come by ${deliveryPath}.`,
    `Waiting: ${waiting}. Turns caused by peers in the last hour: ${peerTurns.lastHour} of ${peerTurns.cap}.`,
    ...held.map(({ id, from }) => `Held for the user: ${id} from ${oneLine(from)} (cahoots accept ${id}).`),
    ...openQueries.map((query) => `Not answered yet: ${query.id} from ${senderOf(query)}.`),
  ].join('\n');
}

function describe(state: string): string {
  const words: Record<string, string> = {
    delivered: 'in its mailbox, not yet put before it,',
    offered: 'put before it, not yet proved to be seen,',
    seen: 'it has seen it',
    'work-accepted': 'it has taken the work on',
    working: 'it is at work',
  };
  return words[state] ?? state;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}

/** Names and paths come from other processes: they stay on their line and cannot open a tag. */
function oneLine(text: string): string {
  return neutralise(text).replace(/\s+/g, ' ').slice(0, 200);
}
