import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import { createSeat, freshRecord } from '../../../src/directory/take-seat.ts';
import { sessionStart } from '../../../src/hooks/session-start.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { Correspondent } from '../../../src/mail/correspondent.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { type AttendedSession, composeAttendant } from '../../../src/mcp/compose.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { type FakeHost, fakeHost } from '../attendant/fake-host.ts';

const WAKE_HOOK = join(import.meta.dirname, '../../../plugin/bin/wake.sh');

interface Composed {
  readonly host: FakeHost;
  readonly session: AttendedSession;
  readonly faults: unknown[];
  /** A query of the peer "app"; returns the states that it knows of, as they are at each call. */
  readonly ask: () => () => string[];
}

function composed(t: TestContext, env: Record<string, string> = {}): Composed {
  const opened: AttendedSession[] = [];
  t.after(() => {
    for (const { attendant } of opened) attendant.close();
  });
  const host = fakeHost(t, { env });
  const faults: unknown[] = [];
  const session = composeAttendant({
    env: host.env,
    cwd: host.project,
    claudePid: process.pid,
    version: '1.0.0',
    onFault: (error) => faults.push(error),
  });
  opened.push(session);
  session.attendant.start();
  const request = { clock: systemClock, projectPath: '/projects/app', version: '1.0.0' };
  const app = createSeat(host.root, (id) => freshRecord(request, id, { name: 'app', kind: 'live' }));
  const correspondent = new Correspondent({
    root: host.root,
    clock: systemClock,
    limits: limitsFrom({}),
    seat: () => app,
    permissionClass: () => 'asks',
  });
  return {
    host,
    session,
    faults,
    ask: () => {
      const { id } = correspondent.send(correspondent.resolve('lib'), {
        type: 'query',
        content: 'what broke?',
      });
      return () =>
        statesOf(app.folder, id).map(({ state, path }) => (path === undefined ? state : `${state}: ${path}`));
    },
  };
}

/** A listener in the place of the host's inbox socket; tells the lines that came, and goes when it is closed. */
async function inboxSocketAt(
  t: TestContext,
  path: string,
): Promise<{ lines: () => string[]; close: () => void }> {
  const sockets = new Set<Socket>();
  let text = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  t.after(close);
  return { lines: () => text.split('\n').filter((line) => line !== ''), close };
}

suite('an attendant with the delivery paths of its host', () => {
  test('wakes by the inbox socket of its own host, with its token and for its conversation', async (t) => {
    const socketPath = join(tempFolder(t), `${process.pid}.sock`);
    const socket = await inboxSocketAt(t, socketPath);
    const { session, ask, faults } = composed(t, {
      CLAUDE_CODE_MESSAGING_SOCKET: socketPath,
      CLAUDE_CODE_MESSAGING_TOKEN: 'a-token',
    });
    assert.equal(session.attendant.deliveryPath, 'inbox-socket');
    const states = ask();
    await waitFor(() => socket.lines().length === 2, { what: 'the wake' });
    const [auth, line] = socket.lines().map((text) => JSON.parse(text) as Record<string, unknown>);
    assert.deepEqual(auth, { type: 'auth', token: 'a-token' });
    assert.equal(line?.['session_id'], 'c-1');
    await waitFor(() => states().at(-1) === 'offered: inbox-socket', { what: 'the receipt' });
    assert.deepEqual(faults, []);
  });

  test('wakes by the watched file where there is no socket, or when the socket is gone', async (t) => {
    const socketPath = join(tempFolder(t), `${process.pid}.sock`);
    const socket = await inboxSocketAt(t, socketPath);
    const { host, session, ask } = composed(t, { CLAUDE_CODE_MESSAGING_SOCKET: socketPath });
    const { trigger, payload } = session.host.wakeFiles;
    sessionStart({ env: host.env, cwd: host.project, parentPid: process.pid });
    socket.close();
    const states = ask();
    await waitFor(() => existsSync(payload), { what: 'the text for the hook' });
    const event = JSON.stringify({ hook_event_name: 'FileChanged', file_path: trigger, event: 'change' });
    const { status, stderr } = spawnSync('/bin/sh', [WAKE_HOOK], { input: event, encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /app \([a-z0-9]{6}\) asks:[^]*what broke\?/);
    await waitFor(() => states().at(-1) === 'offered: file-changed', { what: 'the receipt' });
  });

  test('waits for the session’s own step where nothing can wake it', async (t) => {
    const { session, ask } = composed(t);
    assert.equal(session.attendant.deliveryPath, 'hook-context');
    const states = ask();
    await session.attendant.pump();
    const answer = await session.attendant.hook({
      moment: 'prompt',
      prompt: '',
      conversation: 'c-1',
      transcript: '',
      permissionMode: 'default',
      agent: '',
      toolUse: '',
    });
    assert.match(answer.context ?? '', /what broke\?/);
    assert.equal(states().at(-1), 'offered: hook-context');
  });

  test('[X1] makes a private mailbox root, and uses none that a link or file stands for', (t) => {
    const home = tempFolder(t);
    const root = join(home, 'mail');
    const options = { cwd: home, claudePid: process.pid, version: '1.0.0', onFault: () => undefined };
    composeAttendant({ ...options, env: { HOME: home, BRIDGE_DIR: root } });
    assert.equal(statSync(root).mode & 0o777, 0o700);
    rmSync(join(root, 'seats'), { recursive: true });
    symlinkSync(tempFolder(t), join(root, 'seats'));
    assert.throws(
      () => composeAttendant({ ...options, env: { HOME: home, BRIDGE_DIR: root } }),
      CahootsError,
    );
    const file = join(home, 'file');
    writeFileSync(file, '');
    assert.throws(
      () => composeAttendant({ ...options, env: { HOME: home, BRIDGE_DIR: file } }),
      CahootsError,
    );
  });
});
