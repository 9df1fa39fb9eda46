import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inReadingOrder, type Step, stepLines } from '../../../src/demo/timeline.ts';

const names = new Map([
  ['aaaaaa', 'my-app'],
  ['bbbbbb', 'my-library'],
]);
const startMs = Date.parse('2026-01-01T00:00:00.000Z');

function step(state: string, ms: number, rest: Partial<Step> = {}): Step {
  const at = new Date(startMs + ms).toISOString();
  return { at, state, message: 'msg-1', from: 'aaaaaa', to: 'bbbbbb', type: 'query', ...rest };
}

test('a step that the receiver noted first is told after the message was sent', () => {
  const waiting = new Map<string, Step[]>();
  assert.deepEqual(inReadingOrder([step('offered', 30)], waiting), []);
  const told = inReadingOrder([step('accepted', 10), step('delivered', 20)], waiting);
  assert.deepEqual(
    told.map(({ state }) => state),
    ['accepted', 'offered', 'delivered'],
  );
  assert.deepEqual(
    inReadingOrder([step('seen', 40)], waiting).map(({ state }) => state),
    ['seen'],
  );
});

test('a sent message is told with who says what to whom, a state with its time and path', () => {
  assert.deepEqual(stepLines(step('accepted', 1_234, { summary: 'What broke?' }), { names, startMs }), [
    '',
    '  1.23 s  my-app asks my-library: “What broke?”',
  ]);
  assert.deepEqual(stepLines(step('offered', 2_000, { path: 'inbox-socket' }), { names, startMs }), [
    '  2.00 s      offered to my-library by inbox-socket',
  ]);
});

test('pings and the ends of sessions are not told', () => {
  assert.deepEqual(stepLines(step('accepted', 0, { type: 'ping' }), { names, startMs }), []);
});
