import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import { replyFromSeat } from '../../../../src/client/mail/reply.ts';
import { type OpenSeat, openOrMakeOwnSeat } from '../../../../src/client/seats/open-seat.ts';
import type { Message } from '../../../../src/protocol/message.ts';
import { clientBench } from '../../../fixtures/client-context.ts';
import { filesBelow } from '../../../fixtures/temp-root.ts';
import { unprivileged } from '../../../fixtures/unprivileged.ts';

interface Asked {
  readonly root: string;
  readonly app: OpenSeat;
  readonly lib: OpenSeat;
  readonly query: Message;
}

/** A question of `app` that waits at `lib`. */
async function asked(t: TestContext): Promise<Asked> {
  const bench = clientBench(t);
  const open = async (name: string): Promise<OpenSeat> =>
    (await openOrMakeOwnSeat(bench.context(name), { use: 'take' })).seat;
  const [app, lib] = [await open('app'), await open('lib')];
  const peer = app.correspondent.resolve('lib');
  return { root: bench.root, app, lib, query: app.correspondent.send(peer, { type: 'query', content: '?' }) };
}

suite('a reply', () => {
  test('that was delivered has succeeded, although the receipts of who asked cannot be written', async (t) => {
    const { root, app, lib, query } = await asked(t);
    chmodSync(app.folder.receipts, 0o500);
    const sent = unprivileged(root, () => {
      const { id } = replyFromSeat(lib, { id: query.id, content: 'yes', isNamed: false });
      lib.correspondent.reply(query.id, 'yes, again');
      return id;
    });
    assert.equal(readdirSync(app.folder.inbox).length, 2);
    assert.ok(readdirSync(app.folder.inbox).includes(`${sent}.json`));
    assert.deepEqual(readdirSync(lib.folder.inbox), []);
    assert.match(filesBelow(lib.folder.read).join(), new RegExp(query.id));
  });

  test('[M1] that was delivered has succeeded, although the question cannot be filed as read', async (t) => {
    const { root, app, lib, query } = await asked(t);
    chmodSync(lib.folder.read, 0o500);
    unprivileged(root, () => replyFromSeat(lib, { id: query.id, content: 'yes', isNamed: false }));
    assert.equal(readdirSync(app.folder.inbox).length, 1);
    assert.match(readdirSync(lib.folder.claimed).join(), new RegExp(query.id));
  });

  test('[M1] that failed leaves the question waiting, marked as one that may have been seen', async (t) => {
    const { root, app, lib, query } = await asked(t);
    chmodSync(app.folder.inbox, 0o500);
    unprivileged(root, () => {
      assert.throws(() => replyFromSeat(lib, { id: query.id, content: 'yes', isNamed: false }), {
        code: 'root-unusable',
      });
    });
    assert.deepEqual(
      lib.inbox.pending().map(({ id, repeat }) => [id, repeat]),
      [[query.id, 1]],
    );
  });
});
