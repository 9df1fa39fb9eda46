import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { durationOption, momentOption } from '../../../../src/cli/options/time-options.ts';

const asking = (text: string | undefined) => ({ option: () => text });
const NOW_MS = Date.parse('2026-06-15T12:00:00Z');

suite('options that are times', () => {
  test('take durations with their unit', () => {
    const cases: Record<string, number> = {
      '30d': 2_592_000_000,
      '12h': 43_200_000,
      '1.5m': 90_000,
      '0s': 0,
      '2w': 1_209_600_000,
    };
    for (const [text, ms] of Object.entries(cases))
      assert.equal(durationOption(asking(text), 'older-than'), ms, text);
    assert.equal(durationOption(asking(undefined), 'older-than'), undefined);
    for (const text of ['', '30', 'd', '-1d', '1y', '1e9d', '999999999w', ' 1d'])
      assert.throws(() => durationOption(asking(text), 'older-than'), { code: 'usage' }, text);
  });

  test('take dates, times and how long ago; a date alone is the whole day', () => {
    const moment = (text: string, end = false): number | undefined =>
      momentOption(asking(text), 'since', { nowMs: NOW_MS, end });
    assert.equal(moment('2h'), NOW_MS - 7_200_000);
    assert.equal(moment('2026-01-31T14:00Z'), Date.parse('2026-01-31T14:00:00Z'));
    assert.equal(moment('2026-01-31T14:00:30.5+02:00'), Date.parse('2026-01-31T12:00:30.500Z'));
    assert.equal(moment('2026-01-31'), new Date(2026, 0, 31).getTime());
    assert.equal(moment('2026-01-31', true), new Date(2026, 1, 1).getTime() - 1);
    assert.equal(moment('2026-01-31T14:00'), new Date(2026, 0, 31, 14).getTime());
    for (const text of ['yesterday', '2026-13-01', '2026', '14:00', '2026-01-31 14:00', ''])
      assert.throws(() => moment(text), { code: 'usage' }, text);
  });
});
