import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { SeatKeeper } from '../../../src/attendant/seat-keeper.ts';
import { listPeers } from '../../../src/directory/peers.ts';
import { currentHolder, SeatHold } from '../../../src/directory/seat-hold.ts';
import { readSeatRecord, updateSeatRecord, writeSeatRecord } from '../../../src/directory/seat-record.ts';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { post } from '../../../src/mailbox/post.ts';
import { createSeatFolder, facadeOf, type SeatFolder, seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import type { SeatRecord } from '../../../src/protocol/seat.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { DAY_MS, deadProcess, type MovableClock } from '../../fixtures/temp-root.ts';
import { type FakeHost, type FakeHostOptions, fakeHost } from './fake-host.ts';

interface KeptSeat {
  readonly host: FakeHost;
  readonly keeper: SeatKeeper;
  readonly clock: MovableClock;
  /** What the person and the model were told. */
  readonly notices: string[];
  readonly seatId: () => SeatId | undefined;
}

function keep(t: TestContext, options: FakeHostOptions = {}): KeptSeat {
  const host = fakeHost(t, options);
  const clock: MovableClock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs };
  const notices: string[] = [];
  const keeper = new SeatKeeper({
    config: host.config,
    clock,
    host: host.session(),
    version: '1.0.0',
    onMoved: (notice) => notices.push(notice),
  });
  t.after(() => keeper.leave());
  return { host, keeper, clock, notices, seatId: () => keeper.seat?.folder.id };
}

let sessions = 0;

/** A further session of the same person, in the same project, with a registry entry of its own. */
function another(t: TestContext, { host }: KeptSeat, conversation: string): KeptSeat {
  sessions += 1;
  return keep(t, { home: host.home, conversation, pid: process.pid + sessions * 1_000_000 });
}

function sendTo({ host, clock }: KeptSeat, folder: SeatFolder): void {
  const sender = createSeatFolder(host.root, 'aaaaaa' as SeatId);
  post({ root: host.root, clock }, sender, { to: folder.id, type: 'note', content: 'hello', metadata: {} });
}

function recordOf({ host }: KeptSeat, id: SeatId | undefined): SeatRecord | undefined {
  return id === undefined ? undefined : readSeatRecord(seatFolder(host.root, id));
}

suite('the seat of a session', () => {
  test('[S1] is taken once, named after the project, and shown to peers and to session-bridge v1', (t) => {
    const kept = keep(t);
    const { host, keeper } = kept;
    assert.deepEqual([keeper.record], [undefined]);
    const seat = keeper.open({ ephemeral: false });
    assert.equal(keeper.open({ ephemeral: false }), seat);
    assert.deepEqual([keeper.record?.name, keeper.record?.conversation], ['lib', 'c-1']);
    assert.deepEqual(
      listPeers(host.root, Date.now()).map(({ id, state }) => [id, state]),
      [[seat.folder.id, 'idle']],
    );
    assert.ok(existsSync(facadeOf(host.root, seat.folder.id).manifest));
  });

  test('[S1] is the free one of the project for a new conversation, and its own for one that comes back', (t) => {
    const first = keep(t);
    const seat = first.keeper.open({ ephemeral: false }).folder.id;
    first.keeper.leave();
    const second = another(t, first, 'c-2');
    assert.equal(second.keeper.open({ ephemeral: false }).folder.id, seat);
    second.keeper.leave();
    const resumed = another(t, first, 'c-1');
    const { folder, how } = resumed.keeper.open({ ephemeral: false });
    assert.deepEqual([folder.id, how], [seat, 'returned']);
  });

  test('[S1] goes back to the conversation that had it first; the newer sitter moves once, is told, and stays there', async (t) => {
    const first = keep(t);
    const seat = first.keeper.open({ ephemeral: false }).folder.id;
    first.keeper.leave();
    const newer = another(t, first, 'c-2');
    newer.keeper.open({ ephemeral: false });
    const back = another(t, first, 'c-1');
    assert.equal(back.keeper.open({ ephemeral: false }).how, 'preempted');
    for (let look = 0; look < 3; look += 1) {
      await newer.keeper.check();
      await back.keeper.check();
    }
    assert.equal(back.seatId(), seat);
    assert.notEqual(newer.seatId(), seat);
    assert.deepEqual(back.notices, []);
    assert.equal(newer.notices.length, 1);
    assert.match(
      newer.notices[0] ?? '',
      new RegExp(`seat lib-2 \\(${newer.seatId()}\\) instead of lib \\(${seat}\\)`),
    );
    back.keeper.leave();
    await newer.keeper.check();
    assert.notEqual(newer.seatId(), seat);
    newer.keeper.leave();
    const resumed = another(t, first, 'c-2');
    assert.notEqual(resumed.keeper.open({ ephemeral: false }).folder.id, seat, 'it comes back to its own');
  });

  test('that vanished with its folder is replaced, and the session is told', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    rmSync(folder.path, { recursive: true });
    await kept.keeper.check();
    assert.notEqual(kept.seatId(), folder.id);
    assert.ok(recordOf(kept, kept.seatId()));
    assert.equal(kept.notices.length, 1);
  });

  test('[S1] stays through /clear, and remembers the earlier conversation', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    kept.host.register({ sessionId: 'c-cleared' });
    await kept.keeper.check();
    assert.equal(kept.seatId(), folder.id);
    const record = recordOf(kept, folder.id);
    assert.deepEqual([record?.conversation, record?.pastConversations], ['c-cleared', ['c-1']]);
    assert.equal(record?.transcript, kept.host.transcript('c-cleared').path);
    assert.deepEqual(kept.notices, []);
  });

  test('[S1] is left for the one that a conversation had, when the session goes back to that conversation', async (t) => {
    const kept = keep(t);
    const own = kept.keeper.open({ ephemeral: false }).folder.id;
    const other = another(t, kept, 'c-other');
    const free = other.keeper.open({ ephemeral: false }).folder.id;
    other.keeper.leave();
    kept.host.register({ sessionId: 'c-other' });
    await kept.keeper.check();
    assert.equal(kept.seatId(), free);
    assert.match(kept.notices.join(), /went back to a conversation that had this seat/);
    assert.equal(recordOf(kept, own)?.state, 'away');
    assert.equal(currentHolder(seatFolder(kept.host.root, own))?.free, true);
  });

  test('[S1] is kept when the conversation that it goes back to is open in another session', async (t) => {
    const kept = keep(t);
    const own = kept.keeper.open({ ephemeral: false }).folder.id;
    const other = another(t, kept, 'c-other');
    const held = other.keeper.open({ ephemeral: false }).folder.id;
    kept.host.register({ sessionId: 'c-other' });
    await kept.keeper.check();
    await other.keeper.check();
    assert.deepEqual([kept.seatId(), other.seatId()], [own, held]);
    assert.equal(recordOf(kept, own)?.conversation, 'c-other');
  });

  test('[S1] is kept when the session goes back to a conversation that this seat had, wherever else that was open', async (t) => {
    const kept = keep(t);
    const own = kept.keeper.open({ ephemeral: false }).folder.id;
    const show = async (sessionId: string): Promise<void> => {
      kept.host.register({ sessionId });
      await kept.keeper.check();
    };
    await show('c-earlier');
    await show('c-new');
    const twin = another(t, kept, 'c-twin');
    const { folder } = twin.keeper.open({ ephemeral: false });
    twin.keeper.leave();
    await updateSeatRecord(kept.host.root, folder, { conversation: 'c-earlier' });
    await show('c-earlier');
    assert.equal(kept.seatId(), own);
    assert.deepEqual(kept.notices, []);
  });

  test('[S1] is left for the older one of two that the conversation had, when both are free', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    const twin = another(t, kept, 'c-1');
    twin.clock.offsetMs = 5_000;
    const second = twin.keeper.open({ ephemeral: false }).folder;
    kept.keeper.leave();
    twin.clock.offsetMs = 9_000;
    twin.keeper.leave();
    const restarted = another(t, kept, 'c-new');
    assert.equal(restarted.keeper.open({ ephemeral: false }).folder.id, second.id);
    restarted.host.register({ sessionId: 'c-1' });
    await restarted.keeper.check();
    assert.equal(restarted.seatId(), folder.id);
    assert.equal(recordOf(kept, second.id)?.state, 'away');
  });

  test('[S1] is left for a free one on which the conversation once was, also when another one has been there since', async (t) => {
    const kept = keep(t);
    kept.keeper.open({ ephemeral: false });
    const other = another(t, kept, 'c-other');
    const { folder } = other.keeper.open({ ephemeral: false });
    await updateSeatRecord(kept.host.root, folder, { pastConversations: ['c-once'] });
    other.keeper.leave();
    kept.host.register({ sessionId: 'c-once' });
    await kept.keeper.check();
    assert.equal(kept.seatId(), folder.id);
  });

  test('[M6] has its façade built again when v1 deleted it', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    const facade = facadeOf(kept.host.root, folder.id);
    rmSync(facade.path, { recursive: true });
    await kept.keeper.check();
    const manifest = JSON.parse(readFileSync(facade.manifest, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([manifest['sessionId'], manifest['status']], [folder.id, 'active']);
    rmSync(facade.inbox, { recursive: true });
    await kept.keeper.check();
    assert.ok(existsSync(facade.inbox));
  });

  test('[M6] shows v1 a heartbeat that is far younger than what v1 takes for dead', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    const heartbeat = (): number => {
      const manifest = JSON.parse(
        readFileSync(facadeOf(kept.host.root, folder.id).manifest, 'utf8'),
      ) as SeatRecord;
      return Date.parse(manifest.lastHeartbeat);
    };
    const before = heartbeat();
    await kept.keeper.check();
    assert.equal(heartbeat(), before, 'not at each look');
    kept.clock.offsetMs += 5 * 60_000;
    await kept.keeper.check();
    assert.ok(heartbeat() - before >= 5 * 60_000 - 2_000);
  });
});

suite('the seats that nobody sits on', () => {
  test('[M6] of shells are kept from v1’s clean-up while a session is here', async (t) => {
    const { host, keeper, clock } = keep(t);
    keeper.open({ ephemeral: false });
    const shell = createSeatFolder(host.root, 'bbbbbb' as SeatId);
    writeSeatRecord(shell, seatRecord('bbbbbb', { kind: 'shell' }));
    buildFacade(host.root, seatRecord('bbbbbb', { kind: 'shell' }));
    writeFileSync(join(facadeOf(host.root, shell.id).inbox, 'msg-000000000001.json'), messageText());
    clock.offsetMs = 61_000;
    await keeper.check();
    assert.deepEqual(readdirSync(shell.inbox), ['msg-000000000001.json']);
  });

  test('keep their mail for as long as the person’s setting says', async (t) => {
    const kept = keep(t);
    writeFileSync(join(kept.host.root, 'settings.json'), '{"expiresAfterDays":60}');
    const { keeper, clock } = another(t, kept, 'c-2');
    keeper.open({ ephemeral: false });
    const away = createSeatFolder(kept.host.root, 'bbbbbb' as SeatId);
    sendTo(kept, away);
    clock.offsetMs = 10 * DAY_MS;
    await keeper.check();
    assert.equal(readdirSync(away.inbox).length, 1);
    clock.offsetMs = 61 * DAY_MS;
    for (let minutes = 0; minutes < 60; minutes += 1) {
      clock.offsetMs += 60_000;
      await keeper.check();
    }
    assert.equal(readdirSync(away.inbox).length, 0);
  });
});

suite('a restart while the old process still ends', () => {
  /** A seat that a living process holds for the same conversation, and a session that came back to it meanwhile. */
  function quickRestart(t: TestContext): {
    kept: KeptSeat;
    old: SeatHold;
    preferred: SeatId;
    provisional: SeatFolder;
  } {
    const first = keep(t);
    const { folder, hold } = first.keeper.open({ ephemeral: false });
    const kept = another(t, first, 'c-1');
    const provisional = kept.keeper.open({ ephemeral: false });
    assert.equal(provisional.preferred, folder.id);
    return { kept, old: hold, preferred: folder.id, provisional: provisional.folder };
  }

  test('[S1] gets its seat as soon as that is free, and the seat of the meantime is gone', async (t) => {
    const { kept, old, preferred, provisional } = quickRestart(t);
    await kept.keeper.check();
    assert.equal(kept.seatId(), provisional.id);
    old.release();
    await kept.keeper.check();
    assert.equal(kept.seatId(), preferred);
    assert.equal(existsSync(provisional.path), false);
    assert.equal(existsSync(facadeOf(kept.host.root, provisional.id).path), false);
    assert.match(kept.notices.join(), /which its predecessor has left/);
    await kept.keeper.check();
    assert.equal(kept.notices.length, 1);
  });

  test('[M1] keeps the seat of the meantime when mail has come there, or was sent from there', async (t) => {
    const received = quickRestart(t);
    sendTo(received.kept, received.provisional);
    received.old.release();
    await received.kept.keeper.check();
    assert.equal(received.kept.seatId(), received.provisional.id);

    const { kept, old, provisional } = quickRestart(t);
    const context = { root: kept.host.root, clock: kept.clock };
    createSeatFolder(kept.host.root, 'aaaaaa' as SeatId);
    post(context, provisional, { to: 'aaaaaa' as SeatId, type: 'note', content: 'hi', metadata: {} });
    old.release();
    await kept.keeper.check();
    assert.equal(kept.seatId(), provisional.id);
  });

  test('keeps the seat of the meantime when the old process stays', async (t) => {
    const { kept, old, provisional } = quickRestart(t);
    kept.clock.offsetMs += 60_000;
    await kept.keeper.check();
    old.release();
    await kept.keeper.check();
    assert.equal(kept.seatId(), provisional.id);
  });

  test('[S1] the old process, ending late, takes nothing from who sits there now', async (t) => {
    const first = keep(t);
    const { folder } = first.keeper.open({ ephemeral: false });
    const dead = SeatHold.acquire(folder, { process: deadProcess(), conversation: 'c-0', preempt: true });
    assert.ok(dead);
    const next = another(t, first, 'c-1');
    assert.equal(next.keeper.open({ ephemeral: false }).folder.id, folder.id);
    first.keeper.leave();
    dead.release();
    assert.equal(recordOf(next, folder.id)?.holder?.pid, process.pid);
    assert.equal(currentHolder(folder)?.free, false);
    await next.keeper.check();
    assert.deepEqual(next.notices, []);
  });
});

suite('what a seat’s record says', () => {
  test('is written only where it changed', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    await kept.keeper.publish({ state: 'busy', deliveryPath: 'inbox-socket' });
    assert.deepEqual(
      [recordOf(kept, folder.id)?.state, recordOf(kept, folder.id)?.deliveryPath],
      ['busy', 'inbox-socket'],
    );
    const { ino } = statSync(folder.record);
    await kept.keeper.publish({ state: 'busy', deliveryPath: 'inbox-socket' });
    assert.equal(statSync(folder.record).ino, ino);
    await kept.keeper.publish({ state: 'idle', deliveryPath: 'inbox-socket' });
    assert.equal(recordOf(kept, folder.id)?.state, 'idle');
  });

  test('keeps what the person set meanwhile', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    await updateSeatRecord(kept.host.root, folder, { attention: 'closed', about: 'the library' });
    await kept.keeper.publish({ state: 'busy' });
    const { attention, about, state } = kept.keeper.record ?? {};
    assert.deepEqual([attention, about, state], ['closed', 'the library', 'busy']);
  });

  test('is not written by a session that sits there no more', async (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    SeatHold.acquire(folder, { process: deadProcess(), conversation: 'c-9', preempt: true });
    await kept.keeper.publish({ state: 'busy' });
    assert.equal(recordOf(kept, folder.id)?.state, 'idle');
  });
});

suite('leaving a seat', () => {
  test('shows it as away, frees it, takes down the façade and keeps the mail', (t) => {
    const kept = keep(t);
    const { folder } = kept.keeper.open({ ephemeral: false });
    sendTo(kept, folder);
    kept.keeper.leave();
    kept.keeper.leave();
    const record = recordOf(kept, folder.id);
    assert.deepEqual([record?.state, record?.holder], ['away', null]);
    assert.equal(currentHolder(folder)?.free, true);
    assert.equal(existsSync(facadeOf(kept.host.root, folder.id).path), false);
    assert.equal(kept.keeper.seat, undefined);
    assert.ok(existsSync(join(folder.path, 'inbox')));
  });

  test('[S1] removes one that no person’s session had, unless mail waits there', (t) => {
    const empty = keep(t);
    const { folder } = empty.keeper.open({ ephemeral: true });
    assert.equal(empty.keeper.record?.ephemeral, true);
    empty.keeper.leave();
    assert.equal(existsSync(folder.path), false);

    const used = keep(t);
    const { folder: withMail } = used.keeper.open({ ephemeral: true });
    sendTo(used, withMail);
    used.keeper.leave();
    assert.ok(existsSync(withMail.inbox));
  });

  test('[S1] an ephemeral seat is never taken by anybody else, nor does it take the project’s', (t) => {
    const person = keep(t);
    const own = person.keeper.open({ ephemeral: false }).folder.id;
    person.keeper.leave();
    const program = another(t, person, 'c-sdk');
    const ephemeral = program.keeper.open({ ephemeral: true }).folder.id;
    assert.notEqual(ephemeral, own);
    const resumed = another(t, person, 'c-sdk');
    assert.equal(resumed.keeper.open({ ephemeral: false }).folder.id, own);
  });
});
