import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { constantFrom, oneof, option, property, record, string, tuple } from 'fast-check';
import { parseJsonLines } from '../../../src/lib/json-lines.ts';
import { claimPath, parseClaimName } from '../../../src/mailbox/claim-name.ts';
import { parseJournal } from '../../../src/mailbox/journal.ts';
import { idOfFile } from '../../../src/mailbox/waiting-files.ts';
import { isMessageId, isSeatId } from '../../../src/protocol/ids.ts';
import { parseJson } from '../../../src/protocol/json.ts';
import { MAX_CONTENT_BYTES, messageSchema, parseMessage } from '../../../src/protocol/message.ts';
import {
  currentState,
  MESSAGE_STATES,
  mergeStates,
  receiptSchema,
  type StateRecord,
} from '../../../src/protocol/receipt.ts';
import { parseSeatRecord, seatRecordSchema, v1ManifestSchema } from '../../../src/protocol/seat.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { messageId } from '../attendant/messages.ts';
import { check } from './check.ts';
import { damagedText, jsonText, mutated } from './hostile-json.ts';
import { hostileContent, hostileText } from './hostile-text.ts';

const EXPECTED = { id: messageId(1), to: 'bbbbbb' as Parameters<typeof parseMessage>[1]['to'] };
const WHOLE = JSON.parse(messageText({ expiresAfterMs: 1_000, repeat: 0, later: [1] })) as Record<
  string,
  unknown
>;
const RECEIPT = {
  message: 'msg-000000000001',
  state: 'seen',
  at: '2026-11-20T22:41:00.000Z',
  by: 'bbbbbb',
  reason: 'x',
  path: 'tool',
};

/** Fails unless a value that was read can be written, and is then read as the same one. */
function isRead(value: unknown, read: (text: string) => unknown): void {
  const text = JSON.stringify(value, null, 2);
  // JSON writes -0 as 0: what is written is compared.
  assert.equal(JSON.stringify(read(text), null, 2), text);
}

const inMessage = oneof(
  { weight: 4, arbitrary: mutated(WHOLE) },
  { weight: 1, arbitrary: jsonText },
  { weight: 1, arbitrary: hostileText },
);

suite('the text of a file that another process wrote', () => {
  test('is a message as the schema has it, or is refused with a short reason on one line [X2]', () => {
    check(
      property(damagedText(inMessage), (text) => {
        const parsed = parseMessage(text, EXPECTED);
        if (!parsed.ok) {
          assert.match(parsed.reason, /^.{1,2000}$/u);
          assert.doesNotMatch(parsed.reason, /[\p{Cc}\u2028\u2029]/u);
          assert.ok(parsed.from === undefined || isSeatId(parsed.from));
          assert.ok(parsed.id === undefined || isMessageId(parsed.id));
          return;
        }
        const { message } = parsed;
        assert.deepEqual([message.id, message.to], [EXPECTED.id, EXPECTED.to]);
        assert.ok(messageSchema.safeParse(message).success);
        assert.equal(Object.getPrototypeOf(message), Object.prototype);
        assert.equal(Object.getPrototypeOf(message.metadata), Object.prototype);
        assert.ok(Buffer.byteLength(message.content) <= MAX_CONTENT_BYTES);
        isRead(message, (text) => {
          const again = parseMessage(text, EXPECTED);
          return again.ok ? again.message : again;
        });
      }),
      1_000,
    );
  });

  test('holds the content that was sent, whatever that was', () => {
    check(
      property(hostileContent, hostileText, (content, name) => {
        const text = messageText({ content, metadata: { fromName: name } });
        const parsed = parseMessage(text, EXPECTED);
        assert.ok(parsed.ok);
        assert.equal(parsed.message.content, content);
        assert.equal(parsed.message.metadata.fromName, name);
      }),
      200,
    );
  });

  test('is the record of a seat as the schema has it, or is none [X2]', () => {
    const whole = { ...seatRecord('bbbbbb'), holder: { pid: 1, start: '2', host: '00000000' }, about: 'x' };
    check(
      property(damagedText(oneof({ weight: 4, arbitrary: mutated(whole) }, jsonText)), (text) => {
        const found = parseSeatRecord(text);
        if (found === undefined) return;
        const parsed = seatRecordSchema.safeParse(found);
        assert.ok(parsed.success);
        assert.ok(isSeatId(found.sessionId));
        isRead(found, parseSeatRecord);
      }),
      800,
    );
  });

  test('is a receipt or a manifest of v1 as the schema has it, or is none [X2]', () => {
    const manifest = { ...seatRecord('bbbbbb') };
    check(
      property(
        damagedText(oneof(mutated(RECEIPT), jsonText)),
        damagedText(oneof(mutated(manifest), jsonText)),
        (one, other) => {
          const receipt = parseJson(one, receiptSchema);
          if (receipt !== undefined) {
            assert.ok(isMessageId(receipt.message) && isSeatId(receipt.by));
            assert.ok(MESSAGE_STATES.includes(receipt.state));
            isRead(receipt, (text) => parseJson(text, receiptSchema));
          }
          const found = parseJson(other, v1ManifestSchema);
          if (found === undefined) return;
          assert.ok(isSeatId(found.sessionId));
          for (const key of ['projectName', 'projectPath', 'startedAt', 'lastHeartbeat', 'status'] as const)
            assert.equal(typeof found[key], 'string');
          isRead(found, (text) => parseJson(text, v1ManifestSchema));
        },
      ),
      500,
    );
  });

  test('is a journal of whole entries, and what is no entry costs none of the others [X2]', () => {
    const entry = { ...RECEIPT, from: 'aaaaaa', to: 'bbbbbb', type: 'query', summary: 'hello' };
    const good = JSON.stringify({ ...entry, summary: 'the good one' });
    check(
      property(damagedText(oneof(mutated(entry), jsonText)), damagedText(mutated(entry)), (one, other) => {
        const lines = [one, other].map((text) => text.replaceAll('\n', ' '));
        const found = parseJournal([lines[0], good, lines[1], good, '{"half":'].join('\n'));
        assert.ok(found.filter(({ summary }) => summary === 'the good one').length >= 2);
        for (const each of found) {
          assert.ok(MESSAGE_STATES.includes(each.state) && isSeatId(each.by));
          assert.equal(typeof each.message, 'string');
          isRead(each, (text) => parseJournal(JSON.stringify(JSON.parse(text)))[0]);
        }
        assert.ok(parseJsonLines(lines.join('\n')).length <= 2);
      }),
      300,
    );
  });
});

const anyState = record({
  state: constantFrom(...MESSAGE_STATES),
  at: oneof(constantFrom('2026-11-20T22:41:00.000Z', '2026-11-20T22:41:01.000Z'), hostileText),
  by: constantFrom('aaaaaa', 'bbbbbb', 'cccccc').map((id) => id as StateRecord['by']),
  reason: option(hostileText, { nil: 'none' }),
});

function nameOf({ state, at, by }: StateRecord): string {
  return [state, at, by].join(' ');
}

suite('states in whatever order they arrive', () => {
  test('say the same [M4]', () => {
    check(
      property(tuple(anyState, anyState, anyState, anyState), (records) => {
        const merged = mergeStates(records);
        assert.deepEqual(mergeStates(merged), merged);
        const other = mergeStates(records.slice(2), records.slice(0, 2).reverse());
        assert.deepEqual(other.map(nameOf).sort(), merged.map(nameOf).sort());
        assert.deepEqual(
          other.map(({ at }) => at),
          merged.map(({ at }) => at),
        );
        assert.equal(currentState(merged), currentState([...records].reverse()));
      }),
      300,
    );
  });
});

suite('the name of a file that another process made', () => {
  const part = oneof(
    hostileText,
    string({ maxLength: 6 }),
    constantFrom(
      'msg-000000000001',
      '1',
      '999999999',
      '9'.repeat(30),
      'ffffffff',
      '..',
      '../..',
      'x'.repeat(300),
      '',
    ),
  );

  test('is the name of a claim or message that is made of safe parts, or is none [X2]', () => {
    check(
      property(
        part,
        part,
        part,
        part,
        part,
        constantFrom('~', '~~', '.', '/'),
        (id, pid, start, host, end, glue) => {
          const name = `${[id, pid, start, host, end].join(glue)}.json`;
          const claim = parseClaimName(name);
          if (claim !== undefined) {
            assert.ok(isMessageId(claim.id));
            assert.ok(
              Number.isSafeInteger(claim.owner.process.pid) && Number.isSafeInteger(claim.owner.generation),
            );
            assert.match(claim.owner.process.start, /^\d+$/);
            assert.match(claim.owner.process.host, /^[0-9a-f]{8}$/);
          }
          for (const text of [name, `${id}.json`]) {
            const found = idOfFile(text);
            assert.ok(found === undefined || (isMessageId(found) && `${found}.json` === text));
          }
        },
      ),
      500,
    );
  });

  test('of a claim says who made it', () => {
    const digits = constantFrom('0', '1', '4194304', '999999999');
    check(
      property(digits, digits, digits, (pid, start, generation) => {
        const owner = {
          process: { pid: Number(pid), start, host: '0123abcd' },
          generation: Number(generation),
        };
        assert.deepEqual(parseClaimName(claimPath('', { id: messageId(7), owner })), {
          id: messageId(7),
          owner,
        });
      }),
      64,
    );
  });
});
