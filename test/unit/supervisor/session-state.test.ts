import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SessionState } from '../../../src/protocol/managed-session.ts';
import { advance, isLive, mayStep, type SessionStep } from '../../../src/supervisor/session-state.ts';

const FAILURE = { kind: 'other', message: 'it fell over' } as const;

/** Where the steps lead from `starting`; a step that leads nowhere throws. */
function after(...steps: readonly SessionStep[]): SessionState {
  return steps.reduce(advance, { state: 'starting' });
}

const READY: SessionStep = { step: 'ready' };
const TURN: SessionStep = { step: 'begin-turn', prompt: 'p' };

suite('the state of a managed session', () => {
  test('goes from turn to turn', () => {
    assert.deepEqual(after(READY), { state: 'idle' });
    assert.deepEqual(after(READY, TURN), { state: 'running', prompt: 'p', pauses: false });
    assert.deepEqual(after(READY, TURN, { step: 'end-turn' }), { state: 'idle' });
  });

  test('of one that is paused in a turn is so once that is over, unless it was let go on before', () => {
    assert.deepEqual(after(READY, TURN, { step: 'pause' }, { step: 'end-turn' }), { state: 'paused' });
    assert.deepEqual(after(READY, TURN, { step: 'pause' }, { step: 'unpause' }, { step: 'end-turn' }), {
      state: 'idle',
    });
    assert.deepEqual(after(READY, { step: 'pause' }), { state: 'paused' });
    assert.deepEqual(after(READY, { step: 'pause' }, { step: 'unpause' }), { state: 'idle' });
  });

  test('remembers the turn, and that it is paused, while somebody’s word is waited for', () => {
    const waiting = after(READY, TURN, { step: 'pause' }, { step: 'wait', for: 'approval' });
    assert.deepEqual(waiting, { state: 'waiting', prompt: 'p', pauses: true, for: 'approval' });
    assert.deepEqual(advance(waiting, { step: 'answer' }), { state: 'running', prompt: 'p', pauses: true });
  });

  test('with its plan’s allowance used up waits for that, and is paused where it is to be', () => {
    const limit: SessionStep = { step: 'reach-plan-limit', resetsAtMs: 7 };
    assert.deepEqual(after(READY, TURN, limit), { state: 'limited', resetsAtMs: 7 });
    assert.deepEqual(after(READY, TURN, limit, { step: 'limit-over' }), { state: 'idle' });
    assert.deepEqual(after(READY, TURN, limit, { step: 'pause' }), { state: 'paused' });
    assert.deepEqual(after(READY, TURN, { step: 'pause' }, limit), { state: 'paused' });
  });

  test('is over once stopped, failed or lost, from any state in which it has a process, and may start again', () => {
    const live: SessionState[] = [
      after(),
      after(READY),
      after(READY, TURN),
      after(READY, TURN, { step: 'wait', for: 'approval' }),
      after(READY, { step: 'pause' }),
      after(READY, TURN, { step: 'reach-plan-limit', resetsAtMs: 7 }),
      after(READY, { step: 'stop' }),
    ];
    for (const state of live) {
      assert.ok(isLive(state));
      const over = [
        advance(state, { step: 'exit' }),
        advance(state, { step: 'fail', failure: FAILURE }),
        advance(state, { step: 'lose' }),
      ];
      assert.deepEqual(over, [
        { state: 'stopped' },
        { state: 'failed', failure: FAILURE },
        { state: 'interrupted' },
      ]);
      for (const ended of over) {
        assert.ok(!isLive(ended));
        assert.deepEqual(advance(ended, { step: 'start' }), { state: 'starting' });
      }
    }
  });

  test('takes no step that leads nowhere', () => {
    const wrong: [SessionState, SessionStep][] = [
      [after(), TURN],
      [after(READY, TURN), TURN],
      [after(READY), { step: 'end-turn' }],
      [after(READY), { step: 'unpause' }],
      [after(READY), { step: 'limit-over' }],
      [after(READY, { step: 'stop' }), TURN],
      [after(READY, { step: 'stop' }), { step: 'stop' }],
      [after(READY, { step: 'exit' }), { step: 'stop' }],
      [after(READY), { step: 'start' }],
    ];
    for (const [state, step] of wrong) {
      assert.equal(mayStep(state, step.step), false);
      assert.throws(() => advance(state, step), RangeError);
    }
  });
});
