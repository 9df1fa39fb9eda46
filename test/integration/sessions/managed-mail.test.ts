import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, suite, test } from 'node:test';
import { type DaemonPlace, daemonPlace } from '../../../src/config/daemon-place.ts';
import { callDaemon, type DaemonCall, ensureDaemon } from '../../../src/daemon-link/daemon-client.ts';
import { identityOf } from '../../../src/lib/process-identity.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../../src/protocol/managed-session.ts';
import type { Message } from '../../../src/protocol/message.ts';
import {
  type ModelRule,
  type ModelSession,
  waitFor,
  when,
  whenToolResult,
} from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, onMessage, ours } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const PROJECT = resolve(import.meta.dirname, '../..', '..');
const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}, managed sessions among live ones`, () => {
    const bench = benchForSuite(binary);
    let place: DaemonPlace;
    let worker: ManagedSessionRecord;
    /** The model of the sessions that the daemon runs. */
    let model: ModelSession;
    let app: BridgedSession;

    const call = (method: DaemonCall['method'], path: string, body?: unknown): Promise<unknown> =>
      callDaemon({ place }, { method, path, body });

    async function prompted(text: string): Promise<PromptRecord> {
      const path = `/v1/sessions/${worker.id}/prompts`;
      const { id } = (await call('POST', path, { text, from: 'me' })) as PromptRecord;
      return (await call('GET', `/v1/prompts/${id}?waitMs=45000`)) as PromptRecord;
    }

    before(async () => {
      const { root, api, home } = bench();
      mkdirSync(root, { recursive: true, mode: 0o700 });
      writeFileSync(join(root, 'settings.json'), JSON.stringify({ claudeProgram: binary.path }));
      model = api.session('worker');
      const env = { ...home.env(), ...model.env, ANTHROPIC_API_KEY: 'none', BRIDGE_DIR: root };
      place = daemonPlace({ root, env });
      const program = join(PROJECT, 'plugin', 'dist', 'daemon', 'main.js');
      bench().atEnd(async () => {
        const { pid } = (await call('GET', '/v1/health')) as { pid: number };
        await call('POST', '/v1/shut-down', {});
        await waitFor(() => identityOf(pid) === undefined, { what: 'the end of the daemon', ...patient });
      });
      await ensureDaemon({ place, program, env, version });
      app = await bench().session('app');
      const cwd = home.project('tools');
      worker = (await call('POST', '/v1/sessions', { name: 'worker', cwd })) as ManagedSessionRecord;
    });

    test('a live session asks one, and has the answer in its conversation [M4]', async () => {
      model.script(onMessage('query', ({ text }) => `to "${text}" I say: 42`));
      app.script(when(/^ASK$/m, ours('ask', { peer: 'worker', question: 'What is it?' }), { in: 'prompt' }));
      await app.say('ASK');
      await app.model.waitForRequest('I say: 42', patient);
      const id = await bench().messageOf('What is it?');
      assert.deepEqual(bench().states(id).slice(0, 4), [
        'accepted',
        'delivered',
        'offered(next-turn)',
        'seen',
      ]);
      assert.equal(bench().states(id).at(-1), 'answered');
    });

    test('one answers by its own tool: that is the answer, and the end of its turn is no second one', async () => {
      model.script(
        answersBy('by the tool'),
        whenToolResult(/__reply$/, () => 'and now to something else'),
      );
      app.script(when(/^ASK2$/m, ours('ask', { peer: 'worker', question: 'By tool?' }), { in: 'prompt' }));
      await app.say('ASK2');
      await app.model.waitForRequest('by the tool', patient);
      const id = await bench().messageOf('By tool?');
      await bench().reached(id, 'answered');
      const answersToIt = bench()
        .journal()
        .filter(
          ({ type, state, to }) => type === 'response' && state === 'accepted' && to === app.seat().sessionId,
        );
      assert.equal(answersToIt.length, 2, 'one answer for each of the two questions so far');
    });

    test('one asks a live session by its tools, and goes on with the answer', async () => {
      app.script(answers('from the live one'));
      model.script(
        when(
          /^CONSULT$/m,
          { tool: 'mcp__cahoots__ask', input: { peer: 'app', question: 'You there?' } },
          { in: 'prompt' },
        ),
        whenToolResult(/mcp__cahoots__ask/, (_turn, match) => `it said: ${match[0]}`, /from the live one/),
      );
      const { turn, ended } = await prompted('CONSULT');
      assert.deepEqual([ended?.outcome, turn?.text], ['completed', 'it said: from the live one']);
      assert.deepEqual(turn?.toolsUsed, { mcp__cahoots__ask: 1 });
    });

    test('a live session that has ended is revived: a fork of its conversation answers, and changes nothing', async () => {
      const library = await bench().session('library');
      library.script(when(/^REMEMBER/m, 'noted'));
      await library.say('REMEMBER the number is 4711');
      const { sessionId: seat, conversation } = library.seat();
      await library.claude.stop();
      const asking = bench()
        .cahoots('ask', 'library', 'Which number?', '--wait', '0')
        .catch(() => undefined);
      await asking;
      const message = await bench().messageOf('Which number?');
      model.script((turn) =>
        /4711/.test(JSON.stringify(turn.messages)) && turn.newText.includes('Which number?')
          ? 'It was 4711.'
          : undefined,
      );
      const { response, session } = (await call('POST', '/v1/revive', { seat, message })) as {
        response: Message;
        session: string;
      };
      assert.equal(response.content, 'It was 4711.');
      assert.equal(response.metadata.answeredBy, 'fork');
      const fork = (await call('GET', `/v1/sessions/${session}`)) as ManagedSessionRecord;
      assert.notEqual(fork.conversation, conversation);
      assert.deepEqual([fork.state.state, fork.preset], ['stopped', 'read-only']);
    });
  });
}

function answersBy(text: string): ModelRule {
  return onMessage('query', ({ id }) => ({ tool: 'mcp__cahoots__reply', input: { id, text } }));
}
