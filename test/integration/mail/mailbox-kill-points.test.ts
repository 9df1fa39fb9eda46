import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pruneSeats } from '../../../src/directory/retention.ts';
import { writeSeatRecord } from '../../../src/directory/seat-record.ts';
import { unlessGone } from '../../../src/lib/errno.ts';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { resendUnsent } from '../../../src/mailbox/post.ts';
import { foldReceipts, recordState, statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import type { MessageState } from '../../../src/protocol/receipt.ts';
import { assertNothingTorn, namesIn, placeOf } from '../../fixtures/audit.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { type ProgramRun, runProgram } from '../../fixtures/run-program.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { DAY_MS, deadProcess, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

interface Scene extends TempRoot {
  readonly a: SeatFolder;
  readonly b: SeatFolder;
}

interface Outcome {
  readonly scene: Scene;
  readonly id: MessageId | undefined;
  readonly run: ProgramRun;
  readonly handedOut: { readonly id: MessageId; readonly repeat: number }[];
}

const AT_ONCE = 3;
const MOST_OPERATIONS = 80;

/**
 * Runs one piece of work again and again, killed before its first file operation, before its second, and so on until
 * one run gets through; after each, lets the next processes of both seats do what they do, and has the outcome checked.
 */
async function killEverywhere(
  t: TestContext,
  work: string,
  { prepare, check }: { prepare: (scene: Scene) => MessageId | undefined; check: (outcome: Outcome) => void },
): Promise<void> {
  let next = 1;
  let finished = false;
  let killed = 0;
  const worker = async (): Promise<void> => {
    while (!finished) {
      const crashAt = next++;
      assert.ok(crashAt < MOST_OPERATIONS, 'it never gets through');
      const outcome = await runOnce(t, work, { prepare, crashAt });
      if (outcome.run.signal === null) {
        assert.deepEqual([outcome.run.code, outcome.run.stderr], [0, '']);
        finished = true;
      } else killed += 1;
      try {
        check(outcome);
      } catch (error) {
        finished = true;
        throw new Error(`killed before file operation ${crashAt} of ${work}`, { cause: error });
      }
    }
  };
  // All of them to their end, also when one fails: none must work on after the test.
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  assert.ok(killed > 0, 'there was something to interrupt');
}

async function runOnce(
  t: TestContext,
  work: string,
  { prepare, crashAt }: { prepare: (scene: Scene) => MessageId | undefined; crashAt: number },
): Promise<Outcome> {
  const temp = tempRoot(t);
  const scene: Scene = { ...temp, a: temp.seat('aaaaaa'), b: temp.seat('bbbbbb') };
  const id = prepare(scene);
  const env = { CRASH_AT: String(crashAt) };
  const run = await runProgram(t, 'crash-work.ts', {
    args: [work, scene.root],
    env,
    imports: ['crash-at.ts'],
  });
  for (const folder of [scene.a, scene.b]) assertNothingTorn(folder);
  return { scene, id, run, handedOut: takeEverything(scene) };
}

/** What the next processes do: the sender's delivers what was left, the receiver's takes all there is, twice. */
function takeEverything({ root, clock, a, b, inbox }: Scene): Outcome['handedOut'] {
  const handedOut: Outcome['handedOut'] = [];
  for (let round = 0; round < 2; round += 1) {
    resendUnsent({ root, clock }, a);
    const mine = inbox(b);
    for (const { id } of mine.pending()) {
      const claimed = mine.claim(id);
      if (claimed === undefined) continue;
      handedOut.push({ id, repeat: claimed.message.repeat ?? 0 });
      mine.settle(claimed);
    }
  }
  return handedOut;
}

function isDone({ run }: Outcome): boolean {
  return run.stdout.includes('done');
}

/** Nothing of it is left over where it would be found again. */
function assertOnlyIn(place: 'read' | 'rejected', { scene, id }: Outcome): void {
  assert.ok(id !== undefined);
  assert.equal(placeOf(scene.root, scene.b, id), place);
  assert.deepEqual(
    [...namesIn(scene.b.claimed), ...namesIn(scene.b.inbox)].filter((name) => name.startsWith('msg-')),
    [],
  );
}

function states({ scene, id }: Outcome): MessageState[] {
  return id === undefined ? [] : statesOf(scene.a, id).map(({ state }) => state);
}

function waiting({ send, a, b }: Scene): MessageId {
  return send(a, b).id;
}

suite('kill -9 between any two file operations', { concurrency: 2 }, () => {
  test('[M1] of a sender: the message is delivered once, or it was never sent', async (t) => {
    await killEverywhere(t, 'post', {
      prepare: () => undefined,
      check: (outcome) => {
        assert.ok(outcome.handedOut.length <= 1);
        if (isDone(outcome)) assert.equal(outcome.handedOut.length, 1);
        assert.deepEqual(
          namesIn(outcome.scene.a.sending).filter((name) => name.startsWith('msg-')),
          [],
        );
        for (const { id, repeat } of outcome.handedOut) {
          assert.equal(repeat, 0);
          assertOnlyIn('read', { ...outcome, id });
          assert.deepEqual(states({ ...outcome, id }).slice(0, 2), ['accepted', 'delivered']);
        }
      },
    });
  });

  test('[M1] of a resend: the message is delivered once, under its own id', async (t) => {
    await killEverywhere(t, 'resend', {
      prepare: ({ a }) => {
        const id = 'msg-000000000001' as MessageId;
        const path = claimPath(a.sending, { id, owner: { process: deadProcess(), generation: 0 } });
        writeFileSync(path, messageText({ id }));
        return id;
      },
      check: (outcome) => {
        assert.deepEqual(outcome.handedOut, [{ id: outcome.id, repeat: 0 }]);
        assertOnlyIn('read', outcome);
      },
    });
  });

  test('[M2] of a receiver that settles: it has the message, or the next one gets it as a repeat', async (t) => {
    await killEverywhere(t, 'settle', {
      prepare: waiting,
      check: (outcome) => {
        assertOnlyIn('read', outcome);
        assert.ok(outcome.handedOut.length <= 1);
        const wasClaimed = outcome.run.stdout.includes('claimed');
        if (isDone(outcome)) assert.deepEqual(outcome.handedOut, []);
        for (const { repeat } of outcome.handedOut)
          if (wasClaimed) assert.ok(repeat >= 1, 'a repeat says so');
        if (!wasClaimed) assert.equal(outcome.handedOut.length, 1);
      },
    });
  });

  test('[M2] of a receiver that gives back: the message waits, and says that it may have been seen', async (t) => {
    await killEverywhere(t, 'release', {
      prepare: waiting,
      check: (outcome) => {
        assertOnlyIn('read', outcome);
        assert.equal(outcome.handedOut.length, 1);
        if (outcome.run.stdout.includes('claimed')) assert.ok((outcome.handedOut[0]?.repeat ?? 0) >= 1);
      },
    });
  });

  test('[M1] of a receiver that rejects: the message is rejected, or waits', async (t) => {
    await killEverywhere(t, 'reject', {
      prepare: waiting,
      check: (outcome) => {
        assertOnlyIn(outcome.handedOut.length === 0 ? 'rejected' : 'read', outcome);
        if (isDone(outcome)) assert.deepEqual(outcome.handedOut, []);
      },
    });
  });

  test('[M2] of who gives back what a dead owner had: the message is handed out once more, as a repeat', async (t) => {
    await killEverywhere(t, 'recover', {
      prepare: (scene) => {
        const id = waiting(scene);
        assert.ok(scene.inbox(scene.b, { process: deadProcess() }).claim(id));
        return id;
      },
      check: (outcome) => {
        assertOnlyIn('read', outcome);
        assert.equal(outcome.handedOut.length, 1);
        assert.ok((outcome.handedOut[0]?.repeat ?? 0) >= 1);
      },
    });
  });

  test('[M3] of expiry: the message is rejected and its sender told, or it is as if nothing had happened', async (t) => {
    await killEverywhere(t, 'expire', {
      prepare: waiting,
      check: (outcome) => {
        assertOnlyIn(outcome.handedOut.length === 0 ? 'rejected' : 'read', outcome);
        if (outcome.handedOut.length === 0)
          assert.ok(states(outcome).includes('expired'), 'the sender was told');
      },
    });
  });

  test('[M1] of taking in from the façade: each message of v1 is handed out once', async (t) => {
    await killEverywhere(t, 'from-facade', {
      prepare: ({ root }) => {
        buildFacade(root, seatRecord('bbbbbb'));
        const { inbox } = facadeOf(root, 'bbbbbb' as SeatId);
        for (const id of ['msg-000000000001', 'msg-000000000002'])
          writeFileSync(join(inbox, `${id}.json`), messageText({ id }));
        return undefined;
      },
      check: ({ handedOut }) => {
        assert.deepEqual(handedOut.map(({ id }) => id).sort(), ['msg-000000000001', 'msg-000000000002']);
      },
    });
  });

  test('[M1] of removing the façade: each message of v1 is handed out once the seat is taken again', async (t) => {
    await killEverywhere(t, 'remove-facade', {
      prepare: ({ root }) => {
        buildFacade(root, seatRecord('bbbbbb'));
        writeFileSync(join(facadeOf(root, 'bbbbbb' as SeatId).inbox, 'msg-000000000001.json'), messageText());
        return undefined;
      },
      check: ({ scene, handedOut }) => {
        buildFacade(scene.root, seatRecord('bbbbbb'));
        assert.equal([...handedOut, ...takeEverything(scene)].length, 1);
        assert.deepEqual(namesIn(join(scene.root, 'sessions')), ['bbbbbb']);
      },
    });
  });

  test('[M1] of removing a seat: it goes whole, and never with mail in it', async (t) => {
    for (const withMail of [false, true]) {
      await killEverywhere(t, 'remove-seat', {
        prepare: (scene) => {
          writeSeatRecord(scene.b, seatRecord('bbbbbb'));
          buildFacade(scene.root, seatRecord('bbbbbb'));
          return withMail ? waiting(scene) : undefined;
        },
        check: ({ scene, id, handedOut }) => {
          pruneSeats({
            root: scene.root,
            clock: scene.clock,
            keepMs: DAY_MS,
            keepSeatsMs: DAY_MS,
            expiresAfterMs: DAY_MS,
          });
          const seats = namesIn(join(scene.root, 'seats')).filter((name) => name !== 'aaaaaa');
          assert.ok(seats.length === 0 || seats.join() === 'bbbbbb', seats.join());
          if (withMail)
            assert.deepEqual(
              [...handedOut, ...takeEverything(scene)].map((taken) => taken.id),
              [id],
            );
        },
      });
    }
  });

  test('[M4] of filing receipts: no state is lost, whoever reads meanwhile and files afterwards', async (t) => {
    await killEverywhere(t, 'fold', {
      prepare: (scene) => {
        const message = scene.send(scene.a, scene.b);
        for (const state of ['offered', 'seen', 'answered'] as const)
          recordState(scene.root, message, { state, at: new Date().toISOString(), by: scene.b.id });
        return message.id;
      },
      check: (outcome) => {
        const all = new Set(['accepted', 'delivered', 'offered', 'seen', 'answered']);
        assert.deepEqual(new Set(states(outcome)), all);
        unlessGone(() => foldReceipts(outcome.scene.a), undefined);
        assert.deepEqual(new Set(states(outcome)), all);
        assert.deepEqual(
          namesIn(outcome.scene.a.receipts).filter((name) => name.startsWith('msg-')),
          [],
        );
      },
    });
  });
});
