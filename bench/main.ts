import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askLatency } from './cases/ask-latency.ts';
import { attendantStart } from './cases/attendant-start.ts';
import { cliProcess } from './cases/cli-process.ts';
import { daemonStart } from './cases/daemon-start.ts';
import { eventLatency } from './cases/event-latency.ts';
import { inboxHistory } from './cases/inbox-history.ts';
import { installSize } from './cases/install-size.ts';
import { loadBursts } from './cases/load-bursts.ts';
import { loadMemory } from './cases/load-memory.ts';
import { loadReads } from './cases/load-reads.ts';
import { loadSustained } from './cases/load-sustained.ts';
import { lossAudit } from './cases/loss-audit.ts';
import { search } from './cases/search.ts';
import { sendLatency } from './cases/send-latency.ts';
import { sessionList } from './cases/session-list.ts';
import { sessionMemory } from './cases/session-memory.ts';
import { sessionsParallel } from './cases/sessions-parallel.ts';
import { turnOverhead } from './cases/turn-overhead.ts';
import { v1Comparison } from './cases/v1-comparison.ts';
import { isReached, tableOf } from './figures.ts';

const CASES = [
  sendLatency,
  inboxHistory,
  loadBursts,
  loadReads,
  loadSustained,
  loadMemory,
  cliProcess,
  attendantStart,
  askLatency,
  search,
  v1Comparison,
  lossAudit,
  daemonStart,
  turnOverhead,
  eventLatency,
  sessionMemory,
  sessionsParallel,
  sessionList,
  installSize,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { effort: { type: 'string', default: '1' }, save: { type: 'boolean', default: false } },
});
const effort = Number(values.effort);
const unknown = positionals.filter((name) => !CASES.some((bench) => bench.name === name));
if (unknown.length > 0 || !(effort > 0)) {
  console.error(
    `Usage: npm run bench -- [--effort 0.2] [--save] [${CASES.map(({ name }) => name).join(' | ')}]`,
  );
  process.exit(2);
}
// Figures that are quoted are kept with the project; others go to a folder that git ignores.
const folder = join(import.meta.dirname, 'results', values.save ? '.' : 'local');
mkdirSync(folder, { recursive: true });
for (const bench of CASES) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  console.log(`\n${bench.name}: ${bench.summary}`);
  // Of the minute before: what others did on this machine meanwhile.
  const loadBefore = Number((loadavg()[0] ?? 0).toFixed(1));
  const rows = await bench.run(effort);
  console.log(tableOf(rows));
  if (rows.some((row) => row.binding && !isReached(row))) process.exitCode = 1;
  const machine = {
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    loadBefore,
  };
  const result = { case: bench.name, at: new Date().toISOString(), effort, machine, rows };
  writeFileSync(join(folder, `${bench.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
