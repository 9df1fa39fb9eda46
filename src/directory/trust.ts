import { join } from 'node:path';
import * as z from 'zod/mini';
import { writeAtomic } from '../lib/atomic-write.ts';
import { withLock } from '../lib/file-lock.ts';
import { describeUnread, readUnlessForbidden } from '../lib/read-regular.ts';
import { storing } from '../mailbox/storage-error.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';

/** What the person decided about a peer: let it through the gate, refuse all of its messages, or nothing yet. */
export type Verdict = 'trusted' | 'blocked' | 'undecided';

const EVERY_SEAT = '*';
const LOCK_PATIENCE_MS = 2000;
const MAX_TRUST_BYTES = 4 * 1024 * 1024;

// What a newer version has written stays as it is and costs no other entry, so the values may be anything.
const anyObject = z.record(z.string(), z.unknown());
const trustSchema = z.looseObject({
  /** By sender, then by receiver (`*` for every seat of this person). */
  verdicts: z._default(anyObject, {}),
});
type Trust = z.infer<typeof trustSchema>;

/** The verdicts as they lie on disk, or why nothing of them can be used. */
type TrustFile =
  | { readonly kind: 'trust'; readonly trust: Trust }
  | { readonly kind: 'unusable'; readonly why: string };

/** Where the person's verdicts are kept: one file for all seats of a root. */
export function trustFile(root: string): string {
  return join(root, 'trust.json');
}

/** The verdict that holds for what `sender` sends to `receiver`; one for the receiver alone goes before one for all. */
export function verdictOf(root: string, { sender, receiver }: { sender: SeatId; receiver: SeatId }): Verdict {
  const found = readTrust(root);
  const bySeat = found.kind === 'trust' ? asObject(found.trust.verdicts[sender]) : {};
  return asVerdict(bySeat[receiver]) ?? asVerdict(bySeat[EVERY_SEAT]) ?? 'undecided';
}

/**
 * Records a person's verdict about a sender, for one receiver or for all of the person's seats.
 *
 * Throws `setting-invalid` when the file cannot be understood: the verdicts in it must not be lost.
 */
export function setVerdict(
  root: string,
  {
    sender,
    receiver,
    verdict,
  }: { sender: SeatId; receiver: SeatId | undefined; verdict: 'trusted' | 'blocked' },
): void {
  const change = (): void => writeVerdict(root, { sender, receiver, verdict });
  storing('The verdict could not be kept', () => {
    // Two at once must not undo each other; but a verdict is never left out.
    if (!withLock(join(root, '.trust-lock'), { work: change, patienceMs: LOCK_PATIENCE_MS })) change();
  });
}

function writeVerdict(
  root: string,
  { sender, receiver, verdict }: { sender: SeatId; receiver: SeatId | undefined; verdict: Verdict },
): void {
  const found = readTrust(root);
  if (found.kind === 'unusable') {
    throw new CahootsError('setting-invalid', `The verdict was not kept: ${trustFile(root)} ${found.why}.`, {
      remedy: 'Correct the file, or remove it and decide anew about every peer.',
      facts: { path: trustFile(root) },
    });
  }
  const { trust } = found;
  const verdicts = {
    ...trust.verdicts,
    [sender]: { ...asObject(trust.verdicts[sender]), [receiver ?? EVERY_SEAT]: verdict },
  };
  writeAtomic(trustFile(root), `${JSON.stringify({ ...trust, verdicts }, null, 2)}\n`, { flush: true });
}

/** What is wrong with the verdicts: why the whole file is `unusable`, and the senders of entries that are `unknown`. */
export function trustFaults(root: string): { unusable: string | undefined; unknown: string[] } {
  const found = readTrust(root);
  if (found.kind === 'unusable') return { unusable: found.why, unknown: [] };
  const unknown = Object.entries(found.trust.verdicts)
    .filter(([, bySeat]) => !isKnown(bySeat))
    .map(([sender]) => sender);
  return { unusable: undefined, unknown };
}

function readTrust(root: string): TrustFile {
  const found = readUnlessForbidden(trustFile(root), MAX_TRUST_BYTES);
  if (found.kind === 'missing') return { kind: 'trust', trust: { verdicts: {} } };
  if (found.kind !== 'text') return { kind: 'unusable', why: `is ${describeUnread(found, MAX_TRUST_BYTES)}` };
  try {
    const parsed = trustSchema.safeParse(JSON.parse(found.text));
    if (parsed.success) return { kind: 'trust', trust: parsed.data };
    return { kind: 'unusable', why: 'is no JSON object with verdicts by sender' };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'unusable', why: `is no JSON: ${error.message}` };
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  const parsed = anyObject.safeParse(value);
  return parsed.success ? parsed.data : {};
}

function asVerdict(value: unknown): 'trusted' | 'blocked' | undefined {
  return value === 'trusted' || value === 'blocked' ? value : undefined;
}

function isKnown(bySeat: unknown): boolean {
  const parsed = anyObject.safeParse(bySeat);
  return parsed.success && Object.values(parsed.data).every((value) => asVerdict(value) !== undefined);
}
