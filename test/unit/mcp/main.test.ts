import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { listPeers, type Peer } from '../../../src/directory/peers.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { cleanEnv } from '../../fixtures/run-program.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const MAIN = join(import.meta.dirname, '../../../src/mcp/main.ts');
const MODERN = '2026-07-28';
const ERAS = { legacy: 'legacy', modern: { pin: MODERN } } as const;

interface StartingHost {
  readonly root: string;
  readonly env: Record<string, string>;
  readonly project: string;
  readonly peers: () => Peer[];
  /** What is ended with the test. */
  readonly closing: (() => Promise<void>)[];
}

/** A home in which this process stands for the session's `claude`. */
function startingHost(t: TestContext, extra: Record<string, string> = {}): StartingHost {
  const closing: (() => Promise<void>)[] = [];
  // Ahead of the home, which is removed in the same order.
  t.after(async () => await Promise.all(closing.map((close) => close())));
  const home = tempFolder(t);
  const project = join(home, 'lib');
  const root = join(home, '.claude', 'session-bridge');
  mkdirSync(join(home, '.claude', 'sessions'), { recursive: true });
  mkdirSync(project);
  const entry = { pid: process.pid, sessionId: 'c-1', cwd: project, status: 'idle' };
  writeFileSync(join(home, '.claude', 'sessions', `${process.pid}.json`), JSON.stringify(entry));
  return {
    root,
    project,
    env: cleanEnv({
      HOME: home,
      CLAUDECODE: '1',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      CLAUDE_CODE_SESSION_ID: 'c-1',
      CLAUDE_PROJECT_DIR: project,
      ...extra,
    }),
    peers: () => listPeers(root, Date.now()),
    closing,
  };
}

interface ConnectedHost {
  readonly client: Client;
  readonly pid: number;
  readonly startedMs: number;
}

async function connect(
  { env, project, closing }: StartingHost,
  mode: (typeof ERAS)[keyof typeof ERAS],
): Promise<ConnectedHost> {
  const client = new Client({ name: 'a-host', version: '1.0.0' }, { versionNegotiation: { mode } });
  const transport = new StdioClientTransport({ command: process.execPath, args: [MAIN], env, cwd: project });
  closing.push(() => client.close());
  const beganMs = performance.now();
  await client.connect(transport);
  return { client, pid: transport.pid ?? 0, startedMs: performance.now() - beganMs };
}

/** The attendant as a program with open pipes, whose protocol nobody speaks. */
function startProgram({ env, project, closing }: StartingHost): ChildProcess {
  const child = spawn(process.execPath, [MAIN], { env, cwd: project, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  closing.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

suite('the attendant as a program', () => {
  test('answers a hook that brings the documents which a batch of tools has read, and goes on', async (t) => {
    const host = startingHost(t);
    const { client } = await connect(host, ERAS.modern);
    const calls = JSON.stringify([
      { tool_name: 'Bash', tool_input: {}, tool_response: 'x'.repeat(24 * 1024 * 1024) },
    ]);
    for (const given of [calls, '[]']) {
      const hook = await client.callTool({
        name: 'hook',
        arguments: { event: 'PostToolBatch', calls: given },
      });
      assert.deepEqual(hook.content, [{ type: 'text', text: '{}' }]);
    }
  });

  for (const [era, mode] of Object.entries(ERAS)) {
    test(`serves a host of the ${era} protocol`, async (t) => {
      const host = startingHost(t);
      const { client, startedMs } = await connect(host, mode);
      t.diagnostic(`start to handshake, from sources: ${startedMs.toFixed(0)} ms`);
      assert.equal(client.getProtocolEra(), era);
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name).sort(), [
        'ask',
        'delete_session',
        'inbox',
        'list_sessions',
        'listen',
        'peers',
        'reply',
        'resume_session',
        'seat',
        'send',
        'send_message',
        'spawn_session',
      ]);
      const peers = await client.callTool({ name: 'peers', arguments: {} });
      assert.deepEqual(peers.content, [{ type: 'text', text: 'No other session has a seat here yet.' }]);
      const hook = await client.callTool({
        name: 'hook',
        arguments: { event: 'UserPromptSubmit', agent: '' },
      });
      assert.deepEqual(hook.content, [{ type: 'text', text: '{}' }]);
      const wrong = await client.callTool({ name: 'ask', arguments: { peer: 'nobody', question: '?' } });
      assert.equal(wrong.isError, true);
      assert.match(JSON.stringify(wrong.content), /peer-unknown/);
    });
  }

  test('[S1] takes the seat of a person’s session before anything is called', async (t) => {
    const host = startingHost(t);
    startProgram(host);
    const [peer] = await waitFor(() => host.peers().length === 1 && host.peers(), { what: 'the seat' });
    assert.deepEqual([peer?.name, peer?.path], ['lib', host.project]);
  });

  test('[S1] of a one-shot session writes nothing until a tool is called, and leaves no seat', async (t) => {
    const host = startingHost(t, { CLAUDE_CODE_ENTRYPOINT: 'sdk-cli' });
    const { client, pid } = await connect(host, 'legacy');
    await client.listTools();
    await client.callTool({ name: 'hook', arguments: { event: 'UserPromptSubmit' } });
    assert.deepEqual(host.peers(), []);
    await client.callTool({ name: 'peers', arguments: {} });
    assert.equal(host.peers().length, 1);
    await client.close();
    await waitFor(() => !isRunning(pid), { what: 'the end of the process' });
    assert.deepEqual(host.peers(), []);
  });

  for (const [era, mode] of Object.entries(ERAS)) {
    test(`of a session that our daemon runs has no tools and no seat, in the ${era} protocol`, async (t) => {
      const host = startingHost(t, { CAHOOTS_MANAGED: '1' });
      const { client } = await connect(host, mode);
      assert.deepEqual((await client.listTools()).tools, []);
      await assert.rejects(client.callTool({ name: 'peers', arguments: {} }));
      assert.deepEqual(readdirSync(join(host.root, '..')), ['sessions'], 'no mailbox root is made');
    });
  }

  const ends: Record<string, (child: ChildProcess) => void> = {
    'end of input': (child) => child.stdin?.end(),
    SIGTERM: (child) => child.kill('SIGTERM'),
    SIGINT: (child) => child.kill('SIGINT'),
    SIGHUP: (child) => child.kill('SIGHUP'),
  };
  for (const [how, end] of Object.entries(ends)) {
    test(`[M3] on ${how} leaves the seat and ends, within what the host gives it`, async (t) => {
      const host = startingHost(t);
      const child = startProgram(host);
      await waitFor(() => host.peers()[0]?.state === 'idle', { what: 'the seat' });
      const ended = once(child, 'exit');
      const beganMs = performance.now();
      end(child);
      assert.deepEqual(await ended, [0, null]);
      t.diagnostic(`ended after ${(performance.now() - beganMs).toFixed(0)} ms`);
      assert.deepEqual(
        host.peers().map(({ state, record }) => [state, record?.holder]),
        [['away', null]],
      );
    });
  }

  test('[M3] on SIGTERM ends a call that waits, and does not wait for it', async (t) => {
    const host = startingHost(t);
    const { client, pid } = await connect(host, 'legacy');
    const listening = client.callTool({ name: 'listen', arguments: { wait_seconds: 60 } });
    await waitFor(() => host.peers()[0]?.state === 'listening', { what: 'the call' });
    process.kill(pid, 'SIGTERM');
    const [settled] = await Promise.allSettled([listening]);
    t.diagnostic(`the call was ${settled.status}`);
    await waitFor(() => !isRunning(pid), { what: 'the end of the process' });
    assert.equal(host.peers()[0]?.state, 'away');
  });

  test('says on standard error what is wrong with the mailbox root, and serves all the same', async (t) => {
    const host = startingHost(t, { BRIDGE_DIR: 'relative' });
    const child = startProgram(host);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await waitFor(() => /BRIDGE_DIR is "relative"/.test(stderr), { what: 'the fault' });
    const { client } = await connect(host, 'legacy');
    const result = await client.callTool({ name: 'peers', arguments: {} });
    assert.equal(result.isError, true);
    assert.match(JSON.stringify(result.content), /setting-invalid/);
    const hook = await client.callTool({ name: 'hook', arguments: { event: 'Stop' } });
    assert.deepEqual(hook.content, [{ type: 'text', text: '{}' }]);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    return false;
  }
}
