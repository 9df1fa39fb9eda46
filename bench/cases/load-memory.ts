import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { type Part, runLoad } from '../load/run-load.ts';

const MESSAGES = 100_000;
const SENDERS = 4;
const LOOKS = 10;
/** What the heap may have grown by between a tenth of the messages and the last one, in MB. */
const GROWTH_MB = 2;

/** Whether a process that has sent or taken many messages holds more than one that has few behind it. */
export const loadMemory: BenchCase = {
  name: 'load-memory',
  summary: 'memory of one receiver over 100,000 messages of 2 KB',
  async run(effort) {
    const messages = Math.round(MESSAGES * Math.min(1, effort));
    const receiver: Part = {
      transport: 'mailbox',
      to: [],
      messages: 0,
      balanced: false,
      mixed: true,
      capacity: messages + SENDERS,
      memoryEach: Math.floor(messages / LOOKS),
    };
    const sender: Part = { ...receiver, to: [0], messages: Math.ceil(messages / SENDERS), balanced: true };
    const { heapMb, residentMb } = await runLoad([
      receiver,
      ...Array.from({ length: SENDERS }, () => sender),
    ]);
    const [first = Number.NaN] = heapMb;
    const rows: Row[] = [
      {
        name: `heap: growth from message ${Math.floor(messages / LOOKS)} to ${messages}`,
        unit: 'MB',
        figures: figuresOf([(heapMb[LOOKS - 1] ?? Number.NaN) - first]),
        goal: GROWTH_MB,
      },
      { name: 'heap in use after each tenth', unit: 'MB', figures: figuresOf(heapMb) },
      { name: 'resident memory after each tenth', unit: 'MB', figures: figuresOf(residentMb) },
      {
        name: `resident memory after message ${messages}`,
        unit: 'MB',
        figures: figuresOf(residentMb.slice(-1)),
      },
    ];
    return rows;
  },
};
