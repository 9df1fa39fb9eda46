import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { giveUpManagedSeat, makeManagedSeat, takeManagedSeat } from '../../../src/directory/managed-seat.ts';
import { findPeer } from '../../../src/directory/peers.ts';
import { leaveSeat, takeSeat } from '../../../src/directory/take-seat.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { seatFolder } from '../../../src/mailbox/seat-folder.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

const PROJECT = '/projects/app';

suite('the seat of a managed session', () => {
  const request = ({ root, clock }: ReturnType<typeof tempRoot>) => ({
    root,
    clock,
    projectPath: PROJECT,
    version: '1.0.0',
    conversation: 'c-1',
    process: thisProcess(),
  });

  test('is away until it is taken, and again when it is left', (t) => {
    const temp = tempRoot(t);
    const id = makeManagedSeat(request(temp), 'worker');
    const state = (): string | undefined => findPeer(temp.root, id, temp.clock.now())?.state;
    assert.equal(state(), 'away');
    const { hold, record } = takeManagedSeat(request(temp), id);
    assert.equal(state(), 'idle');
    assert.equal(record.conversation, 'c-1');
    leaveSeat(temp, hold, record);
    assert.equal(state(), 'away');
  });

  test('is not given to a live session of the same project', (t) => {
    const temp = tempRoot(t);
    const id = makeManagedSeat(request(temp), 'worker');
    assert.notEqual(takeSeat({ ...request(temp), conversation: 'c-2' }).folder.id, id);
  });

  test('has a name that no peer has', (t) => {
    const temp = tempRoot(t);
    makeManagedSeat(request(temp), 'worker');
    assert.throws(() => makeManagedSeat(request(temp), 'worker'), { code: 'name-taken', message: /worker/ });
    assert.throws(() => makeManagedSeat(request(temp), 'no/name'), { code: 'name-invalid' });
  });

  test('is taken by one process at a time', (t) => {
    const temp = tempRoot(t);
    const id = makeManagedSeat(request(temp), 'worker');
    takeManagedSeat(request(temp), id);
    assert.throws(() => takeManagedSeat(request(temp), id), { code: 'seat-held' });
  });

  test('goes when it is given up, but for one in which mail waits [M1]', (t) => {
    const temp = tempRoot(t);
    const [one, other] = ['one', 'other'].map((name) => makeManagedSeat(request(temp), name));
    assert.ok(one !== undefined && other !== undefined);
    const sent = temp.send(seatFolder(temp.root, one), seatFolder(temp.root, other));
    giveUpManagedSeat(temp.root, one);
    giveUpManagedSeat(temp.root, other);
    assert.equal(findPeer(temp.root, one, temp.clock.now()), undefined);
    assert.ok(existsSync(`${seatFolder(temp.root, other).inbox}/${sent.id}.json`));
    assert.throws(() => takeManagedSeat(request(temp), one), { code: 'seat-missing' });
  });
});
