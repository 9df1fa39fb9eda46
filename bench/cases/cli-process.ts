import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeSeatRecord } from '../../src/directory/seat-record.ts';
import { freshRecord } from '../../src/directory/take-seat.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createSeatFolder } from '../../src/mailbox/seat-folder.ts';
import { newSeatId } from '../../src/protocol/ids.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf } from '../figures.ts';
import { liftLimitsIn } from '../lifted-limits.ts';
import { type Scratch, scratch } from '../scratch.ts';
import { inTurn, wholeProcess } from '../whole-process.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli/main.js');
const ROUNDS = 40;
const SEATS = 10_000;

/** The command line as whole processes, beside a Node that does nothing. */
export const cliProcess: BenchCase = {
  name: 'cli-process',
  summary: 'cahoots send, and cahoots peers with 10,000 seats, as whole processes',
  async run(effort) {
    const few = scratch();
    const many = scratch();
    try {
      liftLimitsIn(few.root);
      few.seat('target', 'target');
      const seats = Math.round(SEATS * Math.min(1, effort));
      fillSeats(many, seats);
      const rounds = Math.max(5, Math.round(ROUNDS * effort));
      const [nothing = [], send = [], peers = []] = await inTurn(
        rounds,
        () => wholeProcess({ file: process.execPath, args: ['-e', '0'], env: environment(few) }),
        () =>
          wholeProcess({
            file: process.execPath,
            args: [CLI, 'send', 'target', 'hello'],
            env: environment(few),
          }),
        () => wholeProcess({ file: process.execPath, args: [CLI, 'peers'], env: environment(many) }),
      );
      return [
        { name: 'cahoots send', unit: 'ms', figures: figuresOf(send), goal: 90 },
        {
          name: `cahoots peers, ${seats} seats`,
          unit: 'ms',
          figures: figuresOf(peers),
          ...(seats === SEATS ? { goal: 300 } : {}),
        },
        { name: 'for comparison: node -e 0', unit: 'ms', figures: figuresOf(nothing) },
      ];
    } finally {
      few.dispose();
      many.dispose();
    }
  },
};

function environment({ folder, root }: Scratch): NodeJS.ProcessEnv {
  const project = join(folder, 'here');
  mkdirSync(project, { recursive: true });
  return { PATH: process.env['PATH'], HOME: folder, BRIDGE_DIR: root, PROJECT_DIR: project };
}

function fillSeats(place: Scratch, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const id = newSeatId();
    const folder = createSeatFolder(place.root, id);
    const name = `project-${index}`;
    writeSeatRecord(
      folder,
      freshRecord({ clock: systemClock, projectPath: join(place.folder, name), version: 'bench' }, id, {
        name,
        kind: 'live',
      }),
    );
  }
}
