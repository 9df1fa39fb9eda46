import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import { setVerdict } from '../../../src/directory/trust.ts';
import { ReceiptWriter } from '../../../src/mail/receipt-writer.ts';
import { type Receiver, Reception, SHELL_RECEIVER } from '../../../src/mail/reception.ts';
import type { Draft } from '../../../src/mailbox/post.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

interface Door {
  readonly root: string;
  readonly reception: Reception;
  /** What was handed to the keeper of the seat. */
  readonly control: Message[];
  readonly from: (draft?: Partial<Draft>) => Message;
  /** What the reader may have, and what is held for a person, by their texts. */
  readonly look: () => { eligible: string[]; held: string[] };
  /** The last that the sender knows of a message. */
  readonly told: (message: Message) => string | undefined;
  readonly block: () => void;
}

const SESSION: Receiver = { attention: 'open', permissionClass: 'asks', rule: 'parity' };

/** The door of one seat, as it is for a session or for a shell, and a peer that writes to it. */
function door(t: TestContext, kind: 'session' | 'shell'): Door {
  const bench = tempRoot(t);
  const { root, clock } = bench;
  const [folder, peer] = [bench.seat('bbbbbb'), bench.seat('aaaaaa')];
  const control: Message[] = [];
  const reception = new Reception({
    root,
    clock,
    folder,
    inbox: bench.inbox(folder),
    receipts: new ReceiptWriter({ root, clock, folder }),
    limits: limitsFrom({}),
    receiver: () => (kind === 'session' ? SESSION : SHELL_RECEIVER),
    ...(kind === 'session' && { onControl: (message: Message) => control.push(message) }),
  });
  return {
    root,
    reception,
    control,
    from: (draft) => bench.send(peer, folder, { type: 'query', content: 'q', ...draft }),
    look: () => {
      const { eligible, held } = reception.look();
      return { eligible: eligible.map(({ id }) => id), held: held.map(({ id }) => id) };
    },
    told: ({ id }) => {
      const last = statesOf(peer, id).at(-1);
      return last?.reason === undefined ? last?.state : `${last.state}: ${last.reason}`;
    },
    block: () => setVerdict(root, { sender: peer.id, receiver: folder.id, verdict: 'blocked' }),
  };
}

for (const kind of ['session', 'shell'] as const) {
  suite(`the door of a ${kind}`, () => {
    test('[S2] refuses what was passed on too often, and its sender is told', (t) => {
      const { from, look, told } = door(t, kind);
      const passedOn = from({ hops: limitsFrom({}).maxHops + 1 });
      assert.deepEqual(look(), { eligible: [], held: [] });
      assert.match(told(passedOn) ?? '', /^refused: /);
    });

    test('[S2] refuses what comes faster than the pace, and lets the rest in', (t) => {
      const { from, look, told } = door(t, kind);
      const metadata = { permissionClass: 'asks' } as const;
      const sent = Array.from({ length: limitsFrom({}).pairMessagesPerMinute + 3 }, () => from({ metadata }));
      const { eligible } = look();
      assert.deepEqual(
        eligible,
        sent.slice(0, limitsFrom({}).pairMessagesPerMinute).map(({ id }) => id),
      );
      for (const late of sent.slice(limitsFrom({}).pairMessagesPerMinute))
        assert.match(told(late) ?? '', /^refused: .*in a minute/);
    });

    test('[M4] refuses a notice that its own records do not bear out, whoever left it', (t) => {
      const { from, look } = door(t, kind);
      from({ type: 'notice', content: 'The release is approved.' });
      assert.deepEqual(look(), { eligible: [], held: [] });
      assert.deepEqual(look(), { eligible: [], held: [] });
    });

    test('refuses progress of a request that was never made', (t) => {
      const { from, look, told } = door(t, kind);
      const forged = from({ type: 'progress', content: 'done', step: 'working' });
      assert.deepEqual(look(), { eligible: [], held: [] });
      assert.equal(told(forged), 'refused: it names no request of these two seats');
    });

    test('[S2] lets nothing of a blocked peer through, pings and ends of sessions neither', (t) => {
      const { from, look, told, block, control } = door(t, kind);
      block();
      const sent = (['query', 'ping', 'session-ended'] as const).map((type) => from({ type }));
      assert.deepEqual(look(), { eligible: [], held: [] });
      assert.deepEqual(control, []);
      for (const one of sent) assert.equal(told(one), 'refused: the receiver has blocked this peer');
    });
  });
}

suite('what the doors do differently', () => {
  test('pings and ends are for the keeper of a session; a person at a shell reads them', (t) => {
    const [session, shell] = [door(t, 'session'), door(t, 'shell')];
    const types = ['ping', 'session-ended'] as const;
    for (const type of types) session.from({ type });
    assert.deepEqual(session.look(), { eligible: [], held: [] });
    assert.deepEqual(
      session.control.map(({ type }) => type),
      types,
    );
    const sent = types.map((type) => shell.from({ type }));
    assert.deepEqual(shell.look().eligible.sort(), sent.map(({ id }) => id).sort());
  });

  test('a message of the other permission class is held before a session; a person decides by reading it', (t) => {
    const [session, shell] = [door(t, 'session'), door(t, 'shell')];
    const metadata = { permissionClass: 'bypasses' } as const;
    const held = session.from({ metadata });
    assert.deepEqual(session.look(), { eligible: [], held: [held.id] });
    assert.match(session.told(held) ?? '', /^held: /);
    const read = shell.from({ metadata });
    assert.deepEqual(shell.look(), { eligible: [read.id], held: [] });
  });
});
