import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deferred } from '../../../src/lib/deferred.ts';
import { when } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, messagesIn, onMessage, ours, together } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;
    const path = binary.version === '2.1.197' ? 'file-changed' : 'inbox-socket';

    /** Asks through the tool of a session and returns what the tool said. */
    async function ask(session: BridgedSession, input: Record<string, unknown>): Promise<string> {
      const from = session.model.requests.length;
      session.script(when(/^ASK$/m, ours('ask', input), { in: 'prompt' }));
      await session.say('ASK');
      const results = session.model.requests.slice(from).flatMap(({ turn }) => turn.toolResults);
      return results.find(({ tool }) => tool.endsWith('__ask'))?.text ?? '';
    }

    test('an idle session that never had a turn is woken by a question, and its answer is the result of the asking tool', async () => {
      [app, library] = await Promise.all([
        bench().session('app'),
        bench().session('library', { rules: [answers('login() is now authenticate()')] }),
      ]);
      const result = await ask(app, { peer: 'library', question: 'What broke in v2?' });
      assert.match(result, /library \(\w{6}\) answers:[^]*login\(\) is now authenticate\(\)/);
      assert.match(app.claude.screen(), /GOT\[/);
      const id = await bench().messageOf('What broke');
      await bench().reached(id, 'answered');
      assert.deepEqual(bench().states(id), ['accepted', 'delivered', `offered(${path})`, 'seen', 'answered']);
      await library.claude.waitUntilReady(patient);
    });

    test('a message is called seen only once the conversation of its receiver shows it [M4]', async () => {
      const thinking = deferred<string>();
      library.script(onMessage('query', () => thinking.promise));
      const result = await ask(app, { peer: 'library', question: 'Slow one?', wait_seconds: 1 });
      assert.match(result, /msg-\w{12} to library is pending \((?:put before it|in its mailbox)/);
      const asked = await library.model.waitForRequest('Slow one?', patient);
      const id = await bench().messageOf('Slow one');
      // By now the host has the text in its records; the model has it too, but has said nothing that proves it.
      await library.claude.waitForRecord('Slow one?');
      assert.equal(bench().states(id).at(-1), `offered(${path})`);
      thinking.resolve('I will look into it');
      const seen = await bench().reached(id, 'seen');
      assert.ok(Date.parse(seen.at) > asked.epochMs);
      await library.claude.waitUntilReady(patient);
    });

    test('an answer that comes after the ask has ended wakes the idle session that asked', async () => {
      const thinking = deferred<void>();
      library.script(
        onMessage('query', async ({ id }) => {
          await thinking.promise;
          return ours('reply', { id, text: 'here it is, late' });
        }),
      );
      const result = await ask(app, { peer: 'library', question: 'Slower one?', wait_seconds: 1 });
      assert.match(result, /pending/);
      const from = app.model.requests.length;
      thinking.resolve();
      const woken = await app.model.waitForRequest('here it is, late', { ...patient, from });
      const [message] = messagesIn(woken.text).filter(({ text }) => text === 'here it is, late');
      assert.equal(message?.type, 'response');
      assert.match(message.attributes, new RegExp(`in-reply-to="${await bench().messageOf('Slower one')}"`));
      await bench().reached(message.id, 'seen');
      await app.claude.waitUntilReady(patient);
    });

    test('a draft in the prompt of a session that is woken stays as it was', async () => {
      library.script(answers('undisturbed'));
      library.claude.type('half a thought');
      await library.claude.waitForScreen(() => library.claude.draft().trim() === 'half a thought');
      assert.match(await ask(app, { peer: 'library', question: 'Are you there?' }), /undisturbed/);
      await library.claude.waitUntilReady(patient);
      assert.equal(library.claude.draft().trim(), 'half a thought');
      for (let key = 0; key < 'half a thought'.length; key += 1) library.claude.press('backspace');
      await library.claude.waitForScreen(() => library.claude.draft().trim() === '');
    });

    test('a question back is answered by a new query, and then the first question gets its answer [M3]', async () => {
      library.script(
        onMessage('query', ({ id, text }) =>
          ours('reply', {
            id,
            text: text === 'Which login?' ? 'Which framework?' : `for ${text} it is useLogin()`,
          }),
        ),
      );
      app.script(
        when(/^GO$/m, ours('ask', { peer: 'library', question: 'Which login?' }), { in: 'prompt' }),
        onMessage('response', ({ id, text }) =>
          text === 'Which framework?' ? ours('reply', { id, text: 'React' }) : `UNDERSTOOD[${text}]`,
        ),
      );
      await app.claude.submit('GO');
      await app.claude.waitForScreen(/UNDERSTOOD\[for React it is useLogin\(\)\]/, patient);
      await app.claude.waitUntilReady(patient);
      await library.claude.waitUntilReady(patient);
    });

    test('two sessions that ask each other at the same moment both get their answers [M3]', async () => {
      const sessions = [app, library];
      for (const [index, session] of sessions.entries()) {
        const peer = index === 0 ? 'library' : 'app';
        session.script(
          together(
            answers(`mutual answer for ${peer}`),
            when(/^BOTH$/m, ours('ask', { peer, question: `mutual question to ${peer}` }), { in: 'prompt' }),
          ),
        );
      }
      const startedAt = performance.now();
      await Promise.all(sessions.map(({ claude }) => claude.submit('BOTH')));
      await app.model.waitForRequest('mutual answer for app', patient);
      await library.model.waitForRequest('mutual answer for library', patient);
      await Promise.all(sessions.map(({ claude }) => claude.waitUntilReady(patient)));
      assert.ok(performance.now() - startedAt < 40_000);
    });

    test('three sessions that ask each other in a circle all get their answers [M3]', async () => {
      const sessions = [app, library, await bench().session('tools')];
      const names = ['app', 'library', 'tools'];
      for (const [index, session] of sessions.entries()) {
        const peer = names[(index + 1) % 3];
        session.script(
          together(
            answers(`round answer of ${names[index]}`),
            when(/^CIRCLE$/m, ours('ask', { peer, question: `round question to ${peer}` }), { in: 'prompt' }),
          ),
        );
      }
      await Promise.all(sessions.map(({ claude }) => claude.submit('CIRCLE')));
      for (const [index, session] of sessions.entries()) {
        await session.model.waitForRequest(`round answer of ${names[(index + 1) % 3]}`, patient);
        await session.claude.waitUntilReady(patient);
      }
      await sessions[2]?.claude.stop();
    });
  });
}
