import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { foldReceipts, statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { filesBelow, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

interface BadFile {
  readonly what: string;
  readonly name: string;
  readonly reason: RegExp;
  make(path: string, precious: string): void;
}

let number = 0;
const nextId = (): string => `msg-${String((number += 1)).padStart(12, '0')}`;

function text(content: string | Buffer): BadFile['make'] {
  return (path) => writeFileSync(path, content);
}

function message(changes: (id: string) => Readonly<Record<string, unknown>>): {
  name: string;
  make: BadFile['make'];
} {
  const id = nextId();
  return { name: `${id}.json`, make: text(messageText({ id, ...changes(id) })) };
}

const BAD_FILES: readonly BadFile[] = [
  { what: 'torn', name: `${nextId()}.json`, reason: /^not JSON/, make: text(messageText().slice(0, 90)) },
  { what: 'empty', name: `${nextId()}.json`, reason: /^not JSON/, make: text('') },
  { what: 'no JSON', name: `${nextId()}.json`, reason: /^not JSON/, make: text('hello') },
  { what: 'no object', name: `${nextId()}.json`, reason: /expected object, got "hi"/, make: text('"hi"') },
  {
    what: 'another id',
    ...message(() => ({ id: 'msg-zzzzzzzzzzzz' })),
    reason: /as in the file name, got msg-zzz/,
  },
  {
    what: 'another receiver',
    ...message(() => ({ to: 'cccccc' })),
    reason: /^to: expected bbbbbb, got cccccc/,
  },
  { what: 'a foreign type', ...message(() => ({ type: 'task' })), reason: /^type: expected one of/ },
  { what: 'a sender that is a path', ...message(() => ({ from: '../../..' })), reason: /^from: / },
  { what: 'a newer format', ...message(() => ({ format: 2 })), reason: /^format 2 is newer than 1/ },
  {
    what: 'too much content',
    ...message(() => ({ content: 'x'.repeat(1_048_577) })),
    reason: /^content: 1048577 bytes, at most 1048576/,
  },
  {
    what: 'a sparse file',
    name: `${nextId()}.json`,
    reason: /^1099511627776 bytes, at most \d+$/,
    make: (path) => {
      writeFileSync(path, '');
      truncateSync(path, 1024 ** 4);
    },
  },
  {
    what: 'a link',
    name: `${nextId()}.json`,
    reason: /^no regular file/,
    make: (path, precious) => symlinkSync(precious, path),
  },
  {
    what: 'a link into nothing',
    name: `${nextId()}.json`,
    reason: /^no regular file/,
    make: (path) => symlinkSync('/nonexistent', path),
  },
  {
    what: 'a folder',
    name: `${nextId()}.json`,
    reason: /^no regular file/,
    make: (path) => mkdirSync(join(path, 'below'), { recursive: true }),
  },
  {
    what: 'a pipe',
    name: `${nextId()}.json`,
    reason: /^no regular file/,
    make: (path) => void execFileSync('mkfifo', [path]),
  },
  {
    what: 'not UTF-8',
    name: `${nextId()}.json`,
    reason: /^not UTF-8/,
    make: text(Buffer.from([0x7b, 0xff, 0x7d])),
  },
  {
    what: 'a name with path characters',
    name: '..%2f..\\etc:passwd;$(x)\n.json',
    reason: /^not a name of a message/,
    make: text(messageText()),
  },
  {
    what: 'a very long name',
    name: `${'x'.repeat(250)}.json`,
    reason: /^not a name of a message/,
    make: text('x'),
  },
  { what: 'the bare ending', name: '.json', reason: /^not a name of a message/, make: text('x') },
];

/** Puts every bad file into a folder, with good mail around them, and returns the ids of that. */
function fill(inbox: string, { root }: TempRoot): string[] {
  const precious = join(root, 'precious');
  writeFileSync(precious, 'precious');
  const ids = [nextId(), nextId()];
  const [first = '', last = ''] = ids;
  writeFileSync(join(inbox, `${first}.json`), messageText({ id: first, seq: 1 }));
  for (const bad of BAD_FILES) bad.make(join(inbox, bad.name), precious);
  writeFileSync(join(inbox, `${last}.json`), messageText({ id: last, seq: 2 }));
  return ids;
}

function rejectedReasons(folder: SeatFolder): Map<string, string> {
  const invalid = join(folder.rejected, 'invalid');
  const reasons = new Map<string, string>();
  for (const name of readdirSync(invalid)) {
    if (name.endsWith('.reason')) continue;
    reasons.set(
      name.replace(/\.[a-z0-9]{6}$/, ''),
      readFileSync(join(invalid, `${name}.reason`), 'utf8').trim(),
    );
  }
  return reasons;
}

function safe(name: string): string {
  return name.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, 80);
}

suite('files in an inbox that are no messages', () => {
  test('[M1] each is moved to rejected/ once, with the reason, and the good mail around them is delivered', (t) => {
    const temp = tempRoot(t);
    const b = temp.seat('bbbbbb');
    const good = fill(b.inbox, temp);
    const mine = temp.inbox(b);
    assert.deepEqual(
      mine.pending().map(({ id }) => id),
      good,
    );
    const reasons = rejectedReasons(b);
    for (const { what, name, reason } of BAD_FILES) assert.match(reasons.get(safe(name)) ?? '', reason, what);
    assert.equal(reasons.size, BAD_FILES.length);
    const before = readdirSync(join(b.rejected, 'invalid')).sort();
    assert.deepEqual(
      temp
        .inbox(b)
        .pending()
        .map(({ id }) => id),
      good,
    );
    assert.deepEqual(readdirSync(join(b.rejected, 'invalid')).sort(), before);
    for (const id of good) assert.ok(mine.claim(id as never));
    assert.equal(readFileSync(join(temp.root, 'precious'), 'utf8'), 'precious');
  });

  test('[M6] the same files in the façade are sorted out the same way', (t) => {
    const temp = tempRoot(t);
    const b = temp.seat('bbbbbb');
    buildFacade(temp.root, seatRecord('bbbbbb'));
    const good = fill(facadeOf(temp.root, b.id).inbox, temp);
    assert.deepEqual(
      temp
        .inbox(b)
        .pending()
        .map(({ id }) => id),
      good,
    );
    assert.equal(rejectedReasons(b).size, BAD_FILES.length);
    assert.deepEqual(filesBelow(facadeOf(temp.root, b.id).inbox), []);
    assert.equal(readFileSync(join(temp.root, 'precious'), 'utf8'), 'precious');
  });

  test('five thousand of them keep nobody waiting for long', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const start = performance.now();
    for (let i = 0; i < 5000; i += 1) writeFileSync(join(b.inbox, `junk-${i}.json`), '{');
    const written = performance.now();
    assert.deepEqual(
      inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
    const ratio = (performance.now() - written) / (written - start);
    assert.ok(ratio < 25, `it took ${ratio.toFixed(1)} times as long as writing them`);
    assert.equal(readdirSync(join(b.rejected, 'invalid')).length, 10_000);
    assert.deepEqual(readdirSync(b.inbox), [`${id}.json`]);
  });

  test('what is in claimed/ under a name that no claim has is moved out of the way too', (t) => {
    const { seat, inbox } = tempRoot(t);
    const b = seat('bbbbbb');
    for (const name of ['msg-000000000001.json', 'msg-000000000001~x.json', 'evil~1~2~zzzzzzzz~1.json'])
      writeFileSync(join(b.claimed, name), messageText());
    assert.equal(inbox(b).recoverClaims(), 0);
    assert.deepEqual(readdirSync(b.claimed), []);
    assert.equal(rejectedReasons(b).size, 3);
  });

  test('the sender of a message in a newer format is told that it was refused and why', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const sent = send(a, b);
    writeFileSync(join(b.inbox, `${sent.id}.json`), JSON.stringify({ ...sent, format: 9 }));
    assert.deepEqual(inbox(b).pending(), []);
    const last = statesOf(a, sent.id).at(-1);
    assert.deepEqual([last?.state, last?.by], ['refused', 'bbbbbb']);
    assert.match(last?.reason ?? '', /format 9 is newer/);
  });

  test('[M4] a damaged second copy of a message that was read does not make it look refused', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const sent = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(sent.id);
    assert.ok(held);
    writeFileSync(join(b.inbox, `${sent.id}.json`), JSON.stringify({ ...sent, format: 9 }));
    mine.pending();
    mine.settle(held);
    mine.pending();
    assert.deepEqual(
      statesOf(a, sent.id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    assert.deepEqual(readdirSync(b.inbox), []);
  });

  test('temporary files of killed writers are not touched while they are young, and removed when they are old', (t) => {
    const { seat, inbox, clock } = tempRoot(t);
    const b = seat('bbbbbb');
    writeFileSync(join(b.inbox, '.tmp-1-abc'), 'half');
    writeFileSync(join(b.inbox, 'msg-000000000001.x7Fq3d'), 'v1 half');
    inbox(b).pending();
    assert.equal(readdirSync(b.inbox).length, 2);
    clock.offsetMs = 2 * 3_600_000;
    inbox(b).pending();
    assert.deepEqual(readdirSync(b.inbox), ['msg-000000000001.x7Fq3d']);
  });

  test('a folder under the name of a temporary file keeps no mail back, however old it is', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const b = seat('bbbbbb');
    for (const name of ['.tmp-1-folder', 'msg-000000000001.accepted']) {
      mkdirSync(join(b.inbox, name));
      utimesSync(join(b.inbox, name), 1, 1);
    }
    const { id } = send(seat('aaaaaa'), b);
    assert.deepEqual(
      inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
  });

  test('receipts that are none are moved out of the way, and the good ones are filed', (t) => {
    const { seat, send, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    writeFileSync(join(a.receipts, `${id}.seen-torn00.json`), '{"message":');
    writeFileSync(
      join(a.receipts, `${id}.seen-what00.json`),
      `{"message":"${id}","state":"eaten","at":"","by":"bbbbbb"}`,
    );
    mkdirSync(join(a.receipts, `${id}.seen-folder.json`));
    symlinkSync('/etc/hostname', join(a.receipts, `${id}.seen-link00.json`));
    const good = {
      message: id,
      state: 'seen',
      at: new Date(clock.now()).toISOString(),
      by: 'bbbbbb',
      later: 1,
    };
    writeFileSync(join(a.receipts, `${id}.seen-good00.json`), JSON.stringify(good));
    writeFileSync(join(a.receipts, 'note.txt'), 'mine');
    foldReceipts(a);
    assert.deepEqual(
      statesOf(a, id).map(({ state }) => state),
      ['accepted', 'delivered', 'seen'],
    );
    assert.deepEqual(readdirSync(a.receipts), ['note.txt']);
    assert.equal(rejectedReasons(a).size, 4);
  });

  test('a receipt for a message that was never sent is dropped after an hour', (t) => {
    const { seat } = tempRoot(t);
    const a = seat('aaaaaa');
    const receipt = {
      message: 'msg-000000000009',
      state: 'seen',
      at: '2026-11-20T22:41:00.000Z',
      by: 'bbbbbb',
    };
    const path = join(a.receipts, 'msg-000000000009.seen-aaaaaa.json');
    writeFileSync(path, JSON.stringify(receipt));
    foldReceipts(a);
    assert.ok(lstatSync(path).isFile(), 'its copy may still come');
    const twoHoursAgo = Date.now() / 1000 - 7200;
    utimesSync(path, twoHoursAgo, twoHoursAgo);
    foldReceipts(a);
    assert.deepEqual(readdirSync(a.receipts), []);
  });
});
