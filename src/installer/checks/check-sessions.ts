import { setTimeout } from 'node:timers/promises';
import { listPeers, type Peer } from '../../directory/peers.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { livenessOf } from '../../lib/process-identity.ts';
import { seatFolder } from '../../mailbox/seat-folder.ts';
import type { SeatRecord } from '../../protocol/seat.ts';
import type { InstallContext } from '../install-context.ts';
import { type Check, counted, fail, ok, warn } from './check.ts';
import { type PingResult, pingSeats } from './ping-seats.ts';

/** An attendant looks at its mail at the latest every two seconds. */
const TIMEOUT_MS = 3_000;
const SETTLE_MS = 2_500;
const LOOK_MS = 100;
/** What a session is given at its own next step only. */
const NO_WAKE = 'hook-context';

/** Each live session that is here: whether its attendant answers, and how mail reaches it. Costs no tokens. */
export async function checkSessions(context: InstallContext): Promise<Check[]> {
  const { paths, clock } = context;
  const here = listPeers(paths.root, clock.now()).flatMap((peer) =>
    peer.record !== undefined && peer.kind !== 'shell' && peer.state !== 'away'
      ? [{ ...peer, record: peer.record }]
      : [],
  );
  if (here.length === 0) return [ok('sessions', 'no session is here to be pinged')];
  const near = here.filter(({ record }) => record.holder && livenessOf(record.holder) === 'alive');
  const pings = await pingSeats(
    context,
    near.map(({ id }) => id),
    { timeoutMs: TIMEOUT_MS },
  );
  const checks = await Promise.all(
    near.map(async (peer) => {
      const record = await latestRecord(paths.root, peer.record);
      return sessionCheck({ ...peer, record }, { ping: pings.get(peer.id), version: context.version });
    }),
  );
  const far = here.length - near.length;
  if (far === 0) return checks;
  return [
    ...checks,
    ok(
      'sessions',
      `${counted(far, 'session')} of other machines or containers share this root and were not pinged`,
    ),
  ];
}

/** A session that has just started publishes its delivery path a moment after the first look at its mail. */
async function latestRecord(root: string, known: SeatRecord): Promise<SeatRecord> {
  const folder = seatFolder(root, known.sessionId);
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const record = readSeatRecord(folder) ?? known;
    const { deliveryPath = NO_WAKE } = record;
    if (deliveryPath !== NO_WAKE || waitedMs >= SETTLE_MS) return record;
    await setTimeout(LOOK_MS);
  }
}

interface Facts {
  readonly ping: PingResult | undefined;
  readonly version: string;
}

function sessionCheck(peer: Peer & { record: SeatRecord }, { ping, version }: Facts): Check {
  const { id, name, record, state, path } = peer;
  const check = `session:${id}`;
  const who = `${name} (${id}, ${path})`;
  if (ping?.kind !== 'answered') {
    const why =
      ping?.kind === 'failed'
        ? `could not be pinged: ${ping.reason}`
        : `has not answered within ${TIMEOUT_MS / 1000} s`;
    return fail(check, `${who} ${why}`, 'Start the session again; its mail waits.');
  }
  const { deliveryPath = 'unknown', permissionMode = 'unknown', attention } = record;
  const told = `${who} answered in ${Math.max(1, Math.round(ping.tookMs))} ms; it is ${state}, mail comes by ${deliveryPath}, permission mode ${permissionMode}, attention ${attention}`;
  if (deliveryPath === NO_WAKE) {
    return warn(
      check,
      `${told}; mail cannot wake it while it is idle`,
      'Mail comes with its next prompt. Start the session again; if that changes nothing, update Claude Code.',
    );
  }
  if (record.version !== undefined && record.version !== version) {
    return warn(
      check,
      `${told}; it runs version ${record.version} of the plugin`,
      `Start the session again to have ${version}.`,
    );
  }
  return ok(check, told);
}
