import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { unlessGone } from '../lib/errno.ts';
import { livenessOf } from '../lib/process-identity.ts';
import { readRegular } from '../lib/read-regular.ts';
import { facadeOf, seatFolder, seatsFolder, sessionsFolder } from '../mailbox/seat-folder.ts';
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
  const seats = unlessGone(() => readdirSync(seatsFolder(root)), []).flatMap((id) =>
    isSeatId(id) ? seatPeer(root, id, nowMs) : [],
  );
  const known = new Set<string>(seats.map(({ id }) => id));
  const sessions = unlessGone(() => readdirSync(sessionsFolder(root)), []);
  const foreign = sessions.flatMap((id) => (isSeatId(id) && !known.has(id) ? v1Peer(root, id, nowMs) : []));
  return [...seats, ...foreign];
}

/** The peer of that id, or undefined. */
export function findPeer(root: string, id: SeatId, nowMs: number): Peer | undefined {
  return seatPeer(root, id, nowMs)[0] ?? v1Peer(root, id, nowMs)[0];
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
  const [name, machine] = splitAddress(address);
  const named = peers.filter(
    (peer) => peer.name === name && (machine === undefined || peer.machine === machine),
  );
  const matches = named.length > 0 ? named : peers.filter((peer) => sameButCase(peer, name, machine));
  const [only, ...others] = matches;
  if (only !== undefined && others.length === 0) return only;
  throw only === undefined ? unknownPeer(address, peers) : ambiguousPeer(address, matches);
}

/** What a session on a seat is doing, with a holder that has ended counted as away. */
export function stateOf(record: SeatRecord, nowMs: number): SeatState {
  const { holder } = record;
  if (record.stopped === true) return 'away';
  if (record.kind === 'shell') return holder && livenessOf(holder) === 'alive' ? 'listening' : 'idle';
  if (!holder) return 'away';
  const liveness = livenessOf(holder);
  if (liveness === 'dead') return 'away';
  if (liveness === 'unknown' && nowMs - Date.parse(record.lastHeartbeat) > STALE_MS) return 'away';
  return record.state;
}

function seatPeer(root: string, id: SeatId, nowMs: number): [Peer] | [] {
  const record = readSeatRecord(seatFolder(root, id));
  if (record === undefined) return [];
  const { name, kind, projectPath: path, machine, about = '' } = record;
  return [{ id, name, kind, state: stateOf(record, nowMs), path, machine, about, record }];
}

function v1Peer(root: string, id: SeatId, nowMs: number): [Peer] | [] {
  const found = readRegular(facadeOf(root, id).manifest, MAX_SEAT_FILE_BYTES);
  const manifest = found.kind === 'text' ? parseJson(found.text, v1ManifestSchema) : undefined;
  if (manifest === undefined || manifest.sessionId !== id) return [];
  const fresh = nowMs - Date.parse(manifest.lastHeartbeat) <= STALE_MS;
  const { projectName: name, projectPath: path } = manifest;
  return [
    {
      id,
      name,
      kind: 'v1',
      state: fresh ? 'idle' : 'away',
      path,
      machine: hostname(),
      about: '',
      record: undefined,
    },
  ];
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
      name.toLowerCase().includes(wanted) || wanted.includes(name.toLowerCase()) || id.startsWith(wanted),
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
  return peers.map(({ id, name, state, path }) => `${name} (${id}, ${state}, ${path})`).join(', ');
}
