import { claudeBinaries } from '../../src/testing/index.ts';
import { type AuditResult, runAudit } from '../audit/run-audit.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';

const MESSAGES = 500;
const VERSION = '2.1.329';

/** Whether real sessions lose a message, or are told one twice without being told so. Nothing else counts as success. */
export const lossAudit: BenchCase = {
  name: 'loss-audit',
  summary: `two and ten real sessions of claude ${VERSION} exchange ${MESSAGES} messages in bursts, idle and busy: none is lost`,
  async run(effort) {
    const binary = claudeBinaries().find(({ version }) => version === VERSION);
    if (binary === undefined) throw new Error(`claude ${VERSION} is not there: see CONTRIBUTING.md`);
    const rows: Row[] = [];
    for (const sessions of [2, 10]) {
      const messages = Math.max(20 * sessions, Math.round(MESSAGES * effort));
      const result = await runAudit({ binary, sessions, messages });
      console.log(describe(sessions, result));
      rows.push(...rowsOf(`${sessions} sessions`, result));
    }
    return rows;
  },
};

function rowsOf(name: string, result: AuditResult): Row[] {
  const count = (what: string, value: number): Row => ({
    name: `${name}: ${what}`,
    unit: 'messages',
    figures: figuresOf([value]),
  });
  const none = (what: string, value: number): Row => ({ ...count(what, value), goal: 0, binding: true });
  return [
    count('sent', result.sent),
    count("found in the receiver's model requests", result.inRequests),
    count('proved, and known to the sender', result.proved),
    count('repeats, announced as such', result.repeatsAnnounced),
    none('lost', result.lost.length),
    none('doubled without a word', result.doubled.length),
    none('seen, and never proved', result.unproved.length),
    none('seen, and never sent', result.unknown.length),
  ];
}

function describe(sessions: number, result: AuditResult): string {
  const { sent, inRequests, proved, repeatsAnnounced, seconds, toolErrors } = result;
  const counts = { sent, inRequests, proved, repeatsAnnounced, lost: result.lost.length };
  const lines = [`${sessions} sessions, ${seconds.toFixed(0)} s: ${JSON.stringify(counts)}`];
  for (const key of ['lost', 'doubled', 'unproved', 'unknown'] as const)
    if (result[key].length > 0) lines.push(`  ${key}: ${result[key].join(', ')}`);
  if (toolErrors.length > 0)
    lines.push(`  errors of tools: ${toolErrors.length}, the first: ${toolErrors[0]}`);
  return lines.join('\n');
}
