import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseSeatRecord, seatRecordSchema } from '../../../src/protocol/seat.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';

const WHOLE = {
  ...seatRecord('aaaaaa'),
  agent: 'claude-code',
  conversation: 'c',
  transcript: '/t',
  holder: { pid: 1, start: '2', host: '00000000' },
  version: '1',
  permissionMode: 'default',
  deliveryPath: 'tool',
  about: 'x',
  packages: ['npm:x'],
  ephemeral: true,
  stopped: false,
  turns: 3,
  peerTurns: { lastHour: 1, cap: 20, times: [1, 2.5], later: true },
  laterKey: { kept: [1] },
};

function bySchema(text: string): unknown {
  const parsed = seatRecordSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

suite('seat records', () => {
  test('a record is read as the schema says, whatever any one of its keys holds', () => {
    const values = [
      undefined,
      null,
      '',
      'x',
      'idle',
      'live',
      'open',
      'aaaaaa',
      0,
      1.5,
      -1,
      2 ** 60,
      true,
      [],
      ['x'],
      [1],
      {},
      { pid: 1, start: '2', host: 'h' },
      { pid: 1, start: '2', host: 'h', more: 1 },
      { pid: 1.5, start: '2', host: 'h' },
      { lastHour: 1, cap: 2 },
      { lastHour: 1.5, cap: 2 },
      { lastHour: 1, cap: 2, times: ['x'] },
      { lastHour: 1, cap: 2, times: [null] },
      { lastHour: 1, cap: 2 },
    ];
    const { peerTurns: _, ...plain } = WHOLE;
    for (const base of [WHOLE, plain, seatRecord('aaaaaa')]) {
      assert.deepEqual(parseSeatRecord(JSON.stringify(base)), bySchema(JSON.stringify(base)));
      for (const key of [...Object.keys(seatRecordSchema.shape), 'laterKey']) {
        for (const value of values) {
          const text = JSON.stringify({ ...base, [key]: value });
          assert.deepEqual(parseSeatRecord(text), bySchema(text), `${key}: ${JSON.stringify(value)}`);
        }
      }
    }
  });

  test('the sample holds every key of the schema, so that a new one cannot be read past it', () => {
    assert.deepEqual(
      Object.keys(seatRecordSchema.shape).filter((key) => !(key in WHOLE)),
      [],
    );
  });

  test('what is no record is undefined', () => {
    for (const text of ['', '{', 'null', '[]', '7', '{"sessionId":"aaaaaa"}'])
      assert.equal(parseSeatRecord(text), undefined, text);
  });
});
