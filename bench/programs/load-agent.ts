// One process of a load: sends and takes as its job (the only argument, JSON) says, and reports every id and time.
import { setImmediate as nextTick } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { watchFolders } from '../../src/lib/folder-watch.ts';
import { facadeOf, seatFolder } from '../../src/mailbox/seat-folder.ts';
import type { LoadJob, Order, Report } from '../load/job.ts';
import { Ledger } from '../load/ledger.ts';
import { endOf } from '../load/transport.ts';

const BODY = 'x'.repeat(2_000);
/** A session does not look at its peers at each message. */
const HOUSEKEEPING_EACH = 20;
/** A session that sends has been there for a while: what its first messages cost is not what is measured. */
const WARM_UP_MESSAGES = 5;

const job = JSON.parse(process.argv[2] ?? '') as LoadJob;
const end = endOf(job);
const taken = new Ledger(job.capacity);
const heapMb: number[] = [];
const residentMb: number[] = [];
let expected = Number.POSITIVE_INFINITY;
let hasReported = false;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

for (let round = 0; round < WARM_UP_MESSAGES; round += 1) {
  end.send(job.seat, 'warm-up');
  end.take(() => undefined);
}

const watch = watchFolders([seatFolder(job.root, job.seat).inbox, facadeOf(job.root, job.seat).inbox], {
  onChange: take,
  rescanMs: 1_000,
  pollMs: 300,
});
process.on('message', (order: Order) => {
  if ('go' in order) void send();
  else {
    expected = order.expect;
    take();
  }
});
// Nobody is left to tell anything.
process.on('disconnect', () => process.exit(1));
tell({ kind: 'ready' });

async function send(): Promise<void> {
  const sent = new Ledger(Math.min(job.messages, job.capacity));
  const counts: Record<string, number> = {};
  const until = performance.now() + (job.forMs ?? Number.POSITIVE_INFINITY);
  for (let index = 0; index < job.messages && performance.now() < until; index += 1) {
    const to = job.to[index % job.to.length];
    if (to === undefined) break;
    if (job.balanced) take();
    const startNs = process.hrtime.bigint();
    const id = end.send(to, `${startNs} ${BODY}`);
    sent.add(id, Number(process.hrtime.bigint() - startNs) / 1e6);
    counts[to] = (counts[to] ?? 0) + 1;
    if (job.mixed && index % HOUSEKEEPING_EACH === 0) end.housekeep();
    await nextTick();
  }
  tell({ kind: 'sent', counts, ids: sent.ids(), sendMs: sent.values() });
}

function take(): void {
  end.take((id, content) => {
    const startNs = BigInt(content.slice(0, content.indexOf(' ')));
    taken.add(id, Number(process.hrtime.bigint() - startNs) / 1e6);
    if (job.memoryEach !== undefined && taken.count % job.memoryEach === 0) noteMemory();
  });
  if (taken.count < expected || hasReported) return;
  hasReported = true;
  watch.close();
  tell({ kind: 'taken', ids: taken.ids(), latencyMs: taken.values(), heapMb, residentMb });
}

function noteMemory(): void {
  residentMb.push(process.memoryUsage.rss() / 2 ** 20);
  collect();
  heapMb.push(process.memoryUsage().heapUsed / 2 ** 20);
}

function tell(report: Report): void {
  process.send?.(report);
}
