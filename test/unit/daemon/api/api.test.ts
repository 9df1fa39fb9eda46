import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { createApp } from '../../../../src/daemon/api/app.ts';
import { EventHub } from '../../../../src/daemon/api/event-hub.ts';
import { ROUTES } from '../../../../src/daemon/api/routes.ts';
import { openDatabase } from '../../../../src/daemon/store/database.ts';
import { SqliteSessionStore } from '../../../../src/daemon/store/sqlite-session-store.ts';
import type { ErrorReport } from '../../../../src/protocol/errors.ts';
import { newSeatId } from '../../../../src/protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../../../src/protocol/managed-session.ts';
import { Supervisor } from '../../../../src/supervisor/supervisor.ts';
import { type FakeScript, fakeAgent, waitFor } from '../../../../src/testing/index.ts';
import { tempFolder } from '../../../fixtures/temp-root.ts';

const nothingIsRevived = (): Promise<never> => Promise.reject(new Error('nothing is revived here'));

function begin(t: TestContext, script?: FakeScript) {
  const { database, close } = openDatabase(join(tempFolder(t), 'daemon.db'), { nowMs: 0 });
  const store = new SqliteSessionStore(database);
  const events = new EventHub();
  const ended: string[] = [];
  const supervisor = new Supervisor({
    agents: { 'claude-code': fakeAgent(script) },
    store,
    seats: { open: () => newSeatId(), close: () => undefined, sitterOf: () => undefined },
    clock: { now: () => Date.now() },
    judge: () => ({ verdict: 'allow' }),
    requirePermitted: () => undefined,
    env: {},
    queueLength: 2,
    onEvent: (event) => events.tell(event),
  });
  t.after(async () => {
    events.close();
    await supervisor.close();
    close();
  });
  const shutDown = (): void => void ended.push('shut down');
  const app = createApp({
    supervisor,
    reviver: { answer: nothingIsRevived, size: nothingIsRevived },
    store,
    events,
    version: '1.2.3',
    shutDown,
  });
  async function call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; answer: unknown }> {
    const response = await app.request(path, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    return { status: response.status, answer: await response.json() };
  }
  async function done(method: string, path: string, body?: unknown): Promise<unknown> {
    const { status, answer } = await call(method, path, body);
    assert.equal(status, 200, JSON.stringify(answer));
    return answer;
  }
  const spawn = async (name: string): Promise<ManagedSessionRecord> =>
    (await done('POST', '/v1/sessions', { name, cwd: '/' })) as ManagedSessionRecord;
  return { app, call, done, spawn, ended, events };
}

const hangs: FakeScript = function* () {
  yield 'hang';
};

suite('the API of the daemon', () => {
  test('starts a session, gives it prompts, and waits for what comes of them', async (t) => {
    const { done, spawn } = begin(t);
    const session = await spawn('worker');
    assert.deepEqual(
      [session.state.state, session.preset, session.limits],
      ['idle', 'edit', { session: {}, turn: {} }],
    );
    const asked = { text: 'hello', from: 'me' };
    const prompt = await (done('POST', '/v1/sessions/worker/prompts', asked) as Promise<PromptRecord>);
    const ended = await (done('GET', `/v1/prompts/${prompt.id}?waitMs=5000`) as Promise<PromptRecord>);
    assert.deepEqual([ended.ended, ended.turn?.text], [{ outcome: 'completed' }, 'ECHO[hello]']);
    assert.deepEqual(await done('GET', `/v1/prompts/${prompt.id}`), ended);
    assert.deepEqual(await done('GET', `/v1/sessions/${session.id}/prompts`), [ended]);
    const journal = await (done('GET', '/v1/sessions/worker/journal') as Promise<
      { number: number; type: string }[]
    >);
    assert.ok(journal.some(({ type }) => type === 'text:said'));
    const last = journal.at(-1)?.number ?? 0;
    assert.deepEqual(await done('GET', `/v1/sessions/worker/journal?after=${last}`), []);
    const [listed] = await (done('GET', '/v1/sessions?limit=1') as Promise<ManagedSessionRecord[]>);
    assert.equal(listed?.turns, 1);
  });

  test('says how a prompt stands when the time to wait is up', async (t) => {
    const { done, spawn } = begin(t, hangs);
    await spawn('worker');
    const prompt = await (done('POST', '/v1/sessions/worker/prompts', {
      text: 'go',
      from: 'me',
    }) as Promise<PromptRecord>);
    const waited = await (done('GET', `/v1/prompts/${prompt.id}?waitMs=30`) as Promise<PromptRecord>);
    assert.equal(waited.ended, undefined);
    assert.ok(waited.startedAtMs !== undefined);
  });

  test('steers a session: interrupts, pauses, stops, resumes, forks, changes the model, deletes', async (t) => {
    const { done, call, spawn } = begin(t, function* (prompt) {
      yield prompt === 'hang' ? 'hang' : { say: prompt };
    });
    await spawn('worker');
    const state = async (verb: string): Promise<string> =>
      (await (done('POST', `/v1/sessions/worker/${verb}`) as Promise<ManagedSessionRecord>)).state.state;
    const hung = await (done('POST', '/v1/sessions/worker/prompts', {
      text: 'hang',
      from: 'me',
    }) as Promise<PromptRecord>);
    assert.equal(await state('interrupt'), 'idle');
    const interrupted = await (done('GET', `/v1/prompts/${hung.id}?waitMs=5000`) as Promise<PromptRecord>);
    assert.equal(interrupted.ended?.outcome, 'interrupted');
    assert.equal(await state('pause'), 'paused');
    assert.equal(await state('resume'), 'idle');
    await done('POST', '/v1/sessions/worker/prompts', { text: 'hang', from: 'me' });
    const now = { text: 'now', from: 'me', interrupt: true };
    const next = await (done('POST', '/v1/sessions/worker/prompts', now) as Promise<PromptRecord>);
    assert.equal(
      (await (done('GET', `/v1/prompts/${next.id}?waitMs=5000`) as Promise<PromptRecord>)).turn?.text,
      'now',
    );
    const changed = await (done('PUT', '/v1/sessions/worker/model', {
      model: 'small',
    }) as Promise<ManagedSessionRecord>);
    assert.equal(changed.model, 'small');
    const fork = await (done('POST', '/v1/sessions/worker/fork', {
      name: 'copy',
    }) as Promise<ManagedSessionRecord>);
    assert.deepEqual([fork.name, fork.model], ['copy', 'small']);
    assert.equal((await call('DELETE', '/v1/sessions/worker')).status, 409);
    assert.equal(await state('stop'), 'stopped');
    assert.equal(await state('resume'), 'idle');
    assert.equal(await state('kill'), 'stopped');
    await done('DELETE', '/v1/sessions/worker');
    assert.equal((await call('GET', '/v1/sessions/worker')).status, 404);
    await done('POST', '/v1/sessions/copy/stop');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const removed = await (done('POST', '/v1/sessions/clean-up', { olderThanMs: 0 }) as Promise<
      ManagedSessionRecord[]
    >);
    assert.deepEqual(
      removed.map(({ name }) => name),
      ['copy'],
    );
  });

  test('tells an error with its code, its remedy and a status that fits', async (t) => {
    const { call, spawn } = begin(t, hangs);
    await spawn('worker');
    const prompts = '/v1/sessions/worker/prompts';
    for (const text of ['one', 'two', 'three']) await call('POST', prompts, { text, from: 'me' });
    const cases: [string, string, unknown, number, string, RegExp][] = [
      ['GET', '/v1/sessions/nobody', undefined, 404, 'session-unknown', /There are: worker/],
      ['POST', '/v1/sessions', { name: 'worker', cwd: '/' }, 409, 'name-taken', /worker/],
      [
        'POST',
        '/v1/sessions',
        { name: 'b', cwd: '/no/such/folder' },
        422,
        'folder-missing',
        /no\/such\/folder/,
      ],
      ['POST', '/v1/sessions', { name: 'b', cwd: '/', preset: 'all' }, 400, 'usage', /preset/],
      ['POST', '/v1/sessions', { name: 'b', cwd: '/', colour: 'red' }, 400, 'usage', /colour/],
      ['POST', '/v1/sessions', { cwd: '/' }, 400, 'usage', /name/],
      [
        'POST',
        '/v1/sessions',
        { name: 'b', cwd: '/', limits: { session: { turns: 0 }, turn: {} } },
        400,
        'usage',
        /turns/,
      ],
      ['POST', prompts, { text: 'four', from: 'me' }, 429, 'queue-full', /2 prompts wait/],
      ['POST', '/v1/sessions/worker/resume', undefined, 409, 'session-state', /running/],
      ['GET', '/v1/prompts/none', undefined, 404, 'prompt-unknown', /none/],
      ['GET', '/v1/sessions?limit=many', undefined, 400, 'usage', /limit/],
      ['GET', '/v1/nothing', undefined, 404, 'route-unknown', /GET \/v1\/nothing/],
    ];
    for (const [method, path, body, status, code, message] of cases) {
      const { answer, status: got } = (await call(method, path, body)) as {
        status: number;
        answer: ErrorReport;
      };
      assert.deepEqual([got, answer.code], [status, code], JSON.stringify(answer));
      assert.match(answer.message, message);
      assert.ok(answer.remedy.length > 0);
    }
  });

  test('takes no body that a web page could send, is broken, or is too long [X1]', async (t) => {
    const { app } = begin(t);
    const post = (body: string, type?: string): Response | Promise<Response> =>
      app.request('/v1/sessions', {
        method: 'POST',
        body,
        ...(type && { headers: { 'content-type': type } }),
      });
    const json = JSON.stringify({ name: 'worker', cwd: '/' });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      assert.equal((await post(json, type)).status, 400);
    }
    assert.equal((await post('{"name":', 'application/json')).status, 400);
    assert.equal((await post(`"${'x'.repeat(5 * 1024 * 1024)}"`, 'application/json')).status, 413);
    assert.equal((await post(json, 'application/json; charset=utf-8')).status, 200);
  });

  test('tells who watches what happens, of one session or of all, from the first byte on', async (t) => {
    const { app, done, spawn, events } = begin(t);
    await spawn('worker');
    await spawn('other');
    const response = await app.request('/v1/events?session=worker');
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.ok(response.body !== null);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let told = '';
    const until = async (words: RegExp): Promise<void> => {
      while (!words.test(told)) {
        const { value } = (await reader.read()) as { value?: Uint8Array };
        assert.ok(value !== undefined, `the stream ended after ${told}`);
        told += decoder.decode(value, { stream: true });
      }
    };
    await until(/event: watching/);
    await done('POST', '/v1/sessions/other/prompts', { text: 'not for us', from: 'me' });
    await done('POST', '/v1/sessions/worker/prompts', { text: 'hello', from: 'me' });
    await until(/ECHO\[hello\][^]*"state":"idle"/);
    assert.doesNotMatch(told, /not for us/);
    for (const type of ['session:changed', 'prompt:changed', 'agent:acted'])
      assert.ok(told.includes(`event: ${type}`));
    assert.equal(events.watchers, 1);
    await reader.cancel();
    await waitFor(() => events.watchers === 0, { what: 'the end of the watch' });
    assert.equal((await app.request('/v1/events?session=nobody')).status, 404);
  });

  test('says who it is, and ends when it is asked to; when it is to be idle only then', async (t) => {
    const { done, spawn, ended } = begin(t);
    const health = { api: 1, version: '1.2.3', pid: process.pid, running: 0, watchers: 0 };
    assert.deepEqual(await done('GET', '/v1/health'), health);
    await spawn('worker');
    assert.deepEqual(await done('POST', '/v1/shut-down', { ifIdle: true }), { ends: false });
    assert.deepEqual(ended, []);
    assert.deepEqual(await done('POST', '/v1/shut-down', {}), { ends: true });
    assert.deepEqual(ended, ['shut down']);
  });

  test('describes itself: each of its routes, with what it takes and answers', async (t) => {
    const { done } = begin(t);
    interface Described {
      readonly openapi: string;
      readonly paths: Record<string, Record<string, Record<string, unknown>>>;
    }
    const api = await (done('GET', '/v1/openapi.json') as Promise<Described>);
    assert.equal(api.openapi, '3.1.0');
    assert.equal(Object.values(api.paths).flatMap((path) => Object.keys(path)).length, ROUTES.length);
    const spawn = JSON.stringify(api.paths['/v1/sessions']?.['post']);
    for (const part of ['"name"', '"cwd"', '"read-only"', '"costUsd"', '"additionalProperties":false']) {
      assert.ok(spawn.includes(part), part);
    }
    assert.deepEqual(api.paths['/v1/prompts/{prompt}']?.['get']?.['parameters'], [
      { name: 'prompt', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'waitMs', in: 'query', required: false, schema: { type: 'string', pattern: '^\\d{1,15}$' } },
    ]);
  });
});
