import { setTimeout as sleep } from 'node:timers/promises';
import { listPeers } from '../../../src/directory/peers.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import { seatFolder } from '../../../src/mailbox/seat-folder.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { namesIn } from '../../fixtures/audit.ts';
import type { Audit } from '../audit.ts';
import { PlayedSession } from '../played-session.ts';
import { type RoundBench, shellSeat } from '../round.ts';

/**
 * The attendant of a session is killed while senders write to it: as it takes mail, as it gives it to the session by
 * socket, hook or tool, as it proves and settles it, and as it answers. Another one goes on in its place.
 */
export async function attendantKills(bench: RoundBench): Promise<Audit> {
  return await attendantRound(bench, async () => undefined);
}

/** A round of {@link attendantKills} with something else that happens before each step of the session. */
export async function attendantRound(
  bench: RoundBench,
  beforeStep: (session: PlayedSession) => Promise<void>,
): Promise<Audit> {
  const { random } = bench;
  const session = new PlayedSession(bench);
  const { root } = session.host;
  const senders = ['aaaaaa', 'cccccc'].map((id) => shellSeat(root, id, bench));
  await session.attend(undefined);
  const seat = await seatOf(session);
  session.model.seat = () => seat.id;
  const lives = random.between(1, 2);
  for (let life = 0; life < lives; life += 1) {
    const writing = senders.slice(0, random.between(1, 2)).map(({ id }) => {
      const args = [root, id, seat.id, String(random.seed()), String(random.between(2, 5)), '20'];
      return bench.play('sender', 'fault-sender.ts', { args, at: bench.mortality(0.2) });
    });
    const inside = random.chance(0.8);
    if (life > 0 || inside) await restart(session, inside ? random.between(1, 60) : undefined);
    await live(session, bench, { steps: random.between(3, 7), beforeStep });
    if (!inside || random.chance(0.3)) await session.kill();
    await Promise.all(writing.map((player) => bench.end(player)));
  }
  await restart(session, undefined);
  await drain(session, bench, seat);
  await session.close();
  return bench.finish(root, [seat, ...senders]);
}

/** A living attendant is ended by its host, a dead one is replaced. */
async function restart(session: PlayedSession, at: number | undefined): Promise<void> {
  if (!session.buried()) await session.close();
  await session.attend(at);
}

async function seatOf(session: PlayedSession): Promise<SeatFolder> {
  const { root } = session.host;
  const id = await waitFor(
    () => listPeers(root, Date.now()).find(({ path }) => path === session.host.project)?.id,
    {
      what: 'the seat of the session',
      explain: () => session.stderr,
      timeoutMs: 20_000,
    },
  );
  return seatFolder(root, id);
}

/** Some steps of a session, whatever comes; they end when the attendant dies. */
async function live(
  session: PlayedSession,
  { random }: RoundBench,
  { steps, beforeStep }: { steps: number; beforeStep: (session: PlayedSession) => Promise<void> },
): Promise<void> {
  for (let step = 0; step < steps && session.isAttended; step += 1) {
    await sleep(random.below(60));
    await beforeStep(session);
    await session.takeArrived();
    const chance = random.next();
    if (chance < 0.45) await session.turn();
    else if (chance < 0.6) await session.use('inbox', {});
    else if (chance < 0.75) await session.use('listen', { wait_seconds: 0.05 });
    else await session.work();
  }
}

/** The session goes on undisturbed until nothing waits any more; the attendant's clock runs faster than the machine's. */
async function drain(session: PlayedSession, bench: RoundBench, seat: SeatFolder): Promise<void> {
  session.model.dropped = 0;
  const left = (): string[] =>
    [...namesIn(seat.inbox), ...namesIn(seat.claimed)].filter((name) => name.endsWith('.json'));
  const deadline = performance.now() + DRAIN_MS;
  do {
    await session.takeArrived();
    await session.turn();
    await session.work();
    // What was dropped is missed only after some seconds.
    bench.moveClock(6_000);
    if (performance.now() > deadline) {
      bench.findings.push(
        `still waits although the session went on: ${left().join(', ')}\n${session.stderr}`,
      );
      return;
    }
    await sleep(20);
  } while (left().length > 0);
}

const DRAIN_MS = 20_000;
