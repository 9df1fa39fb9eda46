import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { withLock } from '../lib/file-lock.ts';
import { readRegular } from '../lib/read-regular.ts';
import { storing } from '../mailbox/storage-error.ts';
import type { SeatId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';

/** What the person decided about a peer: let it through the gate, refuse all of its messages, or nothing yet. */
export type Verdict = 'trusted' | 'blocked' | 'undecided';

const EVERY_SEAT = '*';
const LOCK_PATIENCE_MS = 2000;
const MAX_TRUST_BYTES = 4 * 1024 * 1024;

const trustSchema = z.looseObject({
  /** By sender, then by receiver (`*` for every seat of this person). */
  verdicts: z._default(z.record(z.string(), z.record(z.string(), z.enum(['trusted', 'blocked']))), {}),
});
type Trust = z.infer<typeof trustSchema>;

/** Where the person's verdicts are kept: one file for all seats of a root. */
export function trustFile(root: string): string {
  return join(root, 'trust.json');
}

/** The verdict that holds for what `sender` sends to `receiver`; one for the receiver alone goes before one for all. */
export function verdictOf(root: string, { sender, receiver }: { sender: SeatId; receiver: SeatId }): Verdict {
  const bySeat = readTrust(root).verdicts[sender];
  return bySeat?.[receiver] ?? bySeat?.[EVERY_SEAT] ?? 'undecided';
}

/** Records a person's verdict about a sender, for one receiver or for all of the person's seats. */
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
  const trust = readTrust(root);
  const verdicts = {
    ...trust.verdicts,
    [sender]: { ...trust.verdicts[sender], [receiver ?? EVERY_SEAT]: verdict },
  };
  writeAtomic(trustFile(root), `${JSON.stringify({ ...trust, verdicts }, null, 2)}\n`, { flush: true });
}

/** When the verdicts last changed, to see cheaply whether held mail has to be looked at again. */
export function trustChangedMs(root: string): number {
  return unlessGone(() => statSync(trustFile(root)).mtimeMs, 0);
}

function readTrust(root: string): Trust {
  const found = readRegular(trustFile(root), MAX_TRUST_BYTES);
  const trust = found.kind === 'text' ? parseJson(found.text, trustSchema) : undefined;
  return trust ?? { verdicts: {} };
}
