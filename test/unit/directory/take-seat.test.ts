import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { findPeer } from '../../../src/directory/peers.ts';
import { currentHolder, SeatHold } from '../../../src/directory/seat-hold.ts';
import { readSeatRecord, updateSeatRecord } from '../../../src/directory/seat-record.ts';
import {
  leaveSeat,
  type SeatRequest,
  type TakenSeat,
  takeSeat,
  takeSeatById,
} from '../../../src/directory/take-seat.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { hasFacade } from '../../../src/mailbox/facade.ts';
import { facadeOf } from '../../../src/mailbox/seat-folder.ts';
import { DAY_MS, deadProcess, otherProcess, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

function request({ root, clock }: TempRoot, changes: Partial<SeatRequest> = {}): SeatRequest {
  return {
    root,
    clock,
    projectPath: '/projects/app',
    conversation: 'first',
    process: thisProcess(),
    version: '1.0.0',
    ...changes,
  };
}

function leave({ root, clock }: TempRoot, seat: TakenSeat): void {
  leaveSeat({ root, clock }, seat.hold, readSeatRecord(seat.folder) ?? seat.record);
}

function stateOf({ root, clock }: TempRoot, seat: TakenSeat): string | undefined {
  return findPeer(root, seat.record.sessionId, clock.now())?.state;
}

suite('which seat a session takes', () => {
  test('the first session of a project gets a new seat with the folder’s name, published for us and for v1', (t) => {
    const temp = tempRoot(t);
    const taken = takeSeat(request(temp));
    assert.deepEqual([taken.how, taken.preferred, taken.record.name], ['new', undefined, 'app']);
    assert.match(taken.record.sessionId, /^[a-z0-9]{6}$/);
    const manifest = JSON.parse(
      readFileSync(facadeOf(temp.root, taken.record.sessionId).manifest, 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual(
      [manifest['projectName'], manifest['projectPath'], manifest['status']],
      ['app', '/projects/app', 'active'],
    );
    assert.deepEqual(readSeatRecord(taken.folder)?.holder, thisProcess());
    assert.equal(stateOf(temp, taken), 'idle');
  });

  test('[S1] a restart after the end gets the seat back, also by a new conversation, with the mail that waits', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp));
    leave(temp, first);
    assert.equal(stateOf(temp, first), 'away');
    assert.equal(hasFacade(temp.root, first.folder.id), false);
    const { id } = temp.send(temp.seat('zzzzzz'), first.folder);
    const second = takeSeat(request(temp, { conversation: 'second' }));
    assert.deepEqual([second.how, second.folder.id], ['free-in-project', first.folder.id]);
    assert.deepEqual(second.record.pastConversations, ['first']);
    assert.deepEqual(
      temp
        .inbox(second.folder)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
  });

  test('[S1] after kill -9 the next session of the project gets the seat', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp, { process: deadProcess() }));
    const second = takeSeat(request(temp, { conversation: 'second' }));
    assert.deepEqual([second.how, second.folder.id], ['free-in-project', first.folder.id]);
  });

  test('[S1] a quick restart that comes before the old one has ended gets the seat as soon as it is free; the late end takes nothing', (t) => {
    const temp = tempRoot(t);
    const old = takeSeat(request(temp, { process: otherProcess() }));
    const restarted = takeSeat(request(temp));
    assert.notEqual(restarted.folder.id, old.folder.id);
    assert.equal(restarted.preferred, old.folder.id);
    assert.equal(takeSeatById(request(temp), old.folder.id), undefined, 'the old one is still there');
    leave(temp, old);
    const again = takeSeatById(request(temp), old.folder.id);
    assert.equal(again?.folder.id, old.folder.id);
    leave(temp, old);
    assert.equal(old.hold.release(), false);
    assert.equal(again.hold.isCurrent(), true);
    assert.equal(stateOf(temp, again), 'idle');
    assert.equal(hasFacade(temp.root, again.folder.id), true);
  });

  test('[S1] a resumed conversation goes back to its seat although other seats of the project are free', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp));
    const second = takeSeat(request(temp, { conversation: 'second' }));
    leave(temp, first);
    temp.clock.offsetMs = 60_000;
    leave(temp, second);
    const resumed = takeSeat(request(temp));
    assert.deepEqual([resumed.how, resumed.folder.id], ['returned', first.folder.id]);
  });

  test('[S1] a resumed conversation has the older right: the newer sitter has to move and can tell', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp));
    leave(temp, first);
    const newer = takeSeat(request(temp, { conversation: 'newer', process: otherProcess() }));
    assert.equal(newer.folder.id, first.folder.id);
    const resumed = takeSeat(request(temp));
    assert.deepEqual([resumed.how, resumed.folder.id], ['preempted', first.folder.id]);
    assert.equal(newer.hold.isCurrent(), false);
    const moved = takeSeat(request(temp, { conversation: 'newer', process: otherProcess() }));
    assert.notEqual(moved.folder.id, first.folder.id, 'it does not fight for the seat');
    assert.equal(resumed.hold.isCurrent(), true);
    assert.deepEqual(readSeatRecord(resumed.folder)?.conversation, 'first');
  });

  test('[S1] who had to leave a seat does not take it back before the new sitter has published itself', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp, { process: otherProcess() }));
    const { folder } = first;
    const hold = SeatHold.acquire(folder, { process: thisProcess(), conversation: 'older', preempt: true });
    const moved = takeSeat(request(temp, { process: otherProcess(), left: folder.id }));
    assert.notEqual(moved.folder.id, folder.id);
    assert.equal(hold?.isCurrent(), true);
  });

  test('a second living process of one conversation gets a seat of its own, the first one keeps its', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp, { process: otherProcess() }));
    const second = takeSeat(request(temp));
    assert.deepEqual([second.how, second.record.name], ['new', 'app-2']);
    assert.equal(first.hold.isCurrent(), true);
  });

  test('[S1] the conversation goes back to the seat of its first process, also when the second one ended last', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp, { process: otherProcess() }));
    temp.clock.offsetMs = 60_000;
    const second = takeSeat(request(temp));
    leave(temp, first);
    temp.clock.offsetMs = 120_000;
    leave(temp, second);
    assert.equal(takeSeat(request(temp)).folder.id, first.folder.id);
  });

  test('[S1] a conversation that /clear ended goes back to its seat when it is resumed beside the newer one', async (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp, { process: otherProcess() }));
    const { folder } = first;
    await updateSeatRecord(temp.root, folder, { conversation: 'newer', pastConversations: ['first'] });
    const resumed = takeSeat(request(temp));
    assert.deepEqual([resumed.how, resumed.folder.id], ['preempted', folder.id]);
    assert.equal(first.hold.isCurrent(), false);
  });

  test('two sessions in one project are told apart by -2, -3; a name that is free again is used again', (t) => {
    const temp = tempRoot(t);
    const names = ['a', 'b', 'c'].map(
      (conversation) => takeSeat(request(temp, { conversation })).record.name,
    );
    assert.deepEqual(names, ['app', 'app-2', 'app-3']);
    assert.equal(
      takeSeat(request(temp, { conversation: 'x', projectPath: '/other/app' })).record.name,
      'app',
    );
  });

  test('of several free seats of the project the one used last is taken', (t) => {
    const temp = tempRoot(t);
    const seats = ['a', 'b', 'c'].map((conversation) => takeSeat(request(temp, { conversation })));
    for (const [index, minutes] of [1, 3, 2].entries()) {
      temp.clock.offsetMs = minutes * 60_000;
      const seat = seats[index];
      if (seat !== undefined) leave(temp, seat);
    }
    assert.equal(takeSeat(request(temp, { conversation: 'd' })).folder.id, seats[1]?.folder.id);
  });

  test('of several that were left in the same second the oldest is taken, which has the plain name', (t) => {
    const temp = tempRoot(t);
    const seats = ['a', 'b', 'c', 'd', 'e'].map((conversation, index) => {
      temp.clock.offsetMs = index * 1000;
      return takeSeat(request(temp, { conversation }));
    });
    for (const seat of seats) leave(temp, seat);
    assert.equal(takeSeat(request(temp, { conversation: 'f' })).folder.id, seats[0]?.folder.id);
  });

  test('a seat of another folder, of a shell, or of a session that no person started is never taken', (t) => {
    const temp = tempRoot(t);
    const other = takeSeat(request(temp, { projectPath: '/projects/lib' }));
    const ephemeral = takeSeat(request(temp, { conversation: 'sdk', ephemeral: true }));
    for (const seat of [other, ephemeral]) leave(temp, seat);
    assert.equal(ephemeral.record.ephemeral, true);
    for (const conversation of ['sdk', 'fresh']) {
      const taken = takeSeat(request(temp, { conversation }));
      assert.equal(taken.how, conversation === 'sdk' ? 'new' : 'new');
      assert.ok(![other.folder.id, ephemeral.folder.id].includes(taken.folder.id));
    }
  });

  test('[S1] a session that no person started gets a new seat of its own, never one that others know', (t) => {
    const temp = tempRoot(t);
    const known = takeSeat(request(temp));
    leave(temp, known);
    const ephemeral = takeSeat(request(temp, { ephemeral: true }));
    assert.deepEqual([ephemeral.how, ephemeral.preferred], ['new', undefined]);
    assert.notEqual(ephemeral.folder.id, known.folder.id);
  });

  test('in a git worktree the name has the branch', (t) => {
    const temp = tempRoot(t);
    const project = join(temp.root, '..', 'app');
    const gitDir = join(temp.root, '..', 'main.git/worktrees/app');
    mkdirSync(project);
    mkdirSync(gitDir, { recursive: true });
    writeFileSync(join(project, '.git'), `gitdir: ${gitDir}\n`);
    writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/fix/login page\n');
    assert.equal(takeSeat(request(temp, { projectPath: project })).record.name, 'app-fix-login-page');
  });
});

suite('a seat’s record', () => {
  test('what others wrote since the seat was looked at is kept when it is taken and when it is left', async (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp));
    leave(temp, first);
    await updateSeatRecord(temp.root, first.folder, { name: 'renamed', about: 'payments', laterKey: 1 });
    const second = takeSeat(request(temp, { conversation: 'second' }));
    assert.deepEqual(
      [second.record.name, second.record.about, second.record['laterKey']],
      ['renamed', 'payments', 1],
    );
    await updateSeatRecord(temp.root, second.folder, { attention: 'quiet' });
    leaveSeat({ root: temp.root, clock: temp.clock }, second.hold, second.record);
    const record = readSeatRecord(second.folder);
    assert.deepEqual(
      [record?.name, record?.attention, record?.state, record?.holder],
      ['renamed', 'quiet', 'away', null],
    );
  });

  test('[S1] a late end that overlaps with a take-over leaves the new sitter as it is', (t) => {
    const temp = tempRoot(t);
    const old = takeSeat(request(temp, { process: otherProcess() }));
    leave(temp, old);
    const newer = takeSeat(request(temp, { conversation: 'newer', process: otherProcess() }));
    const resumed = takeSeat(request(temp));
    leave(temp, newer);
    assert.deepEqual(readSeatRecord(resumed.folder)?.holder, thisProcess());
    assert.equal(hasFacade(temp.root, resumed.folder.id), true);
    assert.equal(currentHolder(resumed.folder)?.free, false);
  });

  test('at most twenty earlier conversations are remembered, the newest', (t) => {
    const temp = tempRoot(t);
    for (let i = 0; i < 30; i += 1) leave(temp, takeSeat(request(temp, { conversation: `c${i}` })));
    const [id = ''] = readdirSync(join(temp.root, 'seats')).filter((name) => /^[a-z0-9]{6}$/.test(name));
    const record = readSeatRecord(takeSeat(request(temp, { conversation: 'c29' })).folder);
    assert.equal(record?.sessionId, id);
    assert.deepEqual(
      [record.pastConversations.length, record.pastConversations[0], record.pastConversations.at(-1)],
      [20, 'c9', 'c28'],
    );
  });

  test('a torn record makes the seat invisible, stops nobody, and loses none of its mail', (t) => {
    const temp = tempRoot(t);
    const first = takeSeat(request(temp));
    leave(temp, first);
    writeFileSync(first.folder.record, '{"sessionId":');
    const second = takeSeat(request(temp, { conversation: 'second' }));
    assert.notEqual(second.folder.id, first.folder.id);
    temp.clock.offsetMs = DAY_MS;
    assert.ok(temp.send(second.folder, first.folder));
    assert.equal(temp.inbox(first.folder).pending().length, 1);
  });
});
