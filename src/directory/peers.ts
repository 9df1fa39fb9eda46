import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { sep } from 'node:path';
import { unlessGone } from '../lib/errno.ts';
import { type Liveness, livenessNow, livenessOf, type ProcessIdentity } from '../lib/process-identity.ts';
import { readListed } from '../lib/read-regular.ts';
import { facadeOf, seatsFolder, sessionsFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import {
  MAX_SEAT_FILE_BYTES,
  type SeatKind,
  type SeatRecord,
  type SeatState,
  v1ManifestSchema,
} from '../protocol/seat.ts';
import { readSeatRecord } from './seat-record.ts';

/** A seat as seen from another one. */
export interface Peer {
  readonly id: SeatId;
  readonly name: string;
  /** `v1` is a session of session-bridge v1, which has no seat here. */
  readonly kind: SeatKind | 'v1';
  readonly state: SeatState;
  /** The project folder. */
  readonly path: string;
  readonly machine: string;
  readonly about: string;
  /** The seat's own record; undefined for v1. */
  readonly record: SeatRecord | undefined;
}

/** After this long without a heartbeat v1 calls a session stale, and so do we for what we cannot see otherwise. */
const STALE_MS = 5 * 60 * 1000;

/** Every peer of this root: our seats, and v1's sessions that have no seat. In no particular order. */
export function listPeers(root: string, nowMs: number): Peer[] {
  const view = viewOf(root, { nowMs, liveness: livenessNow() });
  const seats = unlessGone(() => readdirSync(view.seats), []).flatMap((id) =>
    isSeatId(id) ? seatPeer(view, id) : [],
  );
  const known = new Set<string>(seats.map(({ id }) => id));
  const sessions = unlessGone(() => readdirSync(sessionsFolder(root)), []);
  const foreign = sessions.flatMap((id) => (isSeatId(id) && !known.has(id) ? v1Peer(view, id) : []));
  return [...seats, ...foreign];
}

/** The peer of that id, or undefined. */
export function findPeer(root: string, id: SeatId, nowMs: number): Peer | undefined {
  const view = viewOf(root, { nowMs, liveness: livenessOf });
  return seatPeer(view, id)[0] ?? v1Peer(view, id)[0];
}

/** What one look at the peers goes by. */
interface View {
  readonly root: string;
  readonly seats: string;
  readonly nowMs: number;
  readonly liveness: (identity: ProcessIdentity) => Liveness;
}

function viewOf(root: string, rest: Pick<View, 'nowMs' | 'liveness'>): View {
  return { root, seats: seatsFolder(root), ...rest };
}

/**
 * The one peer that an address means: an id, a name, or `name@machine`.
 *
 * Throws `peer-unknown` or `peer-ambiguous`, each with the candidates in the text and in `facts.candidates`.
 */
export function resolvePeer(root: string, address: string, nowMs: number): Peer {
  if (isSeatId(address)) {
    const peer = findPeer(root, address, nowMs);
    if (peer !== undefined) return peer;
  }
  const peers = listPeers(root, nowMs);
  const matches = matching(peers, address);
  const [only, ...others] = matches;
  if (only !== undefined && others.length === 0) return only;
  throw only === undefined ? unknownPeer(address, peers) : ambiguousPeer(address, matches);
}

/** What a session on a seat is doing, with a holder that has ended counted as away. */
export function stateOf(record: SeatRecord, nowMs: number): SeatState {
  return stateInView(record, { nowMs, liveness: livenessOf });
}

function stateInView(record: SeatRecord, { nowMs, liveness }: Pick<View, 'nowMs' | 'liveness'>): SeatState {
  const { holder } = record;
  if (record.stopped === true) return 'away';
  if (record.kind === 'shell') return holder && liveness(holder) === 'alive' ? 'listening' : 'idle';
  if (!holder) return 'away';
  switch (liveness(holder)) {
    case 'alive':
      return record.state;
    case 'dead':
      return 'away';
    case 'unknown':
      return isFresh(record.lastHeartbeat, nowMs) ? record.state : 'away';
  }
}

/** A heartbeat that is no time at all is not fresh. */
function isFresh(lastHeartbeat: string, nowMs: number): boolean {
  return nowMs - Date.parse(lastHeartbeat) <= STALE_MS;
}

function seatPeer(view: View, id: SeatId): [Peer] | [] {
  const record = readSeatRecord({ id, record: `${view.seats}${sep}${id}${sep}seat.json` });
  if (record === undefined) return [];
  const { kind, projectPath: path, machine, about = '' } = record;
  const state = stateInView(record, view);
  return [
    {
      id,
      name: oneLine(record.name),
      kind,
      state,
      path: oneLine(path),
      machine,
      about: oneLine(about),
      record,
    },
  ];
}

function v1Peer({ root, nowMs }: View, id: SeatId): [Peer] | [] {
  const text = readListed(facadeOf(root, id).manifest, MAX_SEAT_FILE_BYTES);
  const manifest = text === undefined ? undefined : parseJson(text, v1ManifestSchema);
  if (manifest === undefined || manifest.sessionId !== id) return [];
  const { projectName, projectPath, lastHeartbeat } = manifest;
  return [
    {
      id,
      name: oneLine(projectName),
      kind: 'v1',
      state: isFresh(lastHeartbeat, nowMs) ? 'idle' : 'away',
      path: projectPath,
      machine: hostname(),
      about: '',
      record: undefined,
    },
  ];
}

/** Anybody may write a manifest: what is shown of it must not move the cursor or look like another line. */
function oneLine(text: string): string {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ') : text;
}

/** The peers that an address means: by its exact spelling, as a whole before as name and machine, else by any case. */
function matching(peers: readonly Peer[], address: string): readonly Peer[] {
  const whole = peers.filter(({ name }) => name === address);
  if (whole.length > 0) return whole;
  const [name, machine] = splitAddress(address);
  const exact = peers.filter(
    (peer) => peer.name === name && (machine === undefined || peer.machine === machine),
  );
  return exact.length > 0 ? exact : peers.filter((peer) => sameButCase(peer, name, machine));
}

function splitAddress(address: string): [name: string, machine: string | undefined] {
  const at = address.lastIndexOf('@');
  return at <= 0 ? [address, undefined] : [address.slice(0, at), address.slice(at + 1)];
}

function sameButCase(peer: Peer, name: string, machine: string | undefined): boolean {
  return (
    peer.name.toLowerCase() === name.toLowerCase() &&
    (machine === undefined || peer.machine.toLowerCase() === machine.toLowerCase())
  );
}

const SHOWN_CANDIDATES = 8;

function unknownPeer(address: string, peers: readonly Peer[]): CahootsError {
  const wanted = address.toLowerCase();
  const similar = peers.filter(
    ({ id, name }) =>
      name.toLowerCase().includes(wanted) ||
      (name !== '' && wanted.includes(name.toLowerCase())) ||
      id.startsWith(wanted),
  );
  const candidates = (similar.length > 0 ? similar : peers.filter(({ state }) => state !== 'away')).slice(
    0,
    SHOWN_CANDIDATES,
  );
  const hint =
    candidates.length === 0
      ? 'Nobody else is here.'
      : `${similar.length > 0 ? 'Did you mean' : 'Here now'}: ${describe(candidates)}.`;
  return new CahootsError('peer-unknown', `There is no peer "${address.slice(0, 80)}". ${hint}`, {
    remedy: 'See all with: cahoots peers',
    facts: { address, candidates: candidates.map(({ id, name, path }) => ({ id, name, path })) },
  });
}

function ambiguousPeer(address: string, matches: readonly Peer[]): CahootsError {
  return new CahootsError(
    'peer-ambiguous',
    `"${address}" could be any of ${matches.length}: ${describe(matches.slice(0, SHOWN_CANDIDATES))}.`,
    {
      remedy: 'Use the id.',
      facts: { address, candidates: matches.map(({ id, name, path }) => ({ id, name, path })) },
    },
  );
}

function describe(peers: readonly Peer[]): string {
  return peers.map(({ id, name, state, path }) => `${name} (${id}, ${state}, ${oneLine(path)})`).join(', ');
}
