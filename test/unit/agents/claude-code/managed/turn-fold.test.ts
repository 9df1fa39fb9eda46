import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import * as fc from 'fast-check';
import { type Folded, TurnFold } from '../../../../../src/agents/claude-code/managed/turn-fold.ts';
import { NOTHING_SPENT, type TurnResult } from '../../../../../src/protocol/turn-result.ts';

suite('the messages of a session, folded into turns', () => {
  test('a turn that used up the plan’s allowance says when that is there again', () => {
    const result = folded([
      { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1_800_000_000 } },
      said('You have hit your limit', { error: 'rate_limit' }),
      ended({ is_error: true, result: 'You have hit your limit', api_error_status: 429 }),
    ]);
    assert.ok(result.status === 'failed');
    assert.deepEqual(result.failure, {
      kind: 'usage-limit',
      message: 'You have hit your limit',
      status: 429,
      resetsAtMs: 1_800_000_000_000,
    });
  });

  test('a limit of the rate alone, and one that is over by now, are no used-up allowance', () => {
    const failed = [
      said('Slow down', { error: 'rate_limit' }),
      ended({ is_error: true, result: 'Slow down', api_error_status: 429 }),
    ];
    const passing = (status: string) => ({ type: 'rate_limit_event', rate_limit_info: { status } });
    for (const before of [[], [passing('allowed_warning')], [passing('rejected'), passing('allowed')]]) {
      const result = folded([...before, ...failed]);
      assert.ok(result.status === 'failed');
      assert.equal(result.failure.kind, 'rate-limit');
    }
  });

  test('failures that the host calls unknown go by their status', () => {
    const kinds = [
      [529, 'overloaded'],
      [500, 'server'],
      [401, 'authentication'],
      [402, 'billing'],
      [404, 'invalid-request'],
      [null, 'other'],
    ];
    for (const [status, kind] of kinds) {
      const result = folded([
        said('It failed', { error: 'unknown' }),
        ended({ is_error: true, result: 'It failed', api_error_status: status }),
      ]);
      assert.ok(result.status === 'failed');
      assert.equal(result.failure.kind, kind);
    }
  });

  test('costs are those of the turn, also where the totals begin with what a resumed conversation had cost', () => {
    const fold = new TurnFold({ total: { ...NOTHING_SPENT, costUsd: 5, inputTokens: 500 }, now: () => 0 });
    const first = resultIn(fold.read(message(ended({ cost: 5.5, input: 600 }))));
    assert.deepEqual([first.spent.costUsd, first.spent.inputTokens], [0.5, 100]);
    const second = resultIn(fold.read(message(ended({ cost: 7, input: 650 }))));
    assert.deepEqual([second.spent.costUsd, second.spent.inputTokens], [1.5, 50]);
  });

  test('totals that begin anew count from zero, and never as a gain', () => {
    const fold = new TurnFold({ total: { ...NOTHING_SPENT, costUsd: 5 }, now: () => 0 });
    assert.equal(resultIn(fold.read(message(ended({ cost: 0.25 })))).spent.costUsd, 0.25);
  });

  test('what a subagent says is told, and is not what the turn said', () => {
    const fold = new TurnFold({ now: () => 0 });
    fold.read(message(said('the main one')));
    const { events } = fold.read(message(said('the other one', { parent_tool_use_id: 'toolu_1' })));
    assert.deepEqual(events, [{ type: 'text:said', text: 'the other one', bySubagent: true }]);
    const result = fold.cutOff({ status: 'interrupted' }, NOTHING_SPENT);
    assert.deepEqual([result.text, result.steps], ['the main one', 1]);
  });

  test('what the host says in the model’s place the model has not said [M4]', () => {
    const fold = new TurnFold({ now: () => 0 });
    const { events } = fold.read(message(said('API Error: 401', { error: 'authentication_failed' })));
    assert.deepEqual(events, []);
  });

  test('a step that comes in several messages is one step', () => {
    const steps = folded([
      said('one', { id: 'msg_1' }),
      said('two', { id: 'msg_1' }),
      ended({ result: 'two' }),
    ]);
    assert.equal(steps.steps, 1);
  });

  test('nothing of a turn is counted to the next one', () => {
    const fold = new TurnFold({ now: () => 0 });
    fold.deny({ id: 'call', tool: 'Bash', input: {}, bySubagent: false }, 'no');
    fold.read(message(said('one')));
    assert.equal(resultIn(fold.read(message(ended({})))).denials.length, 1);
    const next = resultIn(fold.read(message(ended({}))));
    assert.deepEqual([next.denials, next.steps], [[], 0]);
  });

  test('a message of a shape that nobody knows is passed over or a type error, never anything else', () => {
    const anything = fc.record(
      {
        type: fc.constantFrom('assistant', 'user', 'result', 'system', 'rate_limit_event', 'news'),
        subtype: fc.anything(),
        message: fc.anything(),
        permission_denials: fc.anything(),
        modelUsage: fc.anything(),
        rate_limit_info: fc.anything(),
        errors: fc.anything(),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(anything, (value) => {
        try {
          new TurnFold({ now: () => 0 }).read(message(value));
        } catch (error) {
          assert.ok(error instanceof TypeError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Stands for what the host writes, whose types the bench does not repeat. */
function message(value: unknown): SDKMessage {
  return value as SDKMessage;
}

function folded(messages: readonly unknown[]): TurnResult {
  const fold = new TurnFold({ now: () => 0 });
  return resultIn(messages.map((one) => fold.read(message(one))).at(-1));
}

function resultIn(last: Folded | undefined): TurnResult {
  assert.ok(last?.ended !== undefined);
  return last.ended.result;
}

function said(text: string, { id = text, error, parent_tool_use_id = null }: Record<string, unknown> = {}) {
  const content = [{ type: 'text', text }];
  return {
    type: 'assistant',
    message: { id, content },
    parent_tool_use_id,
    ...(error !== undefined && { error }),
  };
}

function ended({
  cost = 0,
  input = 0,
  ...fields
}: {
  cost?: number;
  input?: number;
  [key: string]: unknown;
}) {
  return {
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'done',
    permission_denials: [],
    total_cost_usd: cost,
    modelUsage: {
      model: { inputTokens: input, outputTokens: 0, cacheReadInputTokens: 0, cacheCreationInputTokens: 0 },
    },
    ...fields,
  };
}
