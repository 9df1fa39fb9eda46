import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ask } from '../../../../src/client/mail/ask.ts';
import { waitForMail } from '../../../../src/client/mail/mail-wait.ts';
import { nextMessage, whileListening } from '../../../../src/client/mail/next-message.ts';
import { showMessage } from '../../../../src/client/mail/show-message.ts';
import { connect } from '../../../../src/client/seats/connect.ts';
import { type OpenSeat, openOrMakeOwnSeat } from '../../../../src/client/seats/open-seat.ts';
import { stopSeat } from '../../../../src/client/seats/stop-seat.ts';
import { toldError } from '../../../../src/client/told-error.ts';
import { SeatHold } from '../../../../src/directory/seat-hold.ts';
import { setVerdict } from '../../../../src/directory/trust.ts';
import { thisProcess } from '../../../../src/lib/process-identity.ts';
import { announceAsk, asksFolder, awaitedAnswers } from '../../../../src/mailbox/awaited-answers.ts';
import { claimPath } from '../../../../src/mailbox/claim-name.ts';
import { statesOf } from '../../../../src/mailbox/receipts.ts';
import { facadeOf } from '../../../../src/mailbox/seat-folder.ts';
import { CahootsError } from '../../../../src/protocol/errors.ts';
import type { MessageId, SeatId } from '../../../../src/protocol/ids.ts';
import { waitFor } from '../../../../src/testing/wait-for.ts';
import { type ClientBench, clientBench } from '../../../fixtures/client-context.ts';
import { messageText } from '../../../fixtures/message-text.ts';
import { DAY_MS, deadProcess } from '../../../fixtures/temp-root.ts';
import { unprivileged } from '../../../fixtures/unprivileged.ts';

const ID = 'msg-000000000001' as MessageId;

interface Two {
  readonly bench: ClientBench;
  readonly app: OpenSeat;
  readonly lib: OpenSeat;
}

async function two(t: TestContext): Promise<Two> {
  const bench = clientBench(t);
  const open = async (name: string): Promise<OpenSeat> =>
    (await openOrMakeOwnSeat(bench.context(name), { use: 'take' })).seat;
  return { bench, app: await open('app'), lib: await open('lib') };
}

const never = (): AbortSignal => new AbortController().signal;

suite('a wait for mail', () => {
  test('ends with what the look finds, at once or after a change', async (t) => {
    const { app, lib } = await two(t);
    assert.equal(await waitForMail(lib, { look: () => 'now', waitMs: 0, signal: never() }), 'now');
    const look = (): string | undefined => lib.inbox.pending()[0]?.type;
    const waiting = waitForMail(lib, { look, waitMs: 10_000, signal: never() });
    app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'hello' });
    assert.equal(await waiting, 'note');
  });

  test('ends with nothing when the time is up', async (t) => {
    const { lib } = await two(t);
    assert.equal(await waitForMail(lib, { look: () => undefined, waitMs: 20, signal: never() }), undefined);
  });

  test('ends when it is given up, and with what the look throws [M3]', async (t) => {
    const { lib } = await two(t);
    const controller = new AbortController();
    const look = (): undefined => undefined;
    const waiting = waitForMail(lib, { look, waitMs: Number.POSITIVE_INFINITY, signal: controller.signal });
    controller.abort();
    await assert.rejects(waiting, isCancelled);
    await assert.rejects(waitForMail(lib, { look, waitMs: 10, signal: controller.signal }), isCancelled);
    const failing = (): undefined => {
      throw new RangeError('the look failed');
    };
    await assert.rejects(waitForMail(lib, { look: failing, waitMs: 10, signal: never() }), RangeError);
  });

  test('builds the façade again that v1 deletes meanwhile [M6]', async (t) => {
    const { bench, lib } = await two(t);
    const facade = facadeOf(bench.root, lib.folder.id);
    const look = (): true | undefined => (existsSync(join(facade.inbox, 'seen')) ? true : undefined);
    const waiting = waitForMail(lib, { look, waitMs: 10_000, signal: never() });
    rmSync(facade.path, { recursive: true });
    await waitFor(() => existsSync(facade.inbox), { what: 'the façade' });
    writeFileSync(join(facade.inbox, 'seen'), '');
    assert.equal(await waiting, true);
  });
});

suite('a query that a process waits for', () => {
  test('is known to others of the seat while it waits, and not afterwards', async (t) => {
    const { lib } = await two(t);
    const withdraw = announceAsk(lib.folder, ID);
    assert.deepEqual([...awaitedAnswers(lib.folder)], [ID]);
    withdraw();
    withdraw();
    assert.deepEqual([...awaitedAnswers(lib.folder)], []);
  });

  test('is forgotten with its process, and its mark is removed', async (t) => {
    const { lib } = await two(t);
    announceAsk(lib.folder, ID)();
    const mark = claimPath(asksFolder(lib.folder), {
      id: ID,
      owner: { process: deadProcess(), generation: 0 },
    });
    writeFileSync(mark, '');
    assert.deepEqual([...awaitedAnswers(lib.folder)], []);
    assert.deepEqual(readdirSync(asksFolder(lib.folder)), []);
  });

  test('is believed for a while of a process that cannot be seen from here', async (t) => {
    const { lib } = await two(t);
    announceAsk(lib.folder, ID)();
    const process = { ...thisProcess(), host: '00000000' };
    writeFileSync(claimPath(asksFolder(lib.folder), { id: ID, owner: { process, generation: 0 } }), '');
    assert.deepEqual([...awaitedAnswers(lib.folder)], [ID]);
  });
});

test('an ask goes on where it cannot say that it waits', async (t) => {
  const { app, lib } = await two(t);
  writeFileSync(asksFolder(app.folder), 'in the way');
  const peer = app.correspondent.resolve('lib');
  const asking = ask(app, { peer, content: 'ready?', waitMs: 10_000, signal: never() });
  const query = await nextMessage(lib, { waitMs: 5000, signal: never() });
  lib.correspondent.reply(query?.message.id ?? ID, 'yes');
  assert.equal((await asking).response?.content, 'yes');
});

test('a fault of the file system is told as what it is, anything else as a fault of ours', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  });
  assert.equal(toldError(full).code, 'storage-full');
  assert.equal(toldError(new TypeError('x is not a function')).code, 'internal');
});

suite('a message that is shown', () => {
  test('is settled once it has been shown, and its sender knows', async (t) => {
    const { app, lib } = await two(t);
    const sent = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'hi' });
    const claimed = await nextMessage(lib, { waitMs: 1000, signal: never() });
    assert.ok(claimed);
    await showMessage(lib, claimed, async () => {
      assert.deepEqual(states(app, sent.id), ['accepted', 'delivered']);
    });
    assert.deepEqual(states(app, sent.id), ['accepted', 'delivered', 'offered', 'seen']);
    assert.equal(await nextMessage(lib, { waitMs: 0, signal: never() }), undefined);
  });

  test('waits again, marked, when it could not be shown [M2] [M4]', async (t) => {
    const { app, lib } = await two(t);
    const sent = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'hi' });
    const claimed = await nextMessage(lib, { waitMs: 1000, signal: never() });
    assert.ok(claimed);
    const shown = showMessage(lib, claimed, async () => {
      throw new RangeError('nobody reads');
    });
    await assert.rejects(shown, RangeError);
    assert.deepEqual(states(app, sent.id), ['accepted', 'delivered']);
    const again = await nextMessage(lib, { waitMs: 0, signal: never() });
    assert.equal(again?.message.repeat, 1);
  });
});

suite('listening', () => {
  test('is seen by peers while it lasts, also when it fails', async (t) => {
    const { app, lib } = await two(t);
    const state = (): string => app.correspondent.resolve('lib').state;
    assert.equal(state(), 'idle');
    const failing = whileListening(lib, async () => {
      assert.equal(state(), 'listening');
      throw new RangeError('stop');
    });
    await assert.rejects(failing, RangeError);
    assert.equal(state(), 'idle');
  });

  test('two that answer pings with pings that name none do not go on for ever', async (t) => {
    const { app, lib } = await two(t);
    app.correspondent.send(app.correspondent.resolve('lib'), { type: 'ping', content: 'connected' });
    let pings = 0;
    for (let turn = 0; turn < 6; turn += 1) {
      for (const seat of [lib, app]) {
        const claimed = await nextMessage(seat, { waitMs: 0, signal: never() });
        if (claimed === undefined) continue;
        seat.inbox.settle(claimed);
        pings += 1;
      }
    }
    assert.equal(pings, 2);
  });
});

suite('a session that sits down on a seat where somebody waits', () => {
  test('has its mail for itself: who listens is told, and takes nothing [M2]', async (t) => {
    const { app, lib } = await two(t);
    const next = nextMessage(lib, { waitMs: 10_000, signal: never() });
    assert.ok(SeatHold.acquire(lib.folder, { process: thisProcess(), conversation: 'c' }));
    app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'for the session' });
    await assert.rejects(next, { code: 'seat-held' });
    assert.equal(readdirSync(lib.folder.inbox).length, 1);
  });

  test('takes the answers too: who asks or says hello from there is told', async (t) => {
    const { app, lib } = await two(t);
    const peer = app.correspondent.resolve('lib');
    const asking = ask(app, { peer, content: 'ready?', waitMs: 10_000, signal: never() });
    const query = await nextMessage(lib, { waitMs: 5000, signal: never() });
    assert.ok(SeatHold.acquire(app.folder, { process: thisProcess(), conversation: 'c' }));
    lib.correspondent.reply(query?.message.id ?? ID, 'yes');
    await assert.rejects(asking, { code: 'seat-held' });
    assert.equal(readdirSync(app.folder.inbox).length, 1);
    await assert.rejects(connect(app, peer, never()), { code: 'seat-held' });
  });
});

suite('a peer whose mailbox is broken', () => {
  test('and who pings keeps no listener from the rest of the mail [M3]', async (t) => {
    const { bench, app, lib } = await two(t);
    brokenV1(bench);
    const ping = messageText({ id: ID, from: 'v1v1v1', to: lib.folder.id, type: 'ping', seq: undefined });
    writeFileSync(join(lib.folder.inbox, `${ID}.json`), ping);
    const first = await nextMessage(lib, { waitMs: 1000, signal: never() });
    assert.equal(first?.message.type, 'ping');
    lib.inbox.settle(first);
    app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'hi' });
    assert.equal((await nextMessage(lib, { waitMs: 1000, signal: never() }))?.message.content, 'hi');
  });

  test('is not told that its message is refused: the message waits, and keeps no listener from the rest [M1]', async (t) => {
    const { bench, app, lib } = await two(t);
    const other = (await openOrMakeOwnSeat(bench.context('other'), { use: 'take' })).seat;
    setVerdict(bench.root, { sender: app.folder.id, receiver: lib.folder.id, verdict: 'blocked' });
    const peer = app.correspondent.resolve('lib');
    const { id } = app.correspondent.send(peer, { type: 'note', content: 'blocked' });
    other.correspondent.send(peer, { type: 'note', content: 'hi' });
    chmodSync(app.folder.receipts, 0o500);
    const look = (): ReturnType<typeof nextMessage> => nextMessage(lib, { waitMs: 0, signal: never() });
    const next = await unprivileged(bench.root, look);
    assert.equal(next?.message.content, 'hi');
    assert.deepEqual(readdirSync(lib.folder.inbox), [`${id}.json`]);
    assert.deepEqual(readdirSync(lib.folder.rejected), []);
    chmodSync(app.folder.receipts, 0o700);
    assert.equal(await look(), undefined);
    assert.deepEqual(readdirSync(lib.folder.inbox), []);
    assert.equal(statesOf(app.folder, id).at(-1)?.reason, 'the receiver has blocked this peer');
  });

  test('keeps nobody from leaving a seat, and is not said to have been told', async (t) => {
    const { bench, app, lib } = await two(t);
    const { inbox } = brokenV1(bench);
    rmSync(inbox);
    mkdirSync(inbox);
    for (const name of ['v1v1v1', 'lib'])
      app.correspondent.send(app.correspondent.resolve(name), { type: 'note', content: 'hi' });
    rmSync(inbox, { recursive: true });
    symlinkSync('/', inbox);
    const { told } = await stopSeat(app);
    assert.deepEqual(
      told.map(({ id }) => id),
      [lib.folder.id],
    );
    assert.equal(app.record.stopped, true);
  });
});

/** A session of session-bridge v1 in whose inbox nobody can write. */
function brokenV1({ root }: ClientBench): { inbox: string } {
  const { path, manifest, inbox } = facadeOf(root, 'v1v1v1' as SeatId);
  const lastHeartbeat = new Date(Date.now() + DAY_MS).toISOString();
  mkdirSync(path);
  writeFileSync(manifest, JSON.stringify({ sessionId: 'v1v1v1', projectName: 'v1', lastHeartbeat }));
  symlinkSync('/', inbox);
  return { inbox };
}

suite('an ask', () => {
  test('tells each step that becomes known, and ends with the answer', async (t) => {
    const { app, lib } = await two(t);
    const steps: string[] = [];
    const asking = ask(app, {
      peer: app.correspondent.resolve('lib'),
      content: 'ready?',
      waitMs: 10_000,
      signal: never(),
      onState: (state) => steps.push(state),
    });
    const query = await nextMessage(lib, { waitMs: 5000, signal: never() });
    assert.ok(query);
    await showMessage(lib, query, async () => {});
    await waitFor(() => steps.includes('seen'), { what: 'the step' });
    lib.correspondent.reply(query.message.id, 'yes');
    const outcome = await asking;
    assert.equal(outcome.response?.content, 'yes');
    assert.equal(outcome.state, 'answered');
    assert.ok(outcome.claimed);
    assert.deepEqual(steps, ['delivered', 'seen', 'answered']);
  });

  test('does not say that a mailbox is gone of which only the record cannot be read [M4]', async (t) => {
    const { bench, app, lib } = await two(t);
    const peer = app.correspondent.resolve('lib');
    const asking = ask(app, { peer, content: 'ready?', waitMs: 50, signal: never() });
    writeFileSync(lib.folder.record, '');
    rmSync(facadeOf(bench.root, lib.folder.id).path, { recursive: true });
    const { state, sent } = await asking;
    assert.equal(state, 'delivered');
    assert.equal(states(app, sent.id).at(-1), 'delivered');
    const again = ask(app, { peer, content: 'ready now?', waitMs: 50, signal: never() });
    rmSync(lib.folder.path, { recursive: true });
    assert.equal((await again).state, 'undeliverable');
  });

  test('gives the answer also when another process of the seat has taken it', async (t) => {
    const { app, lib } = await two(t);
    const asking = ask(app, {
      peer: app.correspondent.resolve('lib'),
      content: 'ready?',
      waitMs: 10_000,
      signal: never(),
    });
    const query = await nextMessage(lib, { waitMs: 5000, signal: never() });
    assert.ok(query);
    // Takes it before the ask has looked, as a session's attendant does that knows nothing of the ask.
    const { sent } = lib.correspondent.reply(query.message.id, 'yes');
    const taken = app.inbox.claim(sent.id);
    assert.ok(taken);
    app.inbox.settle(taken);
    const outcome = await asking;
    assert.deepEqual([outcome.response?.content, outcome.claimed], ['yes', undefined]);
  });
});

function states({ folder }: OpenSeat, id: MessageId): string[] {
  return statesOf(folder, id).map(({ state }) => state);
}

function isCancelled(error: unknown): boolean {
  return error instanceof CahootsError && error.code === 'cancelled';
}
