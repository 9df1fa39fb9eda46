import assert from 'node:assert/strict';
import { lstatSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { markRead } from '../../../src/mailbox/mark-read.ts';
import { pastPath } from '../../../src/mailbox/past.ts';
import { filesBelow, tempFolder, tempRoot } from '../../fixtures/temp-root.ts';

const LONG_AGO_S = 1_000_000_000;
const LIKE_A_STATUS = 'x\n  "status": "pending",\n"status": "pending"';

suite('the file of a message that was handled', () => {
  test('says that it was read, with nothing else changed, and is as young as that', (t) => {
    const path = join(tempFolder(t), 'message.json');
    const message = { id: 'msg-aaaaaaaaaaaa', status: 'pending', content: LIKE_A_STATUS, own: 'kept ü😀' };
    for (const text of [
      JSON.stringify(message, null, 2),
      JSON.stringify(message),
      JSON.stringify(message, null, 4),
    ]) {
      writeFileSync(path, text);
      utimesSync(path, LONG_AGO_S, LONG_AGO_S);
      markRead(path);
      assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { ...message, status: 'read' });
      assert.ok(lstatSync(path).mtimeMs > LONG_AGO_S * 1000);
    }
  });

  test('is the very file that was flushed when it was sent, not a second one', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { content: LIKE_A_STATUS });
    const sent = lstatSync(join(b.inbox, `${id}.json`)).ino;
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.settle(claimed);
    assert.equal(lstatSync(pastPath(b.read, id)).ino, sent);
    const read = JSON.parse(readFileSync(pastPath(b.read, id), 'utf8')) as Record<string, unknown>;
    assert.deepEqual([read['status'], read['content']], ['read', LIKE_A_STATUS]);
  });

  test('[X1] is not looked for behind a link, and one that is no JSON stays as it is', (t) => {
    const folder = tempFolder(t);
    const [target, link] = [join(folder, 'target.json'), join(folder, 'link.json')];
    const text = '{\n  "status": "pending",\n  "content": ""\n}\n';
    writeFileSync(target, text);
    symlinkSync(target, link);
    markRead(link);
    assert.equal(readFileSync(target, 'utf8'), text);
    writeFileSync(target, 'torn {');
    markRead(target);
    assert.equal(readFileSync(target, 'utf8'), 'torn {');
    assert.deepEqual(filesBelow(folder), ['link.json', 'target.json']);
  });

  test('[M1] a claim that was given back by somebody else is known to be handled once it is settled', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.release(claimed, { maybeSeen: true });
    mine.settle(claimed);
    const read = JSON.parse(readFileSync(pastPath(b.read, id), 'utf8')) as Record<string, unknown>;
    assert.equal(read['status'], 'read');
    assert.deepEqual(mine.pending(), []);
    assert.equal(inbox(b).claim(id), undefined);
  });
});
