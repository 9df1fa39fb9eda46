import type { PromptRecord } from '../../protocol/managed-session.ts';
import type { WatchedSessionEvent } from '../../protocol/session-event.ts';
import { oneLine, shortened } from './printable.ts';
import { durationText, moneyText, stateText } from './session-text.ts';
import { localTime } from './time-text.ts';

type AgentEvent = Extract<WatchedSessionEvent, { type: 'agent:acted' }>['event'];

const SHOWN_CHARACTERS = 240;

/** What happens in managed sessions as lines for a person: what says nothing new has none. */
export class EventLines {
  readonly #names = new Map<string, string>();
  readonly #states = new Map<string, string>();
  readonly #tools = new Map<string, string>();

  /** The line of an event that is told now; undefined for one that a person need not see. */
  lineOf(event: WatchedSessionEvent, nowMs: number): string | undefined {
    const [session, text] = this.#tell(event, nowMs);
    if (text === undefined) return undefined;
    const name = this.#names.get(session) ?? session;
    return `${localTime(new Date(nowMs).toISOString(), nowMs)}  ${oneLine(name)}  ${text}`;
  }

  #tell(event: WatchedSessionEvent, nowMs: number): [session: string, text: string | undefined] {
    switch (event.type) {
      case 'session:changed': {
        const { id, name } = event.session;
        this.#names.set(id, name);
        const state = stateText(event.session, nowMs);
        const isNew = this.#states.get(id) !== state;
        this.#states.set(id, state);
        return [id, isNew ? `is ${state}` : undefined];
      }
      case 'prompt:changed':
        return [event.prompt.session, promptLine(event.prompt)];
      case 'agent:acted':
        return [event.session, this.#agentLine(event.event)];
    }
  }

  #agentLine(event: AgentEvent): string | undefined {
    switch (event.type) {
      case 'text:said':
        return `${event.bySubagent ? 'a subagent says' : 'says'}: ${short(event.text)}`;
      case 'tool:called':
        this.#tools.set(event.call.id, event.call.tool);
        return `calls ${oneLine(event.call.tool)} ${short(JSON.stringify(event.call.input))}`;
      case 'tool:returned': {
        const tool = this.#tools.get(event.callId) ?? 'a call';
        this.#tools.delete(event.callId);
        return event.isError ? `${oneLine(tool)} failed: ${short(event.text)}` : undefined;
      }
      case 'request:retried': {
        const { failure, attempt, attempts } = event;
        return `tries again (${attempt} of ${attempts}): ${short(failure.message)}`;
      }
      case 'conversation:changed':
        return `goes on in a new conversation, ${oneLine(event.conversation)}`;
      case 'turn:unasked':
        return `had a turn that nobody asked for: ${short(event.result.text)}`;
      case 'session:described':
        return undefined;
    }
  }
}

function promptLine({ text, startedAtMs, endedAtMs, ended, turn }: PromptRecord): string {
  if (ended === undefined) return `${startedAtMs === undefined ? 'has got' : 'works on'}: ${short(text)}`;
  const tookMs = startedAtMs === undefined || endedAtMs === undefined ? undefined : endedAtMs - startedAtMs;
  const facts = [
    ...(turn === undefined ? [] : [moneyText(turn.spent.costUsd)]),
    ...(tookMs === undefined ? [] : [durationText(tookMs)]),
  ];
  const reason = ended.outcome === 'failed' ? `: ${short(ended.failure.message)}` : '';
  return `${ended.outcome}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}${reason}`;
}

function short(text: string): string {
  return shortened(text, SHOWN_CHARACTERS);
}
