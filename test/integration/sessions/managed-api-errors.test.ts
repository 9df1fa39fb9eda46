import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AgentFailureKind } from '../../../src/protocol/turn-result.ts';
import type { ModelRule, Reply } from '../../../src/testing/index.ts';
import { ManagedBench } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** How often the host tries again; ten times, with long waits, where nothing is said. */
const RETRIES = { CLAUDE_CODE_MAX_RETRIES: '2' };

/** Answers with the failure whenever the last prompt is that word. */
function failing(word: string, reply: (time: number) => Reply | undefined): ModelRule {
  let times = 0;
  return (turn) => {
    if (!new RegExp(`\\b${word}$`).test(turn.prompt)) return undefined;
    times += 1;
    return reply(times);
  };
}

for (const { version, path: program } of testedBinaries()) {
  suite(`a managed session of claude ${version} whose requests fail`, () => {
    test('tells of each kind of failure what it was, and goes on with the next prompt [M3]', async (t) => {
      const bench = await ManagedBench.start(t, {
        program,
        env: RETRIES,
        rules: [
          failing('SLOW', () => ({ error: { status: 429, retryAfterSeconds: 1 } })),
          failing('CUT', () => ({ error: 'cut' })),
          failing('GARBLED', () => ({ error: 'malformed' })),
        ],
      });
      await bench.spawn('worker');
      const cases: readonly (readonly [string, AgentFailureKind, number | undefined, boolean])[] = [
        ['FAIL 400', 'invalid-request', 400, false],
        ['FAIL 401', 'authentication', 401, true],
        ['FAIL 403', 'authentication', 403, false],
        ['SLOW', 'rate-limit', 429, true],
        ['FAIL 500', 'server', 500, true],
        ['FAIL 529', 'overloaded', 529, true],
        ['CUT', 'connection', undefined, false],
        ['GARBLED', 'other', undefined, false],
      ];
      for (const [text, kind, status, isRetried] of cases) {
        const prompt = await bench.ask('worker', text);
        assert.ok(prompt.ended?.outcome === 'failed', `${text}: ${JSON.stringify(prompt.ended)}`);
        assert.deepEqual(
          [text, prompt.ended.failure.kind, prompt.ended.failure.status],
          [text, kind, status],
        );
        assert.ok(prompt.ended.failure.message.length > 0);
        assert.ok(prompt.turn?.status === 'failed');
        const retries = (await bench.journal('worker')).filter(
          (entry) => entry.type === 'request:retried' && entry.prompt === prompt.id,
        );
        if (!isRetried) continue;
        assert.equal(retries.length, Number(RETRIES.CLAUDE_CODE_MAX_RETRIES), text);
        for (const { data } of retries) {
          assert.deepEqual([(data['failure'] as { kind: string }).kind, data['attempts']], [kind, 2]);
        }
      }
      assert.equal((await bench.session('worker')).state.state, 'idle');
      assert.equal((await bench.ask('worker', 'SAY still here')).turn?.text, 'still here');
    });

    test('whose trouble passes answers all the same, and the journal tells of the trouble', async (t) => {
      const bench = await ManagedBench.start(t, {
        program,
        env: RETRIES,
        rules: [failing('TROUBLE', (time) => (time <= 2 ? { error: 529 } : 'over it'))],
      });
      await bench.spawn('worker');
      const prompt = await bench.ask('worker', 'TROUBLE');
      assert.deepEqual([prompt.ended, prompt.turn?.text], [{ outcome: 'completed' }, 'over it']);
      const retries = (await bench.journal('worker')).filter(({ type }) => type === 'request:retried');
      assert.deepEqual(
        retries.map(({ data }) => [data['attempt'], (data['failure'] as { kind: string }).kind]),
        [
          [1, 'overloaded'],
          [2, 'overloaded'],
        ],
      );
    });

    test('that reaches no API says that the connection is what failed, and is ended in order', async (t) => {
      // Nothing listens at that port.
      const env = { ...RETRIES, ANTHROPIC_BASE_URL: 'http://127.0.0.1:1/' };
      const bench = await ManagedBench.start(t, { program, env });
      await bench.spawn('worker');
      const prompt = await bench.ask('worker', 'SAY hello');
      assert.ok(prompt.ended?.outcome === 'failed', JSON.stringify(prompt.ended));
      assert.equal(prompt.ended.failure.kind, 'connection', prompt.ended.failure.message);
      assert.equal((await bench.steer('worker', 'stop')).state.state, 'stopped');
    });

    test('is interrupted while it waits to try again', async (t) => {
      const bench = await ManagedBench.start(t, { program });
      await bench.spawn('worker');
      const prompt = await bench.give('worker', 'FAIL 529');
      await bench.inJournal('worker', 'request:retried');
      await bench.steer('worker', 'interrupt');
      assert.deepEqual((await bench.endOf(prompt)).ended, { outcome: 'interrupted' });
      assert.equal((await bench.ask('worker', 'SAY next')).turn?.text, 'next');
    });

    test('whose plan is used up is limited until the reset, and then goes on by itself where it was', async (t) => {
      let resetSeconds = 0;
      let sent = 0;
      const usedUp: ModelRule = (turn) => {
        if (!turn.prompt.endsWith('PLAN')) return undefined;
        sent += 1;
        if (sent > 1) return `after the reset`;
        resetSeconds = Math.floor(Date.now() / 1_000) + 3;
        return { error: { status: 429, headers: planHeaders(resetSeconds) } };
      };
      const bench = await ManagedBench.start(t, {
        program,
        // Only an account with a plan has limits that reset.
        env: { ...RETRIES, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-dummy', ANTHROPIC_API_KEY: '' },
        rules: [usedUp],
      });
      await bench.spawn('worker');
      const prompt = await bench.give('worker', 'PLAN');
      const next = await bench.give('worker', 'SAY next');
      const limited = await bench.inState('worker', 'limited');
      assert.deepEqual(limited.state, { state: 'limited', resetsAtMs: resetSeconds * 1_000 });
      const ended = await bench.endOf(prompt);
      assert.deepEqual([ended.ended, ended.turn?.text], [{ outcome: 'completed' }, 'after the reset']);
      assert.ok((ended.endedAtMs ?? 0) >= resetSeconds * 1_000);
      assert.equal((await bench.endOf(next)).turn?.text, 'next');
    });
  });
}

/** What the API answers with to an account whose five hours are used up. */
function planHeaders(resetSeconds: number): Record<string, string> {
  const prefix = 'anthropic-ratelimit-unified';
  return {
    [`${prefix}-status`]: 'rejected',
    [`${prefix}-reset`]: String(resetSeconds),
    [`${prefix}-representative-claim`]: 'five_hour',
    [`${prefix}-5h-status`]: 'rejected',
    [`${prefix}-5h-reset`]: String(resetSeconds),
    [`${prefix}-5h-utilization`]: '1',
    [`${prefix}-overage-status`]: 'rejected',
    [`${prefix}-overage-disabled-reason`]: 'org_level_disabled',
  };
}
