import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import {
  type ClaudeLaunch,
  type CleanHome,
  claudeBinaries,
  createCleanHome,
  type ModelApi,
  runClaude,
  startHeadlessClaude,
  startInteractiveClaude,
  startModelApi,
  waitFor,
  when,
  whenToolResult,
} from '../../../src/testing/index.ts';

interface Bench {
  readonly api: ModelApi;
  readonly home: CleanHome;
}

/** A model and a home for one test. Both fail the test when something is left. */
async function startBench(t: TestContext): Promise<Bench> {
  const api = await startModelApi();
  const home = createCleanHome();
  t.after(() => api.close());
  t.after(() => home.dispose());
  return { api, home };
}

const command = when(/^RUN (.+)$/m, (_turn, match) => ({
  tool: 'Bash',
  input: { command: match[1], description: 'the command of the test' },
}));

/** A plugin whose only tool says who it is. */
const PROBE_PLUGIN = {
  '.claude-plugin/plugin.json': JSON.stringify({ name: 'probe', version: '1.0.0', description: 'A probe.' }),
  '.mcp.json': JSON.stringify({
    mcpServers: { server: { command: 'node', args: ['${CLAUDE_PLUGIN_ROOT}/server.mjs'] } },
  }),
  'server.mjs': `
    import { createInterface } from 'node:readline';
    const tool = { name: 'whoami', description: 'Says who it is.', inputSchema: { type: 'object', properties: {} } };
    const answers = {
      initialize: ({ protocolVersion }) => ({
        protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'probe', version: '1.0.0' },
      }),
      'tools/list': () => ({ tools: [tool] }),
      'tools/call': () => ({ content: [{ type: 'text', text: 'the probe' }] }),
    };
    createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id === undefined) return;
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method]?.(params) ?? {} }));
    });`,
};

for (const binary of claudeBinaries()) {
  suite(`claude ${binary.version}`, () => {
    function launch({ api, home }: Bench, name = 'my-app'): ClaudeLaunch {
      return {
        home,
        binary,
        cwd: home.project(name, { 'log.txt': 'first\n' }),
        model: api.session(name, command),
      };
    }

    test('a prompt on the command line is echoed, and the request is recorded with the conversation', async (t) => {
      const bench = await startBench(t);
      const run = await runClaude({ ...launch(bench), prompt: 'hi' });
      assert.deepEqual(run, { code: 0, signal: null, stdout: 'ECHO[hi]\n', stderr: '' });
      const [request] = bench.api.session('my-app').turns;
      assert.equal(request?.turn.prompt, 'hi');
      assert.match(request?.turn.conversationId ?? '', /^[0-9a-f-]{36}$/);
      assert.deepEqual(bench.api.strays, []);
    });

    test('an error of the model ends the run with its message', async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      started.model.script(() => ({ error: { status: 529, message: 'no room' } }));
      const run = await runClaude({ ...started, prompt: 'hi', env: { CLAUDE_CODE_MAX_RETRIES: '0' } });
      assert.equal(run.code, 1);
      assert.match(run.stdout, /529/);
    });

    test('a streaming session answers in turn, asks for permission and can be interrupted', async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      started.model.script(command, when(/^SLOW$/m, { text: 'too late', delayMs: 60_000 }));
      const asked: string[] = [];
      await using claude = await startHeadlessClaude({
        ...started,
        onPermission: (tool, input) => {
          asked.push(`${tool} ${String(input.command)}`);
          return { behavior: 'deny', message: 'not today' };
        },
      });
      assert.equal((await claude.ask('one')).text, 'ECHO[one]');
      assert.equal((await claude.ask('RUN touch made')).text, 'RESULT[not today]');
      assert.deepEqual(asked, ['Bash touch made']);
      claude.send('SLOW');
      const slow = await started.model.waitForRequest('SLOW');
      await claude.interrupt();
      assert.equal((await claude.waitForResult()).subtype, 'error_during_execution');
      await waitFor(() => slow.outcome === 'aborted', { what: 'the end of the interrupted request' });
      assert.equal((await claude.ask('two')).text, 'ECHO[two]');
      assert.equal((await claude.waitForRecord('ECHO[two]')).type, 'assistant');
      assert.deepEqual(await claude.stop(), { code: 0, signal: null });
    });

    test('an interactive session starts without a dialog, runs an allowed tool and answers', async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      started.model.script(
        command,
        whenToolResult('Bash', (_turn, match) => `it printed ${match[0]}`, /hi-\d+/),
      );
      await using claude = await startInteractiveClaude({
        ...started,
        args: ['--allowedTools', 'Bash(echo *)'],
      });
      await claude.waitUntilReady();
      await claude.submit('RUN echo hi-$((40+2))');
      await claude.waitForScreen(/it printed hi-42/);
      await claude.waitUntilReady();
      assert.equal(claude.registryEntry()?.cwd, started.cwd);
      assert.equal(started.model.turns[0]?.turn.conversationId, claude.sessionId());
      assert.equal((await claude.waitForRecord('it printed hi-42')).type, 'assistant');
      claude.type('a draft');
      await claude.waitForScreen(() => claude.draft().trim() === 'a draft');
      assert.equal((await claude.stop()).code, 0);
      assert.deepEqual(await bench.home.liveProcesses(), []);
    });

    test('an interactive turn can be interrupted by a key', async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      started.model.script(when(/^SLOW$/m, { text: 'too late', delayMs: 60_000 }));
      await using claude = await startInteractiveClaude(started);
      await claude.waitUntilReady();
      await claude.submit('SLOW');
      const slow = await started.model.waitForRequest('SLOW');
      await claude.waitForStatus('busy');
      claude.press('escape');
      await claude.waitUntilReady();
      await waitFor(() => slow.outcome === 'aborted', { what: 'the end of the interrupted request' });
    });

    test("a plugin's tool is called, after a search where the host defers it, and a clear starts another conversation", async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      started.model.script(
        when(/^WHO$/m, { tool: 'mcp__plugin_probe_server__whoami' }),
        whenToolResult(/whoami/, (_turn, match) => `answered: ${match[0]}`, /the probe/),
      );
      await using claude = await startInteractiveClaude({
        ...started,
        pluginDirs: [bench.home.project('plugin', PROBE_PLUGIN)],
        args: ['--allowedTools', 'mcp__plugin_probe_server__whoami'],
      });
      await claude.waitUntilReady();
      await claude.waitForServer('plugin:probe:server');
      await claude.submit('WHO');
      await claude.waitForScreen(/answered: the probe/);
      await claude.waitUntilReady();
      const before = claude.sessionId();
      await claude.submit('/clear');
      await waitFor(() => claude.sessionId() !== before, { what: 'another conversation' });
      assert.equal((await claude.stop()).code, 0);
      await bench.home.waitUntilNothingRuns();
    });

    test('a permission dialog shows as waiting, and a session is left from within it', async (t) => {
      const bench = await startBench(t);
      await using claude = await startInteractiveClaude(launch(bench));
      await claude.waitUntilReady();
      await claude.submit('RUN touch made');
      await claude.waitForStatus('waiting');
      assert.equal(claude.registryEntry()?.waitingFor, 'permission prompt');
      await claude.waitForScreen(/Do you want to proceed/);
    });

    test('what a killed session leaves running is found as such', async (t) => {
      const bench = await startBench(t);
      const started = launch(bench);
      await using claude = await startInteractiveClaude({
        ...started,
        args: ['--allowedTools', 'Bash(tail *)'],
      });
      await claude.waitUntilReady();
      await claude.submit('RUN tail -f log.txt');
      const tail = await waitFor(
        async () => (await bench.home.liveProcesses()).find((row) => row.command === 'tail -f log.txt'),
        { what: 'the command of the session' },
      );
      assert.deepEqual(await claude.kill(), { code: null, signal: 9 });
      assert.ok((await bench.home.liveProcesses()).some((row) => row.pid === tail.pid));
      await assert.rejects(bench.home.dispose({ graceMs: 0 }), /have been killed/);
    });

    test('two sessions on one model are told apart, and nothing but loopback is reached', async (t) => {
      const bench = await startBench(t);
      const [app, lib] = [launch(bench, 'app'), launch(bench, 'lib')];
      const runs = await Promise.all([
        runClaude({ ...app, prompt: 'I am app' }),
        runClaude({ ...lib, prompt: 'I am lib' }),
      ]);
      assert.deepEqual(
        runs.map((run) => run.stdout),
        ['ECHO[I am app]\n', 'ECHO[I am lib]\n'],
      );
      assert.equal(app.model.turns.length, 1);
      assert.equal(app.model.turns[0]?.text.includes('I am lib'), false);
      assert.deepEqual(bench.api.refusedHosts, []);
    });
  });
}
