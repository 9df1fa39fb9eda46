import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { pastPath, readPast } from '../../../src/mailbox/past.ts';
import { resendUnsent } from '../../../src/mailbox/post.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder, seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import { MAX_CONTENT_BYTES, type Message } from '../../../src/protocol/message.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { deadProcess, filesBelow, otherProcess, tempRoot } from '../../fixtures/temp-root.ts';

/** Leaves a message as a sender does that is killed between accepting and delivering it. */
function leaveUnsent(sender: SeatFolder, changes: Partial<Message>, process = deadProcess()): MessageId {
  const id = (changes.id ?? 'msg-000000000001') as MessageId;
  const path = claimPath(sender.sending, { id, owner: { process, generation: 0 } });
  writeFileSync(path, messageText({ id, from: sender.id, to: 'bbbbbb', ...changes }));
  return id;
}

suite('sending', () => {
  test('[M1] when send returns, the message is in the receiver’s inbox, and the sender has a copy with its states', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b, { type: 'query', content: 'what broke?', metadata: { fromProject: 'app' } });
    const text = readFileSync(join(b.inbox, `${message.id}.json`), 'utf8');
    assert.deepEqual(JSON.parse(text), {
      id: message.id,
      from: 'aaaaaa',
      to: 'bbbbbb',
      type: 'query',
      timestamp: message.timestamp,
      status: 'pending',
      content: 'what broke?',
      inReplyTo: null,
      metadata: { urgency: 'normal', fromProject: 'app' },
      format: 1,
      seq: 1,
      thread: message.id,
      hops: 0,
      place: 1,
      expectsReply: true,
    });
    assert.match(message.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const copy = readPast(a.outbox, message.id) as Record<string, unknown>;
    assert.equal(copy['status'], 'sent');
    assert.deepEqual(
      statesOf(a, message.id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    assert.deepEqual(readdirSync(a.sending), []);
    assert.equal(statSync(join(b.inbox, `${message.id}.json`)).mode & 0o777, 0o600);
  });

  test('each message of a seat has the next number', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    assert.deepEqual(
      [send(a, b), send(a, b), send(b, a), send(a, b)].map(({ seq }) => seq),
      [1, 2, 1, 3],
    );
  });

  test('a mebibyte of anything passes unchanged', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const units = 'é 漢 😀 \u0000 \u001B[0m \u2028 " \\ \r\n \uD83D \uDE00x \uFEFF {"a": e\u0301'.split(' ');
    for (const unit of units) {
      const times = Math.floor(MAX_CONTENT_BYTES / Buffer.byteLength(unit));
      const content = unit.repeat(times) + 'x'.repeat(MAX_CONTENT_BYTES - times * Buffer.byteLength(unit));
      assert.equal(Buffer.byteLength(content), MAX_CONTENT_BYTES);
      const mine = inbox(b);
      const { id } = send(a, b, { content });
      assert.deepEqual(
        mine.pending().map(({ contentBytes }) => contentBytes),
        [MAX_CONTENT_BYTES],
      );
      const claimed = mine.claim(id);
      assert.ok(claimed?.message.content === content, JSON.stringify(unit));
      mine.settle(claimed);
      assert.ok((readPast(b.read, id) as Message).content === content, `${JSON.stringify(unit)} in read/`);
      assert.ok(
        (readPast(a.outbox, id) as Message).content === content,
        `${JSON.stringify(unit)} in outbox/`,
      );
    }
  });

  test('one byte more is refused with the size, and nothing at all without content', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    assert.throws(() => send(a, b, { content: 'x'.repeat(MAX_CONTENT_BYTES + 1) }), {
      code: 'content-too-large',
      message: /1048577 bytes.*at most 1048576/,
      facts: { bytes: MAX_CONTENT_BYTES + 1, limit: MAX_CONTENT_BYTES },
    });
    for (const type of ['query', 'response', 'note'] as const)
      assert.throws(() => send(a, b, { type, content: '' }), { code: 'content-empty' });
    assert.deepEqual([...filesBelow(a.path), ...filesBelow(b.path)], []);
    assert.equal(send(a, b, { type: 'ping', content: '' }).content, '');
  });

  test('a mailbox that is not there, or just went, is an error and nothing is kept of the message', (t) => {
    const { root, seat, send } = tempRoot(t);
    const a = seat('aaaaaa');
    const nobody = seatFolder(root, 'nobody' as SeatId);
    assert.throws(() => send(a, nobody), { code: 'peer-unknown', facts: { peer: 'nobody' } });
    const gone = seat('bbbbbb');
    rmSync(gone.inbox, { recursive: true });
    assert.throws(() => send(a, gone), { code: 'peer-unknown' });
    rmSync(gone.path, { recursive: true });
    mkdirSync(facadeOf(root, gone.id).path, { recursive: true });
    assert.throws(() => send(a, gone), { code: 'peer-unknown' });
    assert.deepEqual(filesBelow(a.path), ['sequence']);
  });

  test('a pipe in the place of the sender’s numbers is an error, and keeps nobody waiting', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    execFileSync('mkfifo', [a.sequence]);
    assert.throws(() => send(a, b), { code: 'root-unusable', message: /a pipe or device/ });
    assert.deepEqual(readdirSync(b.inbox), []);
  });

  test('a sender whose own folder is gone is told so', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    rmSync(a.path, { recursive: true });
    assert.throws(() => send(a, b), { code: 'root-unusable', message: /aaaaaa is gone/ });
    assert.deepEqual(filesBelow(b.path), []);
  });
});

suite('what a killed sender left behind', () => {
  test('[M1] is delivered under the same id, once, however often it is tried', (t) => {
    const { root, clock, seat, inbox } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const id = leaveUnsent(a, {});
    assert.equal(resendUnsent({ root, clock }, a), 1);
    assert.equal(resendUnsent({ root, clock }, a), 0);
    assert.deepEqual(
      inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
    assert.deepEqual(
      statesOf(a, id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    assert.deepEqual(readdirSync(a.sending), []);
  });

  test('[M2] is not handed out again when it had been delivered and read before the kill', (t) => {
    const { root, clock, seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const sent = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(sent.id);
    assert.ok(held);
    // Killed after the delivery, before the copy in the outbox.
    leaveUnsent(a, sent);
    rmSync(pastPath(a.outbox, sent.id));
    assert.equal(resendUnsent({ root, clock }, a), 1);
    assert.deepEqual(mine.pending(), []);
    mine.settle(held);
    assert.deepEqual(mine.pending(), []);
    assert.deepEqual(readdirSync(b.inbox).length, 0);
    assert.deepEqual(
      statesOf(a, sent.id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    // Killed after the copy in the outbox, before the last step.
    leaveUnsent(a, sent);
    assert.equal(resendUnsent({ root, clock }, a), 0);
    assert.deepEqual([...readdirSync(a.sending), ...readdirSync(b.inbox)], []);
  });

  test('is left to a process that is still sending it', (t) => {
    const { root, clock, seat } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    leaveUnsent(a, {}, otherProcess());
    assert.equal(resendUnsent({ root, clock }, a), 0);
    assert.deepEqual(readdirSync(b.inbox), []);
    leaveUnsent(a, { id: 'msg-000000000002' as MessageId }, thisProcess());
    assert.equal(resendUnsent({ root, clock }, a), 1, 'what this process could not finish earlier');
  });

  test('is left for a while to a process that cannot be seen from here, also one with this pid', (t) => {
    const { root, clock, seat } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const elsewhere = { ...thisProcess(), host: '00000000' };
    leaveUnsent(a, {}, elsewhere);
    const torn = claimPath(a.sending, {
      id: 'msg-00000000000b' as MessageId,
      owner: { process: { ...elsewhere, pid: 7 }, generation: 0 },
    });
    writeFileSync(torn, '{"id":"msg');
    assert.equal(resendUnsent({ root, clock }, a), 0);
    assert.deepEqual([readdirSync(a.sending).length, readdirSync(b.inbox).length], [2, 0]);
    clock.offsetMs = 11 * 60_000;
    assert.equal(resendUnsent({ root, clock }, a), 1);
    assert.deepEqual([readdirSync(a.sending).length, readdirSync(b.inbox).length], [0, 1]);
  });

  test('[M2] is marked as a repeat when it was delivered and the first copy is out of sight', (t) => {
    const { root, clock, seat, inbox } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const id = leaveUnsent(a, {});
    const [sending = ''] = readdirSync(a.sending);
    linkSync(join(a.sending, sending), join(b.inbox, `${id}.json`));
    renameSync(b.inbox, join(root, 'aside'));
    mkdirSync(b.inbox);
    assert.equal(resendUnsent({ root, clock }, a), 1);
    assert.equal(inbox(b).claim(id)?.message.repeat, 1);
    assert.deepEqual(readdirSync(a.sending), []);
  });

  test('[M4] is not undeliverable when it was delivered before its receiver went out of sight', (t) => {
    const { root, clock, seat } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const id = leaveUnsent(a, {});
    const [sending = ''] = readdirSync(a.sending);
    linkSync(join(a.sending, sending), join(b.inbox, `${id}.json`));
    renameSync(b.path, join(root, 'aside'));
    resendUnsent({ root, clock }, a);
    renameSync(join(root, 'aside'), b.path);
    assert.deepEqual(
      statesOf(a, id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    assert.deepEqual([readdirSync(a.sending), readdirSync(b.inbox)], [[], [`${id}.json`]]);
  });

  test('is recorded as undeliverable when the receiver is gone', (t) => {
    const { root, clock, seat } = tempRoot(t);
    const a = seat('aaaaaa');
    const id = leaveUnsent(a, {});
    assert.equal(resendUnsent({ root, clock }, a), 0);
    const last = statesOf(a, id).at(-1);
    assert.deepEqual([last?.state, last?.reason], ['undeliverable', 'the mailbox of the receiver is gone']);
    assert.deepEqual(readdirSync(a.sending), []);
  });

  test('waits when its receiver cannot be written to now, and keeps no other one back', (t) => {
    const { root, clock, seat, inbox } = tempRoot(t);
    const [a, b, c] = [seat('aaaaaa'), seat('bbbbbb'), seat('cccccc')];
    rmSync(c.inbox, { recursive: true });
    writeFileSync(c.inbox, 'in the way');
    leaveUnsent(a, { id: 'msg-000000000001' as MessageId, to: c.id });
    leaveUnsent(a, { id: 'msg-000000000002' as MessageId });
    assert.equal(resendUnsent({ root, clock }, a), 1);
    assert.equal(inbox(b).pending().length, 1);
    assert.equal(readdirSync(a.sending).length, 1);
    rmSync(c.inbox);
    mkdirSync(c.inbox);
    assert.equal(resendUnsent({ root, clock }, a), 1);
  });

  test('[X1] is not sent when somebody forged it in another’s name, and moves out of the way with a reason', (t) => {
    const { root, clock, seat } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    leaveUnsent(a, { from: 'cccccc' as SeatId });
    const { pid, start, host } = deadProcess();
    writeFileSync(join(a.sending, `msg-000000000002~${pid}~${start}~${host}~0.json`), '{"torn');
    writeFileSync(join(a.sending, `msg-000000000003~${pid}~${start}~${host}~0.json`), messageText());
    assert.equal(resendUnsent({ root, clock }, a), 0);
    assert.deepEqual([...readdirSync(a.sending), ...readdirSync(b.inbox)], []);
    assert.equal(readdirSync(join(a.rejected, 'invalid')).length, 6);
  });
});
