import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { when, whenToolResult } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { bash, messagesIn, onMessage, ours } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;

    before(async () => {
      const args = ['--allowedTools', 'Bash', ours('seat').tool];
      [app, library] = await Promise.all([
        bench().session('app', { args }),
        bench().session('library', { args }),
      ]);
    });

    /** Takes a request on, says how it goes after each command, and ends it with a result. */
    function works(commands: readonly string[]): void {
      let id = '';
      const steps = [...commands];
      library.script(
        onMessage('request', (message) => {
          id = message.id;
          return ours('reply', { id, text: 'I take it on', step: 'accepted' });
        }),
        whenToolResult(
          /__reply$/,
          () => {
            const command = steps.shift();
            return command === undefined
              ? ours('reply', { id, text: 'Published 2.0.1, please retest.' })
              : bash(command);
          },
          /Told: (?:accepted|working)/,
        ),
        (turn) =>
          turn.toolResults.some(({ tool }) => tool === 'Bash')
            ? ours('reply', {
                id,
                text: `${commands.length - steps.length} of ${commands.length} done`,
                step: 'working',
              })
            : undefined,
      );
    }

    test('a session has another one do work: taken on, worked on with notes, done; and is woken with the result', async () => {
      works(['true', 'true']);
      const from = app.model.requests.length;
      await app.say('CALL ask {"peer":"library","question":"Fix login for us.","request":true}');
      assert.match(app.claude.screen(), /I take it on/);
      const woken = await app.model.waitForRequest('please retest', { ...patient, from });
      const id = await bench().messageOf('Fix login');
      assert.match(messagesIn(woken.text).at(-1)?.attributes ?? '', new RegExp(`in-reply-to="${id}"`));
      await bench().reached(id, 'answered');
      const work = bench()
        .journal()
        .filter(({ message, state }) => message === id && /^work|^answered/.test(state));
      assert.deepEqual(
        work.map(({ state, reason }) => [state, reason]),
        [
          ['work-accepted', 'I take it on'],
          ['working', '1 of 2 done'],
          ['working', '2 of 2 done'],
          ['answered', undefined],
        ],
      );
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('what was called off is told to who works on it at the next step', async () => {
      let id = '';
      library.script(
        onMessage('request', (message) => {
          id = message.id;
          return ours('reply', { id, text: 'I take it on', step: 'accepted' });
        }),
        onMessage('progress', ({ text }) => `I stop: ${text}`),
        whenToolResult(/__reply$/, bash('python3 -c "import time; time.sleep(3)"'), /Told: accepted/),
      );
      await app.say('CALL ask {"peer":"library","question":"Fix logout for us.","request":true}');
      const [request] = [await bench().messageOf('Fix logout')];
      const from = library.model.requests.length;
      await app.say(`CALL reply ${JSON.stringify({ id: request, text: 'not needed', step: 'cancelled' })}`);
      const told = await library.model.waitForRequest('not needed', { ...patient, from });
      assert.match(told.text, /type="progress" step="cancelled"/);
      await library.claude.waitForScreen(/I stop: not needed/);
      await bench().reached(request, 'cancelled');
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('a session is woken once when a peer has ended its turn, as it asked to be [S2]', async () => {
      library.script(when(/^BUSY$/m, bash('python3 -c "import time; time.sleep(3)"'), { in: 'prompt' }));
      await library.claude.submit('BUSY');
      await library.claude.waitForStatus('busy', patient);
      const from = app.model.requests.length;
      await app.say('CALL seat {"action":"when","value":"library done"}');
      const woken = await app.model.waitForRequest('has ended its turn', { ...patient, from });
      assert.equal(messagesIn(woken.text).at(-1)?.type, 'notice');
      await app.claude.waitUntilReady(patient);
      const { length } = app.model.turns;
      await library.say('hello');
      await library.say('hello again');
      assert.equal(app.model.turns.length, length);
    });

    test('a session is woken to hear that its question was refused [M4]', async () => {
      const { sessionId } = app.seat();
      const from = app.model.requests.length;
      await bench().cahoots('attention', 'closed', '--as', library.seat().sessionId);
      await app.say('CALL ask {"peer":"library","question":"Anybody?","wait_seconds":0}');
      const id = await bench().messageOf('Anybody?');
      await bench().reached(id, 'held');
      await bench().cahoots('deny', id);
      const woken = await app.model.waitForRequest('is refused: denied by a person', { ...patient, from });
      assert.match(woken.text, new RegExp(`Your question ${id} to library`));
      assert.equal(app.seat().sessionId, sessionId);
      await app.claude.waitUntilReady(patient);
    });
  });
}
