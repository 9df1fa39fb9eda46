import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { outcomeStatus, promptJson } from '../../../../src/cli/commands/sessions/prompt-report.ts';
import { LIMIT_OPTIONS, limitsFrom } from '../../../../src/cli/options/limit-options.ts';
import { presetFrom } from '../../../../src/cli/options/preset-option.ts';
import { EventLines } from '../../../../src/cli/text/event-lines.ts';
import { durationText, moneyText, stateText } from '../../../../src/cli/text/session-text.ts';
import { managedStatusText } from '../../../../src/cli/text/status-text.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../../../src/protocol/managed-session.ts';
import { managedRecord, promptRecord } from '../../../fixtures/managed-records.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

const given = (values: Readonly<Record<string, string>>) => ({ option: (name: string) => values[name] });

suite('options of managed sessions', () => {
  test('limits are read by their names, for the session and for each prompt', () => {
    const call = given({
      'max-cost': '2.5',
      'max-tokens': '2000000',
      'turn-max-turns': '9',
      'turn-max-minutes': '0.5',
    });
    assert.deepEqual(limitsFrom(call), {
      session: { costUsd: 2.5, tokens: 2_000_000 },
      turn: { turns: 9, minutes: 0.5 },
    });
    assert.deepEqual(limitsFrom(given({})), { session: {}, turn: {} });
    for (const { name } of LIMIT_OPTIONS)
      assert.throws(() => limitsFrom(given({ [name]: '0' })), { code: 'usage' }, name);
    for (const bad of ['', '-1', '1e3', '1.5', 'x']) {
      assert.throws(() => limitsFrom(given({ 'max-turns': bad })), { code: 'usage' }, bad);
    }
  });

  test('a preset is one of those that there are', () => {
    assert.equal(presetFrom(given({ preset: 'read-only' })), 'read-only');
    assert.equal(presetFrom(given({})), undefined);
    assert.throws(
      () => presetFrom(given({ preset: 'readonly' })),
      /There are: read-only, review, edit, full, plan\./,
    );
  });
});

suite('managed sessions for people', () => {
  test('amounts and durations are short', () => {
    assert.deepEqual([0.01234, 12.345].map(moneyText), ['$0.0123', '$12.35']);
    assert.deepEqual([0, 940, 59_600, 200_000, 7_500_000].map(durationText), [
      '0.0 s',
      '0.9 s',
      '1 min 0 s',
      '3 min 20 s',
      '2 h 5 min',
    ]);
  });

  test('a state says what it waits for, and cannot act on a terminal [X2]', () => {
    const textOf = (state: ManagedSessionRecord['state']): string => stateText({ state }, NOW);
    assert.equal(textOf({ state: 'running', prompt: 'p', pauses: true }), 'running, then paused');
    assert.match(textOf({ state: 'limited', resetsAtMs: NOW + 1_000 }), /^limited until \d\d:\d\d:01$/);
    const failure = { kind: 'other', message: 'no\u001b[2J\nmore' } as const;
    assert.equal(textOf({ state: 'failed', failure }), 'failed: no␛[2J more');
  });

  test('the status tells limits with what is used of them, and what is queued', () => {
    const session = managedRecord({ limits: { session: { costUsd: 2, turns: 50 }, turn: { minutes: 5 } } });
    const prompts = [
      promptRecord({ ended: { outcome: 'completed' } }),
      promptRecord({ text: 'under way', startedAtMs: NOW }),
      promptRecord({ text: 'later' }),
    ];
    const text = managedStatusText(session, { prompts, nowMs: NOW })
      .map(([label, value]) => `${label}: ${value}`)
      .join('\n');
    for (const line of [
      'limit of cost: $0.0000 of $2.00',
      'limit of turns: 0 of 50',
      'of each prompt: at most 5 minutes',
    ]) {
      assert.ok(text.includes(line), text);
    }
    assert.match(text, /works on: under way\nqueued: later/);
  });

  test('an event that says nothing new has no line', () => {
    const lines = new EventLines();
    const session = managedRecord({ name: 'worker', state: { state: 'idle' } });
    const changed = { type: 'session:changed', session } as const;
    assert.match(lines.lineOf(changed, NOW) ?? '', / {2}worker {2}is idle$/);
    assert.equal(lines.lineOf({ ...changed, session: { ...session, turns: 1 } }, NOW), undefined);
    const call = { id: 'c1', tool: 'Bash', input: { command: 'a\nb' }, bySubagent: false };
    const acted = { type: 'agent:acted', session: session.id } as const;
    assert.match(
      lines.lineOf({ ...acted, event: { type: 'tool:called', call } }, NOW) ?? '',
      /calls Bash \{"command":"a\\nb"\}$/,
    );
    const returned = { type: 'tool:returned', callId: 'c1', text: 'no\nsuch', isError: true } as const;
    assert.match(lines.lineOf({ ...acted, event: returned }, NOW) ?? '', /worker {2}Bash failed: no such$/);
    assert.equal(lines.lineOf({ ...acted, event: { ...returned, isError: false } }, NOW), undefined);
  });
});

suite('what came of a prompt', () => {
  test('has an exit status for each of its ends', () => {
    const statusOf = (ended: PromptRecord['ended']): number =>
      outcomeStatus(promptRecord(ended === undefined ? {} : { ended }));
    const reached = { limit: 'turns', scope: 'turn', allowed: 3, used: 3 } as const;
    assert.equal(statusOf(undefined), 4);
    assert.equal(statusOf({ outcome: 'completed' }), 0);
    assert.equal(statusOf({ outcome: 'interrupted' }), 1);
    assert.equal(statusOf({ outcome: 'dropped', reason: 'x' }), 1);
    assert.equal(statusOf({ outcome: 'failed', failure: { kind: 'server', message: 'x' } }), 1);
    assert.equal(statusOf({ outcome: 'limit-reached', reached }), 5);
  });

  test('is a response only when the turn has come to its end', () => {
    const part = promptRecord({ ended: { outcome: 'interrupted' } });
    assert.equal((promptJson(part) as { response: unknown }).response, null);
    const whole = promptRecord({ ended: { outcome: 'completed' }, endedAtMs: NOW });
    const { response } = promptJson(whole) as { response: { id: string; timestamp: string } };
    assert.deepEqual([response.id, response.timestamp], [whole.id, '2026-11-21T12:00:00.000Z']);
  });
});
