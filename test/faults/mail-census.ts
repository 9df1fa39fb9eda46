import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unlessGone } from '../../src/lib/errno.ts';
import { parseClaimName } from '../../src/mailbox/claim-name.ts';
import { facadeOf, seatFolder, seatsFolder } from '../../src/mailbox/seat-folder.ts';
import { isMessageId, isSeatId, type MessageId, type SeatId } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/message.ts';
import { mergeStates, type Receipt, type StateRecord } from '../../src/protocol/receipt.ts';

/** The places of a message at its receiver. When a kill left several copies, the first of these counts. */
export const PLACES = ['read', 'rejected', 'claimed', 'waiting', 'facade'] as const;
export type Place = (typeof PLACES)[number];

export interface Copy {
  readonly seat: SeatId;
  readonly place: Place;
  readonly path: string;
}

/** What a sender's files say of a message. */
export interface Sent {
  readonly from: SeatId;
  readonly to: SeatId;
  readonly states: readonly StateRecord[];
}

/** Everything that lies in the mailboxes of a root, counted by the files alone: nothing of the mailbox's own code decides here. */
export interface Census {
  readonly copies: ReadonlyMap<MessageId, readonly Copy[]>;
  readonly sent: ReadonlyMap<MessageId, Sent>;
  /** Accepted, and not known to be delivered. */
  readonly unsent: readonly MessageId[];
  /** Files in `rejected/invalid`, without the texts that say why. */
  readonly invalid: readonly string[];
  /** Rejected, with no text beside it that says why, and without a reason at the sender. */
  readonly unexplained: readonly string[];
  /** What cannot be right wherever it stands: a file that is not whole. */
  readonly faults: readonly string[];
}

/** Counts what is there now. Senders and readers must stand still meanwhile. */
export function takeCensus(root: string): Census {
  const census = {
    copies: new Map<MessageId, Copy[]>(),
    sent: new Map<MessageId, Sent>(),
    unsent: [] as MessageId[],
    invalid: [] as string[],
    unexplained: [] as string[],
    faults: [] as string[],
  };
  for (const seat of namesIn(seatsFolder(root)).filter(isSeatId)) {
    const folder = seatFolder(root, seat);
    const add = (place: Place, id: MessageId | undefined, path: string): void => {
      if (id === undefined) census.faults.push(`${path} is no message, and lies among the ${place}`);
      else census.copies.set(id, [...(census.copies.get(id) ?? []), { seat, place, path }]);
    };
    for (const [place, inside] of [
      ['read', folder.read],
      ['rejected', folder.rejected],
    ] as const)
      for (const path of pastFiles(inside)) add(place, idOf(path), path);
    for (const path of jsonFiles(folder.claimed)) add('claimed', parseClaimName(basename(path))?.id, path);
    for (const path of jsonFiles(folder.inbox)) add('waiting', idOf(path), path);
    for (const inbox of facadeInboxes(root, seat))
      for (const path of jsonFiles(inbox)) add('facade', idOf(path), path);
    const invalid = pathsIn(join(folder.rejected, 'invalid')).filter((path) => !path.endsWith('.reason'));
    for (const path of invalid) {
      census.invalid.push(path);
      const id = /^(msg-[a-z0-9]{12})\.json\.[a-z0-9]{6}$/.exec(basename(path))?.[1];
      if (id !== undefined) add('rejected', id as MessageId, path);
    }
    census.unsent.push(
      ...jsonFiles(folder.sending).flatMap((path) => parseClaimName(basename(path))?.id ?? []),
    );
    const receipts = Map.groupBy(jsonFiles(folder.receipts).flatMap(receiptIn), ({ message }) => message);
    for (const path of pastFiles(folder.outbox)) {
      const copy = readJson(path) as (Message & { states?: StateRecord[] }) | undefined;
      if (copy === undefined || copy.id !== idOf(path)) census.faults.push(`${path} is not whole`);
      else
        census.sent.set(copy.id, {
          from: seat,
          to: copy.to,
          states: mergeStates(copy.states ?? [], receipts.get(copy.id) ?? []),
        });
    }
  }
  for (const [id, copies] of census.copies)
    for (const copy of copies) {
      census.faults.push(...faultsOf(id, copy));
      if (copy.place === 'rejected' && !hasReason(copy.path) && !isToldWhy(census.sent.get(id)))
        census.unexplained.push(copy.path);
    }
  return census;
}

/** The text of a message where it lies; undefined when it is not whole. */
export function messageAt(path: string): Message | undefined {
  return readJson(path) as Message | undefined;
}

function faultsOf(id: MessageId, { path, seat }: Copy): string[] {
  // What this version cannot read is kept as it came.
  if (dirname(path).endsWith('invalid')) return [];
  const message = messageAt(path);
  if (message === undefined) return [`${path} is not whole`];
  return message.id === id && message.to === seat ? [] : [`${path} holds ${message.id} to ${message.to}`];
}

function hasReason(path: string): boolean {
  return existsSync(`${path}.reason`) && readFileSync(`${path}.reason`, 'utf8').trim() !== '';
}

function isToldWhy(sent: Sent | undefined): boolean {
  return (
    sent?.states.some(({ state, reason }) => (state === 'expired' || state === 'refused') && reason) === true
  );
}

/** What v1 can write to of a seat, and a façade that is being removed. */
function facadeInboxes(root: string, seat: SeatId): string[] {
  return [facadeOf(root, seat).inbox, join(root, 'sessions', `.leaving-${seat}`, 'inbox')];
}

function receiptIn(path: string): Receipt[] {
  const receipt = readJson(path) as Receipt | undefined;
  return receipt === undefined ? [] : [receipt];
}

function pastFiles(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => /^[a-z0-9]$/.test(name))
    .flatMap((shard) => jsonFiles(join(folder, shard)));
}

function jsonFiles(folder: string): string[] {
  return pathsIn(folder).filter((path) => path.endsWith('.json') && !basename(path).startsWith('.'));
}

function pathsIn(folder: string): string[] {
  return namesIn(folder).map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder), []);
}

function idOf(path: string): MessageId | undefined {
  const id = basename(path, '.json');
  return isMessageId(id) ? id : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
