import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { facadeOf } from '../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../src/protocol/ids.ts';
import { type Scratch, scratch } from '../scratch.ts';
import type { LoadJob, Order, Report } from './job.ts';

/** What a load came to. That no message was lost or taken twice is sure: else there is an error in its place. */
export interface LoadResult {
  readonly messages: number;
  /** From the call of send until taken, for every message. */
  readonly latencyMs: readonly number[];
  /** How long each call of send took. */
  readonly sendMs: readonly number[];
  /** From the first send until the last message was taken. */
  readonly wholeMs: number;
  readonly heapMb: readonly number[];
  readonly residentMb: readonly number[];
}

export type Part = Omit<LoadJob, 'root' | 'seat' | 'to'> & { readonly to: readonly number[] };

const PATIENCE_MS = 300_000;

/**
 * Runs one process for each part, all at once, and waits until everything that was sent is taken. `to` are the numbers of
 * the parts that a part writes to. Throws when a message is lost or taken twice, or a process fails.
 *
 * `meanwhile` runs in this process from the beginning of the load, and is told by its signal when the load is over.
 */
export async function runLoad(
  parts: readonly Part[],
  meanwhile?: (place: Scratch, over: AbortSignal) => Promise<void>,
): Promise<LoadResult> {
  const place = scratch();
  const agents: Agent[] = [];
  const over = new AbortController();
  try {
    const seats = parts.map((_, index) => seatOf(place, index));
    for (const [index, part] of parts.entries()) {
      const to = part.to.map((number) => seatAt(seats, number));
      agents.push(new Agent({ ...part, root: place.root, seat: seatAt(seats, index), to }));
    }
    await Promise.all(agents.map((agent) => agent.next('ready')));
    const beside = meanwhile?.(place, over.signal);
    const start = performance.now();
    for (const agent of agents) agent.tell({ go: true });
    const sent = await Promise.all(agents.map((agent) => agent.next('sent')));
    const takers = agents.map((agent) => {
      agent.tell({ expect: sent.reduce((sum, { counts }) => sum + (counts[agent.seat] ?? 0), 0) });
      return agent.next('taken');
    });
    const taken = await Promise.all(takers);
    const wholeMs = performance.now() - start;
    over.abort();
    await beside;
    audit(
      sent.flatMap(({ ids }) => ids),
      taken.flatMap(({ ids }) => ids),
    );
    const latencyMs = taken.flatMap((report) => report.latencyMs);
    return {
      messages: latencyMs.length,
      latencyMs,
      sendMs: sent.flatMap(({ sendMs }) => sendMs),
      wholeMs,
      heapMb: taken.flatMap(({ heapMb }) => heapMb),
      residentMb: taken.flatMap(({ residentMb }) => residentMb),
    };
  } finally {
    over.abort();
    await Promise.all(agents.map((agent) => agent.end()));
    place.dispose();
  }
}

function seatOf(place: Scratch, index: number): SeatId {
  const { id } = place.seat(`ag${String(index).padStart(4, '0')}`, `agent-${index}`);
  mkdirSync(facadeOf(place.root, id).inbox, { recursive: true });
  return id;
}

function seatAt(seats: readonly SeatId[], index: number): SeatId {
  const seat = seats[index];
  if (seat === undefined) throw new RangeError(`there is no part ${index}`);
  return seat;
}

function audit(sent: readonly string[], taken: readonly string[]): void {
  const once = new Set(taken);
  const lost = sent.filter((id) => !once.has(id));
  if (lost.length > 0 || once.size !== taken.length || taken.length !== sent.length) {
    throw new Error(
      `${sent.length} were sent, ${taken.length} taken, ${taken.length - once.size} of them twice; lost: ${lost.join(' ') || 'none'}`,
    );
  }
}

class Agent {
  readonly seat: SeatId;
  readonly #process: ChildProcess;
  readonly #reports: Report[] = [];
  #onReport: () => void = () => undefined;

  constructor(job: LoadJob) {
    this.seat = job.seat;
    this.#process = fork(join(import.meta.dirname, '../programs/load-agent.ts'), [JSON.stringify(job)]);
    this.#process.on('message', (report: Report) => {
      this.#reports.push(report);
      this.#onReport();
    });
  }

  tell(order: Order): void {
    this.#process.send(order);
  }

  async next<K extends Report['kind']>(kind: K): Promise<Extract<Report, { kind: K }>> {
    const { promise, resolve, reject } = Promise.withResolvers<Extract<Report, { kind: K }>>();
    const isThat = (report: Report): report is Extract<Report, { kind: K }> => report.kind === kind;
    this.#onReport = () => {
      const found = this.#reports.find(isThat);
      if (found !== undefined) resolve(found);
    };
    this.#onReport();
    const onExit = (code: number | null): void =>
      reject(new Error(`the process of ${this.seat} ended with ${code} before it was ${kind}`));
    const timer = setTimeout(
      () => reject(new Error(`the process of ${this.seat} was not ${kind} in ${PATIENCE_MS / 1000} s`)),
      PATIENCE_MS,
    );
    this.#process.once('exit', onExit);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#process.off('exit', onExit);
    }
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}
