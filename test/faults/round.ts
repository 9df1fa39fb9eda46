import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSeatRecord } from '../../src/directory/seat-record.ts';
import { freshRecord } from '../../src/directory/take-seat.ts';
import { type Clock, isoMillis } from '../../src/lib/clock.ts';
import { thisProcess } from '../../src/lib/process-identity.ts';
import { Inbox } from '../../src/mailbox/inbox.ts';
import { resendUnsent } from '../../src/mailbox/post.ts';
import { foldReceipts, recordState } from '../../src/mailbox/receipts.ts';
import { createSeatFolder, type SeatFolder } from '../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../src/protocol/ids.ts';
import { Scope } from '../fixtures/lifetime.ts';
import { type Program, type ProgramOptions, startProgram } from '../fixtures/run-program.ts';
import { DAY_MS, tempFolder } from '../fixtures/temp-root.ts';
import { type Audit, audit } from './audit.ts';
import { Ledger, type Victim } from './ledger.ts';
import { Random } from './random.ts';
import { tookLine, wordsOf } from './words.ts';

/** A kind of fault: plays one round of it and returns the audit of its end. */
export type Round = (bench: RoundBench) => Promise<Audit>;

/** A program of a round, and whose it is. */
export interface Player {
  readonly program: Program;
  readonly role: Victim;
}

/** What one round works with: folders of its own, numbers from its seed, programs that are killed on command, a ledger. */
export class RoundBench {
  readonly lifetime = new Scope();
  readonly ledger = new Ledger();
  readonly random: Random;
  /** Where the mailbox root is. */
  readonly folder: string;
  /** What the bench itself needs: not on the disk that may be full. */
  readonly scratch: string;
  /** How far the clocks of the round's programs are ahead of the machine's. */
  readonly clock: Clock & { offsetMs: number };
  /** What the round is doing, for whoever finds that it does not end. */
  stage = 'begin';
  /** What went wrong before the audit. */
  readonly findings: string[] = [];
  readonly #clockFile: string;

  constructor(seed: number, disk?: string) {
    this.random = new Random(seed);
    this.scratch = tempFolder(this.lifetime);
    this.folder = disk ?? this.scratch;
    this.#clockFile = join(this.scratch, 'clock');
    this.clock = { offsetMs: 0, now: () => Date.now() + this.clock.offsetMs };
    this.moveClock(0);
  }

  /** Moves the clock of every program of the round, from now on. */
  moveClock(byMs: number): void {
    this.clock.offsetMs += byMs;
    writeFileSync(this.#clockFile, String(this.clock.offsetMs));
  }

  /** For a preloaded program: where it is stopped, and its clock. */
  faultEnv(at?: number, signal: NodeJS.Signals = 'SIGKILL'): Record<string, string> {
    return {
      FAULT_CLOCK: this.#clockFile,
      ...(at === undefined ? {} : { FAULT_AT: String(at), FAULT_SIGNAL: signal }),
    };
  }

  /** Starts a program of the fixtures with the preload; without `at` nothing stops it. */
  play(
    role: Victim,
    name: string,
    { at, signal, ...options }: ProgramOptions & { at?: number | undefined; signal?: NodeJS.Signals },
  ): Player {
    const env = { ...options.env, ...this.faultEnv(at, signal) };
    const program = startProgram(this.lifetime, name, { ...options, env, imports: ['fault-preload.ts'] });
    return { program, role };
  }

  /** Waits until a program has ended, and notes in the ledger what it said. A kill is counted, any other failure a finding. */
  async end({ program, role }: Player): Promise<void> {
    this.stage = `the end of a ${role}`;
    const run = await program.ended;
    this.stage = `after the end of a ${role}`;
    const { sent, taken } = wordsOf(run.stdout);
    this.ledger.noteSent(sent);
    this.ledger.noteTaken(taken);
    this.ledger.refusals += run.stdout.split('\n').filter((line) => line.startsWith('failed ')).length;
    if (run.signal === 'SIGKILL') this.ledger.kills[role] += 1;
    else if (run.code !== 0) this.findings.push(`a ${role} ended with ${run.code}: ${run.stderr}`);
  }

  /** A point at which a program dies, as often as not; counted in operations on mail. */
  mortality(share: number): number | undefined {
    return this.random.chance(share) ? this.random.between(1, 70) : undefined;
  }

  /** The next processes of every seat do what they do, then the books are compared. */
  finish(root: string, seats: readonly SeatFolder[]): Audit {
    takeEverything(root, seats, this);
    return this.audit(root, 'over');
  }

  /** Compares the books; what was found before stands first. */
  audit(root: string, moment: 'still' | 'over'): Audit {
    const { findings, sum } = audit(root, this.ledger, moment);
    return { findings: [...this.findings, ...findings], sum };
  }

  /** An audit in the middle: everybody stands still. */
  auditStill(root: string): void {
    this.findings.push(...audit(root, this.ledger, 'still').findings.map((line) => `in the middle: ${line}`));
  }
}

/** Makes a seat of a person's shell, with a record. */
export function shellSeat(
  root: string,
  id: string,
  { clock, folder }: Pick<RoundBench, 'clock' | 'folder'>,
): SeatFolder {
  const seat = createSeatFolder(root, id as SeatId);
  const request = { clock, projectPath: join(folder, id), version: '1.0.0' };
  writeSeatRecord(seat, freshRecord(request, seat.id, { name: id, kind: 'shell' }));
  return seat;
}

/** What the next processes do: each seat's own sends what was left, takes all there is, and files its receipts. */
export function takeEverything(
  root: string,
  seats: readonly SeatFolder[],
  { clock, ledger }: Pick<RoundBench, 'clock' | 'ledger'>,
): void {
  // What one seat sends late, another one takes in the second turn.
  for (let turn = 0; turn < 2; turn += 1) {
    for (const folder of seats) {
      resendUnsent({ root, clock }, folder);
      const owner = { process: thisProcess(), generation: 1 };
      const inbox = new Inbox({ root, folder, clock, owner, expiresAfterMs: 7 * DAY_MS });
      for (const { id } of inbox.pending()) {
        const claimed = inbox.claim(id);
        if (claimed === undefined) continue;
        ledger.noteTaken(wordsOf(tookLine(claimed.message)).taken);
        inbox.settle(claimed);
        recordState(root, claimed.message, { state: 'seen', at: isoMillis(clock.now()), by: folder.id });
      }
    }
  }
  for (const folder of seats) foldReceipts(folder);
}
