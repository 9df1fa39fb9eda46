import { lstatSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { placeExclusive, writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { livenessOf, type ProcessIdentity } from '../lib/process-identity.ts';
import { readRegular } from '../lib/read-regular.ts';
import { removeEntry } from '../lib/remove-entry.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { storing } from '../mailbox/storage-error.ts';
import { parseJson } from '../protocol/json.ts';
import { processIdentitySchema } from '../protocol/seat.ts';

/** A holder of another boot or container that was silent for so long is taken to be gone. */
const FOREIGN_HOLDER_PATIENCE_MS = 3 * 60 * 1000;
const MAX_HOLDER_BYTES = 16 * 1024;
/** Enough that a late reader of the newest file still finds the one before it. */
const KEPT_GENERATIONS = 3;
/** No seat is held so often: a file with a higher number is none of ours, and must not use the numbers up. */
const MAX_GENERATION = 99_999_999;
/** Each further round means that somebody else was faster; who has lost so many times leaves the seat to them. */
const MAX_ROUNDS = 100;

const holderSchema = z.looseObject({
  process: processIdentitySchema,
  conversation: z.optional(z.string()),
  released: z._default(z.boolean(), false),
});

/** Who holds a seat, as far as its files tell. */
export interface Holder {
  readonly generation: number;
  readonly process: ProcessIdentity;
  readonly conversation: string | undefined;
  /** Released by its holder, or the holder's process has ended. */
  readonly free: boolean;
}

export interface HoldRequest {
  readonly process: ProcessIdentity;
  readonly conversation: string | undefined;
  /** Take the seat also from a living holder: its conversation has the older right. */
  readonly preempt?: boolean;
}

/**
 * The exclusive right to sit on a seat.
 *
 * Each holding is a file `holders/<generation>.json`, created exclusively; the highest generation is the holder and a
 * number is never used again. So a process that ends late can mark only its own generation as released, and cannot
 * take anything from whoever holds a later one.
 */
export class SeatHold {
  readonly folder: SeatFolder;
  readonly generation: number;
  readonly #request: HoldRequest;

  private constructor(folder: SeatFolder, generation: number, request: HoldRequest) {
    this.folder = folder;
    this.generation = generation;
    this.#request = request;
  }

  /**
   * Takes the seat, or returns undefined when a living process holds it or others are always faster. Of several at once exactly one gets it.
   *
   * Throws a storage error when the seat's folder is gone or cannot be written.
   */
  static acquire(folder: SeatFolder, request: HoldRequest): SeatHold | undefined {
    return storing(`The seat ${folder.id} could not be taken`, () => {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const holder = currentHolder(folder);
        if (holder !== undefined && !holder.free && request.preempt !== true) return undefined;
        const hold = new SeatHold(folder, (holder?.generation ?? 0) + 1, request);
        if (hold.#place()) return hold;
        // Another process took this generation in between: look again at who holds it now.
      }
      return undefined;
    });
  }

  /** Whether this is still the newest holding. False once somebody else has taken the seat, or its folder is gone. */
  isCurrent(): boolean {
    return currentGeneration(this.folder) === this.generation;
  }

  /** Shows readers on other hosts, which cannot see this process, that it lives. */
  renew(): void {
    const now = Date.now() / 1000;
    unlessGone(() => utimesSync(holderPath(this.folder, this.generation), now, now), undefined);
  }

  /** Frees the seat if it is still this holder's; returns whether it was. May be called more than once. */
  release(): boolean {
    if (!this.isCurrent()) return false;
    unlessGone(
      () => writeAtomic(holderPath(this.folder, this.generation), this.#content(true), { flush: false }),
      undefined,
    );
    return true;
  }

  #place(): boolean {
    const path = holderPath(this.folder, this.generation);
    if (placeExclusive(path, this.#content(false), { flush: false }) === 'exists') return false;
    if (!this.isCurrent()) {
      // While this process slept, so many others came and went that this number was free again.
      removeEntry(path);
      return false;
    }
    removeOldGenerations(this.folder, this.generation);
    return true;
  }

  #content(released: boolean): string {
    const { process, conversation } = this.#request;
    return `${JSON.stringify({ process, conversation, released })}\n`;
  }
}

/** The newest holding of a seat, or undefined when nobody ever held it. */
export function currentHolder(folder: SeatFolder): Holder | undefined {
  const generation = currentGeneration(folder);
  if (generation === 0) return undefined;
  const path = holderPath(folder, generation);
  const found = readRegular(path, MAX_HOLDER_BYTES);
  const holder = found.kind === 'text' ? parseJson(found.text, holderSchema) : undefined;
  // An unreadable file still uses up its generation, but nobody can be sitting by it.
  const nobody = { pid: 0, start: '0', host: '00000000' };
  if (holder === undefined) return { generation, process: nobody, conversation: undefined, free: true };
  const { process, conversation, released } = holder;
  return { generation, process, conversation, free: released || !isLiving(process, path) };
}

function isLiving(process: ProcessIdentity, path: string): boolean {
  const liveness = livenessOf(process);
  if (liveness !== 'unknown') return liveness === 'alive';
  const silentMs = Date.now() - unlessGone(() => lstatSync(path).mtimeMs, 0);
  return silentMs < FOREIGN_HOLDER_PATIENCE_MS;
}

function holderPath(folder: SeatFolder, generation: number): string {
  return join(folder.holders, `${generation}.json`);
}

function generationsOf(folder: SeatFolder): number[] {
  return unlessGone(() => readdirSync(folder.holders), []).flatMap((name) => {
    const match = /^(\d{1,9})\.json$/.exec(name);
    const generation = Number(match?.[1] ?? Number.POSITIVE_INFINITY);
    return generation <= MAX_GENERATION ? [generation] : [];
  });
}

function currentGeneration(folder: SeatFolder): number {
  return generationsOf(folder).reduce((highest, generation) => Math.max(highest, generation), 0);
}

function removeOldGenerations(folder: SeatFolder, newest: number): void {
  for (const generation of generationsOf(folder)) {
    if (generation <= newest - KEPT_GENERATIONS) removeEntry(holderPath(folder, generation));
  }
}
