import type { Agent } from '../agents/agent.ts';
import type { Clock } from '../lib/clock.ts';
import type { ManagedSessionRecord, PromptRecord } from '../protocol/managed-session.ts';
import { advance } from './session-state.ts';
import type { SessionStore } from './session-store.ts';

/** What an earlier supervisor left without ending it, as it is accounted for. */
export interface Recovered {
  readonly sessions: readonly ManagedSessionRecord[];
  readonly prompts: readonly PromptRecord[];
}

const LOST = 'The daemon ended before its turn was over.';

/**
 * Accounts for what an earlier supervisor left without ending it: each session that had a process is `interrupted`, its
 * open prompts are dropped with that reason, and what still runs of it is ended.
 */
export async function recover({
  store,
  agents,
  clock,
}: {
  readonly store: SessionStore;
  readonly agents: Readonly<Record<string, Agent>>;
  readonly clock: Clock;
}): Promise<Recovered> {
  const lost = store.liveSessions();
  for (const agent of Object.values(agents)) {
    const own = lost.filter((session) => session.agent === agent.kind);
    await agent.endLeftovers(own.map(({ conversation, startedIn = conversation }) => startedIn));
  }
  const atMs = clock.now();
  const prompts: PromptRecord[] = [];
  const sessions = lost.map((before) => {
    for (const open of store.openPrompts(before.id)) {
      const prompt: PromptRecord = {
        ...open,
        ended: { outcome: 'dropped', reason: LOST },
        endedAtMs: atMs,
      };
      store.savePrompt(prompt);
      prompts.push(prompt);
    }
    const state = advance(before.state, { step: 'lose' });
    const session = { ...before, state, changedAtMs: atMs };
    const data = { from: before.state.state, ...state };
    store.saveSession(session, { session: session.id, atMs, type: 'state:changed', data });
    return session;
  });
  return { sessions, prompts };
}
