import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { when } from '../../../src/testing/index.ts';
import { benchForSuite, PLUGIN } from '../../fixtures/session-bench.ts';
import { bash } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version} in the shell of another one`, () => {
    const bench = benchForSuite(binary);

    test('a one-shot run takes neither the seat nor the inbox of the session around it, and ends [S1]', async () => {
      const app = await bench().session('app', { args: ['--allowedTools', 'Bash'] });
      const before = app.seat();
      const command = `${binary.path} -p 'the inner one' --plugin-dir ${PLUGIN}`;
      app.script(when(/^NEST$/m, bash(command), { in: 'prompt' }));
      await app.say('NEST');
      const results = app.model.requests.flatMap(({ turn }) => turn.toolResults.map(({ text }) => text));
      assert.ok(
        results.some((text) => text.includes('ECHO[the inner one]')),
        results.join('\n'),
      );
      assert.equal(bench().seats().length, 1);
      const { sessionId, conversation, generation } = app.seat();
      assert.deepEqual(
        { sessionId, conversation, generation },
        { sessionId: before.sessionId, conversation: before.conversation, generation: before.generation },
      );
    });
  });
}
