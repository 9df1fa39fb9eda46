import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { countOption, secondsOption } from '../../../src/cli/options/number-options.ts';
import { shortPath } from '../../../src/cli/text/short-path.ts';
import { localTime, timeAgo } from '../../../src/cli/text/time-text.ts';
import { v1Lines } from '../../../src/cli/text/v1-lines.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

suite('numbers on the command line', () => {
  const given = (value: string | undefined) => ({ option: () => value });

  test('seconds may have a fraction, and are given in milliseconds', () => {
    assert.equal(secondsOption(given('90'), 'wait'), 90_000);
    assert.equal(secondsOption(given('0.25'), 'wait'), 250);
    assert.equal(secondsOption(given('0'), 'wait'), 0);
    assert.equal(secondsOption(given(undefined), 'wait'), undefined);
  });

  test('what is no duration or count is a usage error that shows it', () => {
    for (const bad of ['', '-1', '1e3', '0x10', ' 5', '5s', 'Infinity', '604801', '٣']) {
      assert.throws(() => secondsOption(given(bad), 'wait'), isUsage, bad);
    }
    for (const bad of ['', '0', '-1', '1.5', '1000000']) {
      assert.throws(() => countOption(given(bad), 'limit'), isUsage, bad);
    }
    assert.equal(countOption(given('20'), 'limit'), 20);
  });
});

suite('times and paths for people', () => {
  test('a moment is told in the largest unit that fits', () => {
    for (const [at, text] of [
      ['2026-11-21T11:59:30Z', 'just now'],
      ['2026-11-21T12:00:30Z', 'just now'],
      ['2026-11-21T11:59:00Z', '1 minute ago'],
      ['2026-11-21T11:01:00Z', '59 minutes ago'],
      ['2026-11-21T10:00:00Z', '2 hours ago'],
      ['2026-11-18T12:00:00Z', '3 days ago'],
      ['never was', 'never'],
    ] as const) {
      assert.equal(timeAgo(at, NOW), text);
    }
  });

  test('the date is told only for another day', () => {
    assert.match(localTime('2026-11-21T12:00:01Z', NOW), /^\d\d:\d\d:01$/);
    assert.match(localTime('2026-11-01T12:00:01Z', NOW), /^2026-11-0\d \d\d:\d\d:01$/);
    assert.equal(localTime('no time at all', NOW), 'no time at all');
    assert.equal(localTime('\u001b]0;owned\u0007\n', NOW), '␛]0;owned␇ ', 'it is shown on a terminal [X2]');
  });

  test('a path below the home begins with a tilde', () => {
    const env = { HOME: '/home/ada' };
    assert.equal(shortPath('/home/ada/projects', env), '~/projects');
    assert.equal(shortPath('/home/ada', env), '~');
    assert.equal(shortPath('/home/adam', env), '/home/adam');
  });
});

test('the lines of session-bridge v1 hold for a message without a project, and for one that answers [M6]', () => {
  const message = {
    id: 'msg-000000000001' as MessageId,
    from: 'aaaaaa' as SeatId,
    to: 'bbbbbb' as SeatId,
    type: 'response' as const,
    timestamp: '2026-11-21T12:00:00Z',
    status: 'pending',
    content: 'yes\n',
    inReplyTo: 'msg-000000000002' as MessageId,
    metadata: {},
  };
  assert.equal(
    v1Lines(message),
    'MESSAGE_ID=msg-000000000001\nFROM_ID=aaaaaa\nTO_ID=bbbbbb\nFROM_PROJECT=unknown\nTYPE=response\nIN_REPLY_TO=msg-000000000002\n---\nyes\n',
  );
});

function isUsage(error: unknown): boolean {
  return error instanceof CahootsError && error.code === 'usage';
}
