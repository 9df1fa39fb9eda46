import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  KINDS,
  type Kind,
  type RoundResult,
  repeatCommand,
  runFaults,
  whyNot,
} from '../../faults/run-faults.ts';
import { summarise, tableOf } from '../../faults/summary.ts';

const SEED = Number(process.env['CAHOOTS_TEST_FAULT_SEED'] ?? Date.now() % 1_000_000_000);

function assertAllAccountedFor(results: readonly RoundResult[]): void {
  const wrong = results.flatMap((result) =>
    result.findings.map((finding) => `${repeatCommand(result)}\n  ${finding}`),
  );
  assert.deepEqual(wrong, []);
}

/** What a bounded run plays of each kind; `npm run test:faults` plays more, and everything at its full size. */
const ROUNDS: Readonly<Record<Kind, number>> = {
  'mail-kills': 18,
  'attendant-kills': 9,
  'clock-jumps': 5,
  suspended: 5,
  'vanishing-folders': 5,
  'failing-storage': 4,
  formats: 5,
};

const TITLES: Readonly<Record<Kind, string>> = {
  'mail-kills': '[M1] [M2] kill -9 of senders and readers at random points',
  'attendant-kills': '[M1] [M2] [M4] kill -9 of the attendant of a session that is written to',
  'clock-jumps': '[M1] [M3] a clock that jumps by half an hour to eight days, with kills',
  suspended: '[M2] a reader, a sender or an attendant that sleeps for more than half an hour',
  'vanishing-folders': '[M1] folders that vanish and come back, with kills',
  'failing-storage': '[M1] a disk that runs full or becomes read-only for a time, with kills',
  formats: '[M6] [X2] messages of newer and older versions in one mailbox',
};

suite('faults: every message is accounted for, none is handed out twice unannounced', {
  concurrency: false,
}, () => {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const rounds = ROUNDS[kind];
    test(`${TITLES[kind]}: ${rounds} rounds`, { skip: whyNot(kind) ?? false }, async (t) => {
      const results = await runFaults({ seed: SEED, rounds, kind });
      t.diagnostic(`seed ${SEED}\n${tableOf(summarise(results))}`);
      assert.equal(results.length, rounds);
      assertAllAccountedFor(results);
    });
  }

  test('[M2] eight processes race for 1,000 messages, and 20 seats write each other 1,000', async (t) => {
    const results = await runFaults({
      seed: SEED,
      rounds: 0,
      race: 1_000,
      crowd: { seats: 20, messages: 1_000 },
    });
    t.diagnostic(`seed ${SEED}\n${tableOf(summarise(results))}`);
    assert.deepEqual(
      results.map(({ sum }) => sum?.read),
      [1_000, 1_000],
    );
    assertAllAccountedFor(results);
  });
});
