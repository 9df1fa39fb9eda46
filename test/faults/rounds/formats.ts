import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { pastPath } from '../../../src/mailbox/past.ts';
import { post } from '../../../src/mailbox/post.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, openRoot, type SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import type { Audit } from '../audit.ts';
import { type RoundBench, shellSeat, takeEverything } from '../round.ts';
import { contentFor, sentLine, wordsOf } from '../words.ts';

type Kind = 'same' | 'newer-format' | 'newer-keys' | 'newer-type' | 'v1';
const KINDS: readonly Kind[] = ['same', 'newer-format', 'newer-keys', 'newer-type', 'v1'];

/** What programs of other versions change in a message that ours would send. */
const CHANGES: Readonly<Record<Exclude<Kind, 'v1'>, Readonly<Record<string, unknown>>>> = {
  same: {},
  'newer-format': { format: 2, body: { parts: ['what a later version may hold'] } },
  'newer-keys': { urgencyLevel: 3, metadata: { permissionClass: 'asks', newer: { nested: [1, null] } } },
  'newer-type': { type: 'task-offer' },
};

/**
 * Programs of a newer and an older version share the root: messages of a higher format, with unknown keys, of an unknown
 * type, with the keys of session-bridge v1 only, and receipts of a state that this version does not know. What can be read
 * is delivered with all its keys; the rest is rejected with its reason, and its sender told.
 */
export async function formats(bench: RoundBench): Promise<Audit> {
  const { random, ledger } = bench;
  const root = join(bench.folder, 'bridge');
  openRoot(root);
  const seats = ['aaaaaa', 'bbbbbb'].map((id) => shellSeat(root, id, bench));
  const [a, b] = seats as [SeatFolder, SeatFolder];
  buildFacade(root, seatRecord('bbbbbb'));
  const kinds = new Map<MessageId, Kind>();
  for (let count = random.between(5, 20); count > 0; count -= 1) {
    const kind = random.pick(KINDS);
    const id = kind === 'v1' ? putByV1(bench, root) : sendBy(bench, { root, a, b, kind });
    kinds.set(id, kind);
  }
  const [first] = kinds.keys();
  const receipt = { message: first, state: 'dreamt-of', at: new Date().toISOString(), by: 'bbbbbb' };
  writeFileSync(join(a.receipts, `${first}.dreamt-of-000000.json`), JSON.stringify(receipt));
  ledger.invalidFiles += 1;
  takeEverything(root, seats, bench);
  for (const [id, kind] of kinds) check(bench, { id, kind, a, b });
  return bench.finish(root, seats);
}

/** A newer version of the sender: what it wrote replaces what ours did, in the receiver's inbox and its own outbox. */
function sendBy(
  { ledger, random, clock }: RoundBench,
  { root, a, b, kind }: { root: string; a: SeatFolder; b: SeatFolder; kind: Exclude<Kind, 'v1'> },
): MessageId {
  const metadata = { permissionClass: 'asks' as const };
  const message = post({ root, clock }, a, { to: b.id, type: 'note', content: contentFor(random), metadata });
  ledger.noteSent(wordsOf(sentLine(message)).sent);
  for (const path of [join(b.inbox, `${message.id}.json`), pastPath(a.outbox, message.id)]) {
    const written = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...written, ...CHANGES[kind] }));
  }
  if (kind === 'newer-format' || kind === 'newer-type') ledger.invalidFiles += 1;
  return message.id;
}

function putByV1({ ledger, random }: RoundBench, root: string): MessageId {
  const id = `msg-${random.seed().toString(36).padStart(12, '0')}` as MessageId;
  const whole = JSON.parse(messageText({ id, from: 'v1v1v1', content: contentFor(random) })) as object;
  const ours = new Set(['format', 'seq', 'thread', 'hops', 'expectsReply']);
  const keys = Object.fromEntries(Object.entries(whole).filter(([key]) => !ours.has(key)));
  const { inbox } = facadeOf(root, 'bbbbbb' as SeatFolder['id']);
  writeFileSync(join(inbox, `${id}.json`), JSON.stringify(keys, null, 2));
  ledger.foreign.set(id, 'bbbbbb' as SeatFolder['id']);
  return id;
}

function check(
  { findings }: RoundBench,
  { id, kind, a, b }: { id: MessageId; kind: Kind; a: SeatFolder; b: SeatFolder },
): void {
  if (kind === 'newer-format' || kind === 'newer-type') {
    const refused = statesOf(a, id).find(({ state }) => state === 'refused');
    const words = kind === 'newer-format' ? /format 2 is newer/ : /type: expected one of/;
    if (!words.test(refused?.reason ?? ''))
      findings.push(`${id} (${kind}): its sender was told "${refused?.reason}"`);
    return;
  }
  const read = JSON.parse(readFileSync(pastPath(b.read, id), 'utf8')) as Record<string, unknown>;
  const expected = kind === 'newer-keys' ? CHANGES[kind] : {};
  for (const [key, value] of Object.entries(expected))
    if (JSON.stringify(read[key]) !== JSON.stringify(value))
      findings.push(`${id} (${kind}) has lost its key ${key}`);
}
