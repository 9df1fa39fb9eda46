import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import { createSeat, freshRecord } from '../../../src/directory/take-seat.ts';
import { Correspondent, type SeatInHand } from '../../../src/mail/correspondent.ts';
import { answerPing } from '../../../src/mail/ping.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

/** A seat that answers pings, and what its peer has got of it. */
function bench(t: TestContext): {
  root: TempRoot;
  pinged: (draft?: { inReplyTo?: Message['id'] }) => Message;
  answer: (ping: Message) => void;
  answers: () => Message[];
} {
  const root = tempRoot(t);
  const { clock } = root;
  const seat = (name: string): SeatInHand =>
    createSeat(root.root, (id) =>
      freshRecord({ clock, projectPath: `/projects/${name}`, version: '1.0.0' }, id, { name, kind: 'live' }),
    );
  const [me, peer] = [seat('lib'), seat('app')];
  const correspondent = new Correspondent({
    root: root.root,
    clock,
    limits: limitsFrom({}),
    seat: () => me,
    permissionClass: () => 'asks',
  });
  return {
    root,
    pinged: (draft = {}) => root.send(peer.folder, me.folder, { type: 'ping', ...draft }),
    answer: (ping) => answerPing({ root: root.root, clock, folder: me.folder }, { ping, correspondent }),
    answers: () =>
      root
        .inbox(peer.folder)
        .pending()
        .map((pending) => ({ ...pending, content: '', status: 'pending' as const })),
  };
}

suite('a ping', () => {
  test('is answered by one that names it', (t) => {
    const { pinged, answer, answers } = bench(t);
    const ping = pinged();
    answer(ping);
    assert.deepEqual(
      answers().map(({ type, inReplyTo }) => [type, inReplyTo]),
      [['ping', ping.id]],
    );
  });

  test('that answers one ends there', (t) => {
    const { pinged, answer, answers } = bench(t);
    answer(pinged({ inReplyTo: pinged().id }));
    assert.deepEqual(answers(), []);
  });

  test('[S2] that names none, as those of v1 do, is answered once a minute: two never ping each other for ever', (t) => {
    const { root, pinged, answer, answers } = bench(t);
    for (let round = 0; round < 5; round += 1) answer(pinged());
    assert.equal(answers().length, 1);
    root.clock.offsetMs += 61_000;
    answer(pinged());
    assert.equal(answers().length, 2);
  });

  test('of a seat that is gone by now needs no answer', (t) => {
    const { pinged, answer, answers } = bench(t);
    const ping = pinged();
    answer({ ...ping, from: 'zzzzzz' as Message['from'] });
    assert.deepEqual(answers(), []);
  });
});
