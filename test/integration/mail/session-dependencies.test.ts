import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { when, whenToolResult } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const HINT = /`my-library` is open in the session library \(\w{6}\): ask it what changed/;

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;
    let manifest: string;

    before(async () => {
      const folder = (project: string): string => join(bench().home.root, 'p', project);
      manifest = join(folder('app'), 'package.json');
      const text = { name: 'app', dependencies: { 'my-library': '1.0.0' } };
      writeFileSync(manifest, `${JSON.stringify(text, null, 2)}\n`);
      writeFileSync(join(folder('library'), 'package.json'), '{"name":"my-library"}');
      const args = ['--allowedTools', 'Bash', 'Edit', 'Read'];
      [app, library] = await Promise.all([bench().session('app', { args }), bench().session('library')]);
      await bench().until(
        () => JSON.stringify(library.seat()['packages']) === '["npm:my-library"]',
        'the packages of the library',
      );
    });

    /** How often the model has been told so far, in all of the conversation. */
    function told(): number {
      return (app.model.turns.at(-1)?.text.split(new RegExp(HINT, 'g')).length ?? 1) - 1;
    }

    test('a command that fails over a package of an open session tells the model so, once', async () => {
      await app.say(`RUN echo "Cannot find module 'my-library'"`);
      assert.equal(told(), 0, 'nothing has failed');
      const from = app.model.requests.length;
      await app.say(`RUN echo "Cannot find module 'my-library'"; exit 3`);
      const request = await app.model.waitForRequest(HINT, { ...patient, from });
      assert.equal(request.turn.toolResults[0]?.isError, true, 'it comes along with the result');
      await app.say(`RUN echo "Cannot find module 'my-library'"; exit 4`);
      assert.equal(told(), 1);
    });

    test('an edit of a manifest and a command that installs it do so, too', async () => {
      const tool_input = { old_string: '"my-library": "1.0.0"', new_string: '"my-library": "2.0.0"' };
      app.script(
        when(/^BUMP$/m, { tool: 'Read', input: { file_path: manifest } }, { in: 'prompt' }),
        whenToolResult('Read', () => ({ tool: 'Edit', input: { file_path: manifest, ...tool_input } })),
      );
      await app.say('BUMP');
      assert.match(readFileSync(manifest, 'utf8'), /2\.0\.0/);
      assert.equal(told(), 2);
      await app.say('RUN true || npm install my-library@2.0.0');
      assert.equal(told(), 3);
    });

    test('the list of peers names what the other session owns', async () => {
      const from = app.model.requests.length;
      await app.say('CALL peers {}');
      await app.model.waitForRequest(/owns my-library, which this project uses/, { ...patient, from });
    });

    test('a session that has ended is not named', async () => {
      const before = told();
      await library.claude.stop();
      await bench().until(
        () =>
          bench()
            .seats()
            .find(({ name }) => name === 'library')?.holder === null,
        'the end of the seat',
      );
      await app.say('RUN true || npm install my-library@3.0.0');
      assert.equal(told(), before);
    });
  });
}
