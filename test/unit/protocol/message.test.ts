import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  isMessageId,
  isSeatId,
  type MessageId,
  newMessageId,
  newSeatId,
  type SeatId,
  shardOf,
} from '../../../src/protocol/ids.ts';
import { MAX_CONTENT_BYTES, MAX_MESSAGE_FILE_BYTES, parseMessage } from '../../../src/protocol/message.ts';
import { messageText } from '../../fixtures/message-text.ts';

const EXPECTED = { id: 'msg-000000000001' as MessageId, to: 'bbbbbb' as SeatId };

function reasonFor(text: string): string {
  const parsed = parseMessage(text, EXPECTED);
  assert.ok(!parsed.ok, 'it was taken for a message');
  return parsed.reason;
}

suite('the envelope', () => {
  test('a message of ours and one of v1 are read, unknown keys are kept', () => {
    const ours = parseMessage(messageText({ later: { x: 1 } }), EXPECTED);
    assert.ok(ours.ok);
    assert.deepEqual(ours.message['later'], { x: 1 });
    const v1 = parseMessage(
      messageText({
        format: undefined,
        seq: undefined,
        thread: undefined,
        hops: undefined,
        expectsReply: undefined,
      }),
      EXPECTED,
    );
    assert.ok(v1.ok);
    assert.equal(v1.message.content, 'what broke?');
  });

  test('a reason names the key, what was expected and what was there', () => {
    const cases: [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ type: 'shout' }, /^type: expected one of "query", "response", .*, got "shout"$/],
      [{ content: 3 }, /^content: expected string, got 3$/],
      [{ content: undefined }, /^content: expected string, got nothing$/],
      [{ content: null }, /^content: expected string, got null$/],
      [{ seq: -1 }, /^seq: expected at least 0, got -1$/],
      [{ seq: 1.5 }, /^seq: expected int, got 1.5$/],
      [{ hops: '6' }, /^hops: expected number, got "6"$/],
      [{ from: '../../etc' }, /^from: expected six characters of \[a-z0-9\], got "..\/..\/etc"$/],
      [{ inReplyTo: 'msg-1' }, /^inReplyTo: expected "msg-" and twelve .*, got "msg-1"$/],
      [
        { metadata: { permissionClass: 'root' } },
        /^metadata.permissionClass: expected one of "asks", "bypasses", got "root"$/,
      ],
      [{ metadata: [] }, /^metadata: expected object, got \[\]$/],
      [{ to: 'cccccc' }, /^to: expected bbbbbb, got cccccc$/],
      [
        { id: 'msg-000000000002' },
        /^id: expected msg-000000000001 as in the file name, got msg-000000000002$/,
      ],
      [{ format: 2 }, /^format 2 is newer than 1/],
      [{ timestamp: undefined, status: undefined }, /^timestamp: expected string, got nothing; status: /],
    ];
    for (const [changes, expected] of cases) assert.match(reasonFor(messageText(changes)), expected);
    assert.match(reasonFor('[]'), /^message: expected object, got \[\]$/);
    assert.match(reasonFor('3'), /^message: expected object, got 3$/);
    assert.match(reasonFor(''), /^not JSON/);
    assert.match(reasonFor(messageText().slice(0, -20)), /^not JSON/);
  });

  test('a reason stays short and on one line, however long and strange the offending value is', () => {
    const reason = reasonFor(messageText({ type: `\u001B[31m\n${'x'.repeat(1_000_000)}` }));
    assert.ok(reason.length < 400, String(reason.length));
    assert.doesNotMatch(reason, /\p{Cc}/u);
  });

  test('[X2] a message nested so deeply that writing it again would fail is refused', () => {
    const nested = `{"x":${'['.repeat(500_000)}${']'.repeat(500_000)},${messageText().slice(1)}`;
    assert.match(reasonFor(nested), /^nested more than \d+ levels deep$/);
    const inObjects = `{"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},${messageText().slice(1)}`;
    assert.match(reasonFor(inObjects), /^nested more than/);
    assert.ok(parseMessage(messageText({ x: { a: [{ b: [[['c']]] }] } }), EXPECTED).ok);
  });

  test('[X2] keys that mean something to JavaScript are plain data', () => {
    const parsed = parseMessage(
      `{"__proto__":{"polluted":1},"constructor":1,${messageText().slice(1)}`,
      EXPECTED,
    );
    assert.ok(parsed.ok);
    assert.equal(Reflect.get(parsed.message, 'polluted'), undefined);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  test('a refused message tells who says to have sent it, so that the sender can be told', () => {
    const parsed = parseMessage(messageText({ type: 'shout' }), EXPECTED);
    assert.deepEqual(parsed.ok ? {} : [parsed.from, parsed.id], ['aaaaaa', 'msg-000000000001']);
    const nobody = parseMessage(messageText({ from: 7, id: 8 }), EXPECTED);
    assert.deepEqual(nobody.ok ? {} : [nobody.from, nobody.id], [undefined, undefined]);
  });

  test('content is measured in bytes of UTF-8: one mebibyte passes, one byte more does not', () => {
    const most = 'é'.repeat(MAX_CONTENT_BYTES / 2);
    assert.ok(parseMessage(messageText({ content: most }), EXPECTED).ok);
    assert.equal(reasonFor(messageText({ content: `${most}x` })), 'content: 1048577 bytes, at most 1048576');
  });

  test('the largest content fits into the largest file in every spelling', () => {
    for (const unit of ['\u0000', '\u007F', '"', '\\', 'é', '漢', '😀', '\uD800', '\n']) {
      const content = unit.repeat(Math.floor(MAX_CONTENT_BYTES / Buffer.byteLength(unit)));
      assert.ok(Buffer.byteLength(messageText({ content })) < MAX_MESSAGE_FILE_BYTES, JSON.stringify(unit));
    }
  });
});

suite('ids', () => {
  test('only the exact form is an id: nothing that means something in a path', () => {
    for (const id of [newSeatId(), '000000', 'abc123']) assert.ok(isSeatId(id), id);
    for (const text of ['', 'abc12', 'abc1234', 'ABC123', '../../', 'abc12\n', '......', 'ab/cd1', 7, null])
      assert.ok(!isSeatId(text), String(text));
    for (const id of [newMessageId(), 'msg-abcdefghijkl']) assert.ok(isMessageId(id), id);
    for (const text of [
      'msg-',
      'msg-abcdefghijk',
      'msg-abcdefghijkl\n',
      'msg-../../../../',
      'MSG-abcdefghijkl',
      undefined,
    ])
      assert.ok(!isMessageId(text), String(text));
  });

  test('the shard follows from the id alone', () => {
    assert.equal(shardOf('msg-abcdefghijkl' as MessageId), 'a');
  });
});
