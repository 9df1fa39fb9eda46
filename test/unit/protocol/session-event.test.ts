import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionEventSchema, type WatchedSessionEvent } from '../../../src/protocol/session-event.ts';
import type { SessionEvent } from '../../../src/supervisor/session-means.ts';
import { managedRecord, promptRecord } from '../../fixtures/managed-records.ts';

test('what the supervisor tells of a session is what a watcher reads', () => {
  const session = managedRecord();
  const failure = { kind: 'server', message: 'x' } as const;
  const call = { id: 'c', tool: 'Bash', input: { command: 'ls' }, bySubagent: false };
  const told: readonly SessionEvent[] = [
    { type: 'session:changed', session },
    { type: 'prompt:changed', prompt: promptRecord() },
    ...(
      [
        { type: 'session:described', version: '1', model: 'm' },
        { type: 'text:said', text: 'x', bySubagent: true },
        { type: 'tool:called', call },
        { type: 'tool:returned', callId: 'c', text: '', isError: false },
        { type: 'request:retried', failure, attempt: 1, attempts: 9, delayMs: 10 },
      ] as const
    ).map((event) => ({ type: 'agent:acted', session: session.id, event }) as const),
  ];
  // Also for the compiler: a kind of event that is told and not read does not pass here.
  const read: readonly WatchedSessionEvent[] = told;
  assert.deepEqual(
    read.map((event) => sessionEventSchema.parse(JSON.parse(JSON.stringify(event)))),
    told,
  );
});
