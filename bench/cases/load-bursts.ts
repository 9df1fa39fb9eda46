import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import type { Transport } from '../load/job.ts';
import { type LoadResult, type Part, runLoad } from '../load/run-load.ts';

const AGENTS = 30;
const EACH = 5;
const SENDERS = 50;
const FROM_EACH = 20;
const ROUNDS = 5;

/** Many processes that write at the very same moment: all of it arrives, and soon. */
export const loadBursts: BenchCase = {
  name: 'load-bursts',
  summary:
    '30 processes that send 5 messages each at once, and 50 senders to one receiver; 2 KB, flushed, send → taken',
  async run(effort) {
    const rounds = Math.max(1, Math.round(ROUNDS * effort));
    return [
      ...(await beside(`${AGENTS} × ${EACH} at once`, rounds, everyoneToEveryone)),
      ...(await beside(`${SENDERS} × ${FROM_EACH} to one receiver`, rounds, manyToOne)),
    ];
  },
};

/** The mailbox and the bare files in turn, so that what the machine does meanwhile falls on both alike. */
async function beside(
  name: string,
  rounds: number,
  partsOf: (transport: Transport) => Part[],
): Promise<Row[]> {
  const results: Record<Transport, LoadResult[]> = { mailbox: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const transport of ['mailbox', 'bare'] as const)
      results[transport].push(await runLoad(partsOf(transport)));
  }
  const latency = (transport: Transport): Row['figures'] =>
    figuresOf(results[transport].flatMap(({ latencyMs }) => latencyMs));
  const whole = (transport: Transport): Row['figures'] =>
    figuresOf(results[transport].map(({ wholeMs }) => wholeMs));
  return [
    { name, unit: 'ms', figures: latency('mailbox'), goal: 250, held: 'p99' },
    { name: `${name}, for comparison: bare files`, unit: 'ms', figures: latency('bare') },
    { name: `${name}: until the last was taken`, unit: 'ms', figures: whole('mailbox') },
    { name: `${name}: until the last was taken, bare files`, unit: 'ms', figures: whole('bare') },
  ];
}

function everyoneToEveryone(transport: Transport): Part[] {
  return Array.from({ length: AGENTS }, (_, index) => ({
    transport,
    // Five others, each time the same ones: the next in the circle.
    to: Array.from({ length: EACH }, (_value, step) => (index + 1 + step) % AGENTS),
    messages: EACH,
    balanced: false,
    mixed: false,
    capacity: AGENTS * EACH,
  }));
}

function manyToOne(transport: Transport): Part[] {
  const receiver: Part = {
    transport,
    to: [],
    messages: 0,
    balanced: false,
    mixed: false,
    capacity: SENDERS * FROM_EACH,
  };
  const sender: Part = { ...receiver, to: [0], messages: FROM_EACH };
  return [receiver, ...Array.from({ length: SENDERS }, () => sender)];
}
