import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { buildFacade, removeFacade } from '../../../src/mailbox/facade.ts';
import { appendJournal, journalFolder } from '../../../src/mailbox/journal.ts';
import { resendUnsent } from '../../../src/mailbox/post.ts';
import { foldReceipts, recordState, statesOf } from '../../../src/mailbox/receipts.ts';
import {
  createSeatFolder,
  facadeOf,
  openRoot,
  type SeatFolder,
  seatFolder,
  seatsFolder,
  sessionsFolder,
} from '../../../src/mailbox/seat-folder.ts';
import { type SeatId, shardOf } from '../../../src/protocol/ids.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { filesBelow, type TempRoot, tempFolder, tempRoot } from '../../fixtures/temp-root.ts';

const LINK = { code: 'root-link' };

/** A folder of somebody who must not be touched, with a message-like file in it. */
function elsewhere(t: TestContext): string {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'private.json'), 'private');
  writeFileSync(join(folder, 'msg-000000000001.json'), messageText());
  return folder;
}

/** Runs `work` and checks that nothing in `folder` was added, removed or changed by it. */
function leavesAlone(folder: string, work: () => void): void {
  const before = snapshot(folder);
  work();
  assert.deepEqual(snapshot(folder), before);
}

function snapshot(folder: string): string[] {
  return filesBelow(folder).map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`);
}

function replaceByLink(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

/** Everything that reads or writes mail of a seat, without caring what it says. */
function useEverything({ root, clock, inbox, send }: TempRoot, a: SeatFolder, b: SeatFolder): unknown[] {
  const thrown: unknown[] = [];
  const attempt = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      thrown.push(error);
    }
  };
  attempt(() => send(a, b));
  attempt(() => send(b, a));
  attempt(() => resendUnsent({ root, clock }, b));
  attempt(() => inbox(b).pending());
  attempt(() => inbox(b).recoverClaims());
  attempt(() => inbox(b).claim('msg-000000000001' as never));
  attempt(() => foldReceipts(b));
  attempt(() => statesOf(b, 'msg-000000000001' as never));
  attempt(() => removeFacade(root, b));
  attempt(() => buildFacade(root, seatRecord('bbbbbb')));
  attempt(() => createSeatFolder(root, b.id));
  return thrown;
}

suite('links where folders of ours should be', () => {
  test('[X1] a seat that is a link is refused by name, and nothing is read or written through it', (t) => {
    const temp = tempRoot(t);
    const a = temp.seat('aaaaaa');
    const target = elsewhere(t);
    const b = seatFolder(temp.root, 'bbbbbb' as SeatId);
    symlinkSync(target, b.path);
    leavesAlone(target, () => {
      assert.throws(() => createSeatFolder(temp.root, b.id), LINK);
      assert.throws(() => temp.send(a, b), LINK);
      assert.throws(() => temp.send(b, a), LINK);
      assert.throws(() => temp.inbox(b).pending(), LINK);
      assert.ok(useEverything(temp, a, b).length > 0);
    });
    assert.deepEqual(filesBelow(a.outbox), [], 'what was not sent is in no outbox');
  });

  test('[X1] a link in place of any folder of a seat is refused, and nothing is read or written through it', async (t) => {
    const names = ['inbox', 'claimed', 'read', 'outbox', 'outbox/sending', 'receipts', 'rejected', 'holders'];
    for (const name of names) {
      const temp = tempRoot(t);
      const [a, b] = [temp.seat('aaaaaa'), temp.seat('bbbbbb')];
      temp.send(a, b);
      temp.send(b, a);
      const inbox = temp.inbox(b);
      // What was found to be in order, and unchanged for a while, is looked at again once it has changed.
      await setTimeout(150);
      assert.equal(inbox.pending().length, 1);
      const target = elsewhere(t);
      replaceByLink(join(b.path, name), target);
      leavesAlone(target, () => {
        assert.throws(() => inbox.pending(), LINK, name);
        assert.throws(() => temp.send(b, a), LINK, name);
        assert.ok(useEverything(temp, a, b).length > 0, name);
      });
    }
  });

  test('[X1] a link in place of the folder of all seats or sessions is refused when the root is opened', (t) => {
    for (const folderOf of [seatsFolder, sessionsFolder]) {
      for (const dangling of [false, true]) {
        const temp = tempRoot(t);
        const target = elsewhere(t);
        replaceByLink(folderOf(temp.root), dangling ? '/nonexistent/x' : target);
        leavesAlone(target, () => assert.throws(() => openRoot(temp.root), LINK));
      }
    }
  });

  test('[X1] mail is not read through a link in place of the folder of all seats either', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [temp.seat('aaaaaa'), temp.seat('bbbbbb')];
    temp.send(a, b);
    const moved = join(tempFolder(t), 'moved');
    renameSync(seatsFolder(temp.root), moved);
    symlinkSync(moved, seatsFolder(temp.root));
    leavesAlone(moved, () => {
      assert.throws(() => temp.inbox(b).pending(), LINK);
      assert.throws(() => temp.send(a, b), LINK);
    });
  });

  test('[X1] a façade that is a link is not emptied, not written and not removed; the seat’s own mail still comes', (t) => {
    for (const part of ['path', 'inbox'] as const) {
      const temp = tempRoot(t);
      const [a, b] = [temp.seat('aaaaaa'), temp.seat('bbbbbb')];
      buildFacade(temp.root, seatRecord('bbbbbb'));
      const target = elsewhere(t);
      mkdirSync(join(target, 'inbox'));
      writeFileSync(join(target, 'inbox', 'msg-000000000002.json'), messageText({ id: 'msg-000000000002' }));
      replaceByLink(facadeOf(temp.root, b.id)[part], target);
      const { id } = temp.send(a, b);
      leavesAlone(target, () => {
        assert.deepEqual(
          temp
            .inbox(b)
            .pending()
            .map((pending) => pending.id),
          [id],
        );
        assert.throws(() => buildFacade(temp.root, seatRecord('bbbbbb')), LINK);
        removeFacade(temp.root, b);
      });
    }
  });

  test('[X1] a message to a v1 session whose folder or inbox is a link is not sent', (t) => {
    for (const part of ['path', 'inbox'] as const) {
      const temp = tempRoot(t);
      const a = temp.seat('aaaaaa');
      const v1 = facadeOf(temp.root, 'vvvvvv' as SeatId);
      mkdirSync(v1.inbox, { recursive: true });
      const target = elsewhere(t);
      mkdirSync(join(target, 'inbox'));
      replaceByLink(v1[part], target);
      leavesAlone(target, () => assert.throws(() => temp.send(a, { ...a, id: 'vvvvvv' as SeatId }), LINK));
    }
  });

  test('[X1] single files that are links are replaced or refused, never followed', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [temp.seat('aaaaaa'), temp.seat('bbbbbb')];
    const target = elsewhere(t);
    const precious = join(target, 'private.json');
    symlinkSync(precious, a.sequence);
    leavesAlone(target, () => assert.throws(() => temp.send(a, b), { code: 'root-link' }));
    rmSync(a.sequence);
    const message = temp.send(a, b);
    rmSync(journalFolder(temp.root), { recursive: true });
    symlinkSync(target, journalFolder(temp.root));
    const seen = { state: 'seen', at: new Date().toISOString(), by: b.id } as const;
    leavesAlone(target, () => {
      appendJournal(temp.root, message, [seen]);
      recordState(temp.root, message, seen);
    });
    assert.deepEqual(
      statesOf(a, message.id).at(-1)?.state,
      'seen',
      'a journal that cannot be written costs no receipt',
    );
    symlinkSync(target, join(b.read, shardOf(message.id)));
    const mine = temp.inbox(b);
    const held = mine.claim(message.id);
    assert.ok(held);
    leavesAlone(target, () => assert.throws(() => mine.settle(held), LINK));
    assert.ok(lstatSync(held.path).isFile(), 'the message is where it was');
  });
});

suite('the mailbox root', () => {
  test('it is made private, with every folder of a seat', (t) => {
    const root = join(tempFolder(t), 'deep/er/bridge');
    openRoot(root);
    const { path, inbox, sending } = createSeatFolder(root, 'aaaaaa' as SeatId);
    for (const folder of [root, seatsFolder(root), sessionsFolder(root), path, inbox, sending])
      assert.equal(statSync(folder).mode & 0o777, 0o700, folder);
  });

  test('[X1] a root that v1 made with open modes lets nobody else into our seats or plant a session', (t) => {
    const root = join(tempFolder(t), 'bridge');
    mkdirSync(seatsFolder(root), { recursive: true });
    mkdirSync(sessionsFolder(root));
    for (const folder of [root, seatsFolder(root), sessionsFolder(root)]) chmodSync(folder, 0o777);
    openRoot(root);
    assert.equal(statSync(seatsFolder(root)).mode & 0o777, 0o700);
    assert.equal(statSync(sessionsFolder(root)).mode & 0o777, 0o755);
    assert.equal(statSync(root).mode & 0o777, 0o777, 'the root may be a folder that others use too');
  });

  test('it may be reached through a link that the person made', (t) => {
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'bridge'));
    openRoot(join(folder, 'bridge'));
    assert.deepEqual(readdirSync(join(folder, 'real')).sort(), ['seats', 'sessions']);
  });

  test('a file, or a link into nothing, in its place is an error that says so', (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('/nonexistent/x', join(folder, 'dangling'));
    for (const name of ['file', 'dangling', 'file/below']) {
      const root = join(folder, name);
      assert.throws(() => openRoot(root), {
        code: 'root-unusable',
        message: new RegExp(`${root} cannot be used: .+\\. .+`),
      });
    }
    mkdirSync(join(folder, 'bridge'));
    writeFileSync(join(folder, 'bridge/seats'), '');
    assert.throws(() => openRoot(join(folder, 'bridge')), { code: 'root-link', message: /no folder/ });
  });
});
