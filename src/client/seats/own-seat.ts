import { listPeers, type Peer, resolvePeer } from '../../directory/peers.ts';
import { currentHolder } from '../../directory/seat-hold.ts';
import { nearestShellSeat } from '../../directory/shell-seat.ts';
import { parentOf } from '../../lib/process-identity.ts';
import { seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { PermissionClass } from '../../protocol/message.ts';
import type { SeatRecord } from '../../protocol/seat.ts';
import type { ClientContext } from '../client-context.ts';

/** Which seat a call speaks for. */
export interface SeatWish {
  /** The address that the call itself names. */
  readonly address?: string | undefined;
  /** `take` when mail will be taken from the seat, which nobody but its attendant does while a session sits there. */
  readonly use: 'speak' | 'take';
}

/**
 * The record of the seat that a call speaks for, or undefined when it has none yet.
 *
 * In this order: the address of the call, the seat that `BRIDGE_SESSION_ID` names, the seat of the Claude Code session
 * around this process, the shell seat of the project folder or of the nearest folder above it. One on which a session
 * sits is passed over when mail is to be taken; named by the call itself it is `seat-held` then. Throws `seat-unknown`
 * for an address without a seat.
 */
export function findOwnSeat(
  context: ClientContext,
  wish: SeatWish,
  peers?: readonly Peer[],
): SeatRecord | undefined {
  const { config } = context;
  if (wish.address !== undefined) {
    const record = seatAt(context, wish.address);
    if (wish.use === 'take' && isHeld(context, record)) throw seatHeld(record);
    return record;
  }
  if (config.seatAddress !== undefined) {
    const record = seatAt(context, config.seatAddress);
    if (wish.use === 'speak' || !isHeld(context, record)) return record;
  }
  const listed = peers ?? listPeers(config.root, context.clock.now());
  const around = wish.use === 'speak' ? sessionAround(context, listed) : undefined;
  return around ?? nearestShellSeat(listed, config.projectDir);
}

/**
 * Whether what speaks for a seat asks a person before it acts; undefined when that is not known.
 *
 * For the seat of a session, and for whatever runs inside of one, the session's permission mode says it. A person's own
 * shell asks.
 */
export function permissionClassOf(context: ClientContext, record: SeatRecord): PermissionClass | undefined {
  const isInside = isInsideSession(context);
  const session = record.kind === 'shell' ? sessionAround(context) : record;
  if (session === undefined) return isInside ? undefined : 'asks';
  if (session.permissionMode === undefined) return undefined;
  return session.permissionMode === 'bypassPermissions' ? 'bypasses' : 'asks';
}

/**
 * Whether a person or script speaks, from this seat or from none yet: no session sits there, and none has started this
 * process.
 */
export function isOfPerson(context: ClientContext, record: SeatRecord | undefined): boolean {
  return (record === undefined || record.kind === 'shell') && !isInsideSession(context);
}

/** Whether a session sits on a seat now: its attendant alone takes the mail then. */
export function isHeld({ config }: ClientContext, record: SeatRecord): boolean {
  return currentHolder(seatFolder(config.root, record.sessionId))?.free === false;
}

/** The error for what only the session on a seat can do. */
export function seatHeld(record: SeatRecord): CahootsError {
  return new CahootsError(
    'seat-held',
    `A session sits on ${record.name} (${record.sessionId}) and takes its mail itself.`,
    {
      remedy: `Use the cahoots tools (or /bridge) in that session, or leave --as out to use the folder's shell seat.`,
      facts: { seat: record.sessionId },
    },
  );
}

/** The error for a call that needs a seat of its own where there is none. */
export function seatMissing({ config }: ClientContext): CahootsError {
  return new CahootsError('seat-missing', `${config.projectDir} has no mailbox yet.`, {
    remedy: 'Make one with: cahoots start',
    facts: { path: config.projectDir },
  });
}

function isInsideSession({ config: { env } }: ClientContext): boolean {
  return env['CLAUDECODE'] !== undefined || env['CLAUDE_CODE_SESSION_ID'] !== undefined;
}

function seatAt({ config, clock }: ClientContext, address: string): SeatRecord {
  let peer: Peer;
  try {
    peer = resolvePeer(config.root, address, clock.now());
  } catch (error) {
    if (!(error instanceof CahootsError) || error.code !== 'peer-unknown') throw error;
    throw unknownSeat(address, 'There is no such seat here.', error);
  }
  if (peer.record === undefined)
    throw unknownSeat(address, 'That is a session of session-bridge v1, which has no seat here.');
  return peer.record;
}

function unknownSeat(address: string, why: string, cause?: CahootsError): CahootsError {
  return new CahootsError('seat-unknown', `"${address.slice(0, 80)}" cannot be spoken for. ${why}`, {
    remedy: 'Name a seat of "cahoots peers" with --as (or in BRIDGE_SESSION_ID), or leave it out.',
    facts: { address, candidates: cause?.facts['candidates'] ?? [] },
    cause,
  });
}

/** The record of the live session inside of which this process runs. */
function sessionAround({ config, clock }: ClientContext, peers?: readonly Peer[]): SeatRecord | undefined {
  const conversation = config.env['CLAUDE_CODE_SESSION_ID'];
  if (conversation === undefined || conversation === '') return undefined;
  const sitting = (peers ?? listPeers(config.root, clock.now())).flatMap(({ record, state }) =>
    record?.conversation === conversation && record.kind !== 'shell' && state !== 'away' ? [record] : [],
  );
  if (sitting.length < 2) return sitting[0];
  // Two processes may share a conversation; the attendant of the one around us and we have an ancestor in common.
  const ancestors = new Set(ancestorsOf(process.pid));
  return sitting.find(({ holder }) => ancestors.has(parentOf(holder?.pid ?? 0) ?? -1)) ?? sitting[0];
}

function ancestorsOf(pid: number): number[] {
  const parent = parentOf(pid);
  return parent === undefined || parent <= 1 ? [] : [parent, ...ancestorsOf(parent)];
}
