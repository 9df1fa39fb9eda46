import type { NumberedEntry } from '../../src/daemon/store/sqlite-session-store.ts';
import type { PromptRecord } from '../../src/protocol/managed-session.ts';
import type { Given } from './play-session.ts';

/** What is kept of a session when everything is over. */
export interface KeptSession {
  readonly name: string;
  readonly given: readonly Given[];
  readonly prompts: readonly PromptRecord[];
  readonly journal: readonly NumberedEntry[];
}

const OUTCOMES = ['completed', 'interrupted', 'failed', 'dropped'] as const;

/** What is wrong with what became of a session's prompts; nothing when all are accounted for. */
export function auditSession({ name, given, prompts, journal }: KeptSession): string[] {
  const kept = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  const findings: string[] = [];
  const find = (what: string): number => findings.push(`${name}: ${what}`);
  for (const { id, text, expected, isDisturbed, seen } of given) {
    const prompt = kept.get(id);
    if (prompt === undefined) find(`${text} was accepted and is not kept`);
    else if (JSON.stringify(prompt.ended) !== JSON.stringify(seen.ended)) {
      find(`${text} had two ends: ${JSON.stringify(seen.ended)} and ${JSON.stringify(prompt.ended)}`);
    }
    const { ended, turn } = seen;
    if (!isDisturbed && (ended?.outcome !== 'completed' || turn?.text.trim() !== expected)) {
      find(`${text} was not disturbed, and ended as ${JSON.stringify(ended)} with ${turn?.text}`);
    }
  }
  for (const { text, ended, endedAtMs } of prompts) {
    const isEnded = OUTCOMES.some((outcome) => outcome === ended?.outcome) && endedAtMs !== undefined;
    if (!isEnded) find(`${text} has no end: ${JSON.stringify(ended)}`);
  }
  findings.push(...auditJournal(journal, prompts).map((what) => `${name}: ${what}`));
  return findings;
}

/** Each turn that began has an end or a loss, each prompt at most one turn, and no step leads on from another state. */
function auditJournal(journal: readonly NumberedEntry[], prompts: readonly PromptRecord[]): string[] {
  const findings: string[] = [];
  let state = 'starting';
  const began = new Map<string, number>();
  const ended = new Map<string, number>();
  const count = (of: Map<string, number>, id: string): unknown => of.set(id, (of.get(id) ?? 0) + 1);
  for (const { number, type, data, prompt = '' } of journal) {
    if (type === 'turn:ended') count(ended, prompt);
    if (type !== 'state:changed') continue;
    if (data['from'] !== state)
      findings.push(`entry ${number} leads on from ${String(data['from'])}, not ${state}`);
    if (data['state'] === 'running' && data['from'] === 'idle') count(began, String(data['prompt']));
    state = String(data['state']);
  }
  for (const { id, text, ended: end } of prompts) {
    const [begins, ends] = [began.get(id) ?? 0, ended.get(id) ?? 0];
    if (begins > 1 || ends > begins) findings.push(`${text} began ${begins} times and ended ${ends} times`);
    const isLost = end?.outcome === 'dropped';
    if (begins === 1 && ends === 0 && !isLost) findings.push(`the turn of ${text} has no end in the journal`);
  }
  return findings;
}
