import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ConversationProof } from '../../../src/agents/claude-code/live/conversation-proof.ts';
import { MAX_OFFERS, type Offer, OfferBook } from '../../../src/attendant/offer-book.ts';
import { MAX_INLINE_CHARACTERS, renderPage } from '../../../src/mail/offer-text.ts';
import type { ClaimedMessage } from '../../../src/mailbox/inbox.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { DELIVERY_PATHS, type DeliveryPath } from '../../../src/protocol/receipt.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { type Transcript, transcriptAt } from '../agents/claude-code/live/transcript.ts';
import { message } from './messages.ts';

const WAKES: readonly DeliveryPath[] = ['inbox-socket', 'file-changed'];
const INLINE: readonly DeliveryPath[] = DELIVERY_PATHS.filter((path) => !WAKES.includes(path));
const LONG = 'x'.repeat(MAX_INLINE_CHARACTERS + 1);
/** Longer than any record takes to be written. */
const LATER_MS = 60_000;

interface Desk {
  readonly book: OfferBook;
  readonly proof: ConversationProof;
  readonly transcript: Transcript;
  /** Offers a message and returns it; its text is `text of <id>`. */
  readonly offer: (path: DeliveryPath, changes?: Partial<Message>, nowMs?: number) => Message;
  readonly phase: (message: Message) => string | undefined;
}

function desk(t: TestContext): Desk {
  const transcript = transcriptAt(join(tempFolder(t), 'c.jsonl'));
  transcript.prompt('hello');
  transcript.assistant('hi');
  const proof = new ConversationProof(transcript.path);
  const book = new OfferBook(proof);
  return {
    book,
    proof,
    transcript,
    offer(path, changes = {}, nowMs = 0) {
      const offered = message(changes);
      book.offer({ claimed: claimed(offered), path, needles: [textOf(offered)], nowMs });
      return offered;
    },
    phase: ({ id }) => book.get(id)?.phase,
  };
}

/** What is proved to be seen leaves the book, as the desk does it. */
function takeSeen(book: OfferBook, nowMs = 0): Offer[] {
  const seen = book.findSeen(nowMs);
  for (const { claimed } of seen) book.remove(claimed.message.id);
  return seen;
}

function claimed(taken: Message): ClaimedMessage {
  return { message: taken, path: '/nowhere', arrivedMs: 0 };
}

function textOf({ id }: Message): string {
  return `<peer-message id="${id}">text</peer-message>`;
}

suite('an offered message', () => {
  test('[M4] goes from offered to recorded to seen, and leaves the book', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const one = offer('hook-context');
    assert.equal(phase(one), 'offered');
    assert.deepEqual([book.hasOpen(), book.hasUnrecorded(), book.size], [true, true, 1]);
    assert.deepEqual(takeSeen(book), []);
    transcript.hookContext('PostToolBatch', textOf(one));
    assert.deepEqual(takeSeen(book), []);
    assert.equal(phase(one), 'recorded');
    assert.deepEqual([book.hasOpen(), book.hasUnrecorded()], [true, false]);
    transcript.assistant('I see.');
    assert.deepEqual(
      takeSeen(book).map(({ claimed: { message: seen } }) => seen.id),
      [one.id],
    );
    assert.deepEqual([book.hasOpen(), book.size], [false, 0]);
    assert.deepEqual(takeSeen(book), []);
  });

  test('goes straight to seen when record and answer were written between two looks', (t) => {
    const { book, transcript, offer } = desk(t);
    const [one, other] = [offer('hook-context'), offer('hook-context')];
    transcript.hookContext('UserPromptSubmit', `${textOf(one)} and ${textOf(other)}`);
    transcript.assistant('I see.');
    assert.equal(takeSeen(book).length, 2);
  });

  for (const path of INLINE) {
    test(`by ${path} has failed when the next boundary shows nothing of it`, (t) => {
      const { book, offer, phase } = desk(t);
      const one = offer(path);
      book.passBoundary(LATER_MS);
      assert.equal(phase(one), 'failed');
      assert.deepEqual([book.hasOpen(), book.failed().length], [false, 1]);
      assert.deepEqual([...(book.get(one.id)?.tried ?? [])], [path]);
    });
  }

  for (const path of WAKES) {
    test(`by ${path} is taken up at one boundary and has failed when the second shows nothing of it`, (t) => {
      const { book, offer, phase } = desk(t);
      const one = offer(path);
      book.passBoundary(LATER_MS);
      assert.equal(phase(one), 'offered');
      book.passBoundary(LATER_MS);
      assert.equal(phase(one), 'failed');
    });
  }

  test('does not fail at a boundary that comes before its record can be written', (t) => {
    const { book, offer, phase } = desk(t);
    const one = offer('hook-context', {}, 1_000);
    for (const nowMs of [1_000, 1_050, 1_500]) book.passBoundary(nowMs);
    assert.equal(phase(one), 'offered');
    book.passBoundary(1_000 + LATER_MS);
    assert.equal(phase(one), 'failed');
  });

  test('fails in an idle session once its path had the time that it may take', (t) => {
    const { book, offer, phase } = desk(t);
    const [slow, quick] = [offer('file-changed'), offer('inbox-socket')];
    const settleMs = (path: DeliveryPath): number => (path === 'file-changed' ? 6_000 : 3_000);
    book.passIdle(2_999, settleMs);
    assert.deepEqual([phase(slow), phase(quick)], ['offered', 'offered']);
    book.passIdle(3_000, settleMs);
    assert.deepEqual([phase(slow), phase(quick)], ['offered', 'failed']);
    book.passIdle(6_000, settleMs);
    assert.equal(phase(slow), 'failed');
  });

  test('that is recorded does not fail: a turn that was broken off shows it to the model with the next one', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const one = offer('inbox-socket');
    transcript.peerMessage(textOf(one));
    takeSeen(book);
    for (let boundary = 0; boundary < 3; boundary += 1) book.passBoundary(LATER_MS);
    book.passIdle(LATER_MS, () => 0);
    assert.equal(phase(one), 'recorded');
  });

  test('[M1] that the person rewound has failed, once the conversation has gone on without it for a while', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const before = transcript.tip;
    const one = offer('inbox-socket');
    transcript.peerMessage(textOf(one));
    assert.deepEqual(takeSeen(book), []);
    transcript.tip = before;
    transcript.prompt('something else');
    transcript.assistant('Well.');
    assert.deepEqual(takeSeen(book, LATER_MS), []);
    book.passBoundary(LATER_MS);
    assert.equal(phase(one), 'recorded');
    assert.deepEqual(takeSeen(book, LATER_MS + 5_000), []);
    book.passBoundary(LATER_MS + 5_000);
    assert.equal(phase(one), 'failed');
    assert.deepEqual(
      book.failedFor('hook-context', LATER_MS + 5_000).map(({ claimed: { message: again } }) => again.id),
      [one.id],
    );
  });

  test('[M2] that had failed is not given again once its record turns up late', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const one = offer('inbox-socket');
    book.passIdle(LATER_MS, () => 0);
    assert.equal(book.failed().length, 1);
    transcript.peerMessage(textOf(one));
    takeSeen(book);
    assert.equal(phase(one), 'recorded');
    assert.deepEqual(book.failed(), []);
    transcript.assistant('I see.');
    assert.equal(takeSeen(book).length, 1);
  });

  test('of which its path said at once that it did not take it, has failed', (t) => {
    const { book, offer, phase } = desk(t);
    const one = offer('inbox-socket');
    book.fail(one.id);
    assert.equal(phase(one), 'failed');
    book.fail(message().id);
  });

  test('that is offered again remembers the paths that were tried in vain', (t) => {
    const { book, offer, phase } = desk(t);
    const one = offer('inbox-socket');
    book.fail(one.id);
    book.offer({ claimed: claimed(one), path: 'file-changed', needles: [textOf(one)], nowMs: 0 });
    assert.equal(phase(one), 'offered');
    assert.deepEqual(book.failed(), []);
    book.fail(one.id);
    assert.deepEqual([...(book.failed()[0]?.tried ?? [])], ['inbox-socket', 'file-changed']);
  });

  test('[S2] that no conversation ever shows is given a few times and then no more', (t) => {
    const { book, offer, phase } = desk(t);
    const one = offer('hook-context');
    let given = 1;
    for (; given < 100; given += 1) {
      book.passBoundary(LATER_MS);
      if (book.failedFor('hook-context', LATER_MS).length === 0) break;
      book.offer({ claimed: claimed(one), path: 'hook-context', needles: [textOf(one)], nowMs: 0 });
    }
    assert.equal(given, MAX_OFFERS);
    assert.equal(
      phase(one),
      'failed',
      'it is kept, for the model’s own call about it or the next conversation',
    );
    assert.equal(book.hasOpen(), false);
  });

  test('that a wake path failed to bring is left to the others for a while, and then to that one again', (t) => {
    const { book, offer } = desk(t);
    const one = offer('file-changed');
    book.fail(one.id);
    assert.deepEqual(book.failedFor('file-changed', 29_999), []);
    assert.equal(book.failedFor('hook-context', 0).length, 1);
    assert.equal(book.failedFor('file-changed', 30_000).length, 1);
  });

  test('that the host is seen to take up has more time, for its record may be late', (t) => {
    const { book, offer, phase } = desk(t);
    const [one, other] = [offer('inbox-socket'), offer('inbox-socket')];
    book.noteTaken(`app asks:\n\n<peer-message id="${one.id}" type="query">`, 1_000);
    for (const nowMs of [1_000, 10_000, 20_000]) book.passBoundary(nowMs);
    book.passIdle(20_000, () => 3_000);
    assert.deepEqual([phase(one), phase(other)], ['offered', 'failed']);
    book.passIdle(31_000, () => 3_000);
    assert.equal(phase(one), 'failed');
  });

  test('[M2] that the host takes up late, after it had failed, is not given again at once', (t) => {
    const { book, offer } = desk(t);
    const one = offer('file-changed');
    book.passIdle(6_000, () => 6_000);
    book.noteTaken(`<peer-message id="${one.id}" type="query">`, 7_000);
    assert.deepEqual(book.failed(), []);
  });

  test('that was given back or answered is not looked for any more', (t) => {
    const { book, transcript, offer } = desk(t);
    const one = offer('hook-context');
    assert.equal(book.remove(one.id)?.claimed.message.id, one.id);
    assert.equal(book.remove(one.id), undefined);
    transcript.prompt(textOf(one));
    transcript.assistant('I see.');
    assert.deepEqual(takeSeen(book), []);
  });
});

suite('a book without offers', () => {
  test('[M5] does not read what the conversation grew by meanwhile', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const early = message();
    transcript.prompt(textOf(early));
    transcript.assistant('I see.');
    for (let turn = 0; turn < 30; turn += 1) transcript.prompt('x'.repeat(100_000));
    book.offer({ claimed: claimed(early), path: 'tool', needles: [textOf(early)], nowMs: 0 });
    assert.deepEqual(takeSeen(book), []);
    const late = offer('tool');
    transcript.prompt(textOf(late));
    takeSeen(book);
    assert.deepEqual([phase(early), phase(late)], ['offered', 'recorded']);
  });

  test('still knows the calls that ran when the first offer was made', (t) => {
    const { book, transcript, offer } = desk(t);
    for (let turn = 0; turn < 30; turn += 1) transcript.prompt('x'.repeat(100_000));
    const first = transcript.call('toolu_1', 'msg_1');
    const second = transcript.call('toolu_2', 'msg_1');
    const one = offer('tool');
    transcript.tip = first;
    transcript.toolResult('toolu_1', textOf(one));
    transcript.tip = second;
    transcript.toolResult('toolu_2', 'something else');
    transcript.assistant('I see.', 'msg_2');
    assert.equal(takeSeen(book).length, 1);
  });
});

suite('a message that is too long for one turn', () => {
  const content = `${LONG} This was the last page.`;

  test('[M4] is being read once its head was seen, and seen only after its last page', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const long = offer('hook-context', { content: `This was the last page. ${content}` });
    transcript.hookContext('PostToolBatch', `${textOf(long)} This was the last page.`);
    transcript.assistant('I see.');
    assert.deepEqual(takeSeen(book), []);
    assert.equal(phase(long), 'reading');
    assert.equal(book.hasOpen(), false, 'nothing is on its way');
    book.passBoundary(LATER_MS);
    book.passIdle(LATER_MS, () => 0);
    assert.equal(phase(long), 'reading');

    const page = renderPage(long, 1);
    book.expectLastPage(long.id, page, 0);
    assert.equal(phase(long), 'offered');
    assert.equal(book.get(long.id)?.path, 'tool');
    transcript.call('toolu_1');
    transcript.toolResult('toolu_1', page);
    assert.deepEqual(takeSeen(book), []);
    transcript.assistant('All of it.');
    assert.equal(takeSeen(book).length, 1);
    assert.equal(book.size, 0);
  });

  test('[M4] is not proved by a head that says the words of a last page', (t) => {
    const { book, transcript, offer, phase } = desk(t);
    const long = offer('hook-context', { content });
    book.expectLastPage(long.id, renderPage(long, 1), 0);
    transcript.prompt(`${textOf(long)} id="${long.id}" This was the last page.`);
    transcript.assistant('I see.');
    assert.deepEqual(takeSeen(book), []);
    assert.equal(phase(long), 'offered');
  });

  test('that is being read does not keep what the conversation goes on with in memory', (t) => {
    const { book, proof, transcript, offer, phase } = desk(t);
    const long = offer('hook-context', { content });
    transcript.hookContext('PostToolBatch', textOf(long));
    transcript.assistant('I see.');
    takeSeen(book);
    assert.equal(phase(long), 'reading');
    assert.equal(proof.stateOf({ needles: [textOf(long)] }), 'absent', 'what was read is forgotten');
  });

  test('a page of a message that is not in the book changes nothing', (t) => {
    const { book } = desk(t);
    book.expectLastPage(message().id, 'page', 0);
    assert.equal(book.size, 0);
  });
});
