import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import type { Transport } from '../load/job.ts';
import { type LoadResult, type Part, runLoad } from '../load/run-load.ts';

const SECONDS = 30;

interface Load {
  readonly name: string;
  readonly agents: number;
  readonly transport: Transport;
  readonly mixed: boolean;
  readonly goals: boolean;
}

const LOADS: readonly Load[] = [
  { name: '8 processes', agents: 8, transport: 'mailbox', mixed: false, goals: true },
  {
    name: '8 processes, for comparison: bare files',
    agents: 8,
    transport: 'bare',
    mixed: false,
    goals: false,
  },
  {
    name: '8 processes, mixed: with receipts and looks at the peers',
    agents: 8,
    transport: 'mailbox',
    mixed: true,
    goals: true,
  },
  { name: '2 processes', agents: 2, transport: 'mailbox', mixed: false, goals: false },
  {
    name: '2 processes, for comparison: bare files',
    agents: 2,
    transport: 'bare',
    mixed: false,
    goals: false,
  },
];

/** How many messages a second go through for as long as one likes, and how long each takes meanwhile. */
export const loadSustained: BenchCase = {
  name: 'load-sustained',
  summary:
    'a circle of processes, each sends to the next as fast as it can and takes what came; 2 KB, each flushed',
  async run(effort) {
    const forMs = Math.max(1, SECONDS * effort) * 1000;
    const rows: Row[] = [];
    for (const load of LOADS) rows.push(...rowsOf(load, await runLoad(circle(load, forMs))));
    return rows;
  },
};

function circle({ agents, transport, mixed }: Load, forMs: number): Part[] {
  return Array.from({ length: agents }, (_, index) => ({
    transport,
    to: [(index + 1) % agents],
    messages: 1_000_000,
    forMs,
    balanced: true,
    mixed,
    capacity: 200_000,
  }));
}

function rowsOf({ name, goals }: Load, { messages, wholeMs, latencyMs, sendMs }: LoadResult): Row[] {
  return [
    {
      name,
      unit: 'messages/s',
      figures: figuresOf([(messages / wholeMs) * 1000]),
      ...(goals ? { goal: 2_000, held: 'at least' as const } : {}),
    },
    {
      name: `${name}: send → taken`,
      unit: 'ms',
      figures: figuresOf(latencyMs),
      ...(goals ? { goal: 250, held: 'p99' as const } : {}),
    },
    { name: `${name}: the call of send`, unit: 'ms', figures: figuresOf(sendMs) },
  ];
}
