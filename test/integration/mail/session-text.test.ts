import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { sample } from 'fast-check';
import { literalText } from '../../../src/agents/claude-code/literal-text.ts';
import { neutralise } from '../../../src/mail/offer-text.ts';
import { type RecordedRequest, when } from '../../../src/testing/index.ts';
import { liveSyntax, plantTargets, RUN_MARK, SECRET } from '../../fixtures/live-syntax.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, messagesIn, ours } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const SEED = 20_261_129;
const ROUNDS = 4;

for (const binary of testedBinaries()) {
  suite(`live sessions of claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;
    /** Where the texts could reach something, if anything in them were live. */
    let cwd: string;
    /** Several generated texts as one: a session has a turn for each message. */
    let texts: readonly string[];

    before(async () => {
      cwd = join(bench().home.root, 'p', 'library');
      plantTargets({ home: bench().home.home, cwd });
      const all = sample(liveSyntax(bench().home.home), { numRuns: ROUNDS * 12, seed: SEED });
      texts = Array.from({ length: ROUNDS }, (_, round) => {
        const lines = all.slice(round * 12, round * 12 + 12);
        return [`TEXT ${round} @~/.ssh/id_rsa`, ...lines].join('\n');
      });
      [app, library] = await Promise.all([bench().session('app'), bench().session('library')]);
    });

    /** The one message of the request that holds it, as the model was given it. */
    function given({ text }: RecordedRequest, mark: string): string {
      const found = messagesIn(text).find((message) => message.text.startsWith(mark));
      assert.ok(found, `${mark} is not in ${text.slice(-1_000)}`);
      return found.text;
    }

    function assertNothingOpened(): void {
      const opened = [...library.model.requests, ...app.model.requests].find(({ text }) =>
        text.includes(SECRET),
      );
      assert.equal(opened?.text.slice(-2_000), undefined);
      assert.ok(!existsSync(join(cwd, RUN_MARK)), 'a command was run');
    }

    /** Has questions wake the idle session, and returns the path by which each came. */
    async function wakeWithEach(prefix: string): Promise<(string | undefined)[]> {
      const paths: (string | undefined)[] = [];
      for (const text of texts) {
        library.script(answers('read'));
        await library.claude.waitUntilReady(patient);
        const from = library.model.requests.length;
        const content = `${prefix} ${text}`;
        await bench().cahoots('ask', 'library', content, '--wait', '40');
        const mark = content.slice(0, prefix.length + 7);
        const asked = await library.model.waitForRequest(mark, { ...patient, from });
        const id = messagesIn(asked.text).find((message) => message.text.startsWith(mark))?.id ?? '';
        await bench().reached(id, 'answered');
        const { path } = await bench().reached(id, 'offered');
        paths.push(path);
        const shown = given(asked, mark);
        const written = neutralise(content);
        assert.equal(shown, path === 'file-changed' ? literalText(written) : written);
      }
      return paths;
    }

    test('a text that wakes an idle session is text, and is proved to be seen [FA1] [X2] [M4]', async () => {
      const paths = await wakeWithEach('WOKEN');
      assert.equal(new Set(paths).size, 1);
      assertNothingOpened();
    });

    test('a text that comes by the watched file is text, also where the inbox socket has gone [FA1] [X2]', async () => {
      const runtime = bench().home.env()['XDG_RUNTIME_DIR'] ?? '';
      rmSync(join(runtime, 'cc-socks', `${library.claude.pid}.sock`), { force: true });
      assert.deepEqual(new Set(await wakeWithEach('FILED')), new Set(['file-changed']));
      assertNothingOpened();
    });

    test('a text that comes as context of a prompt or between two calls is as its sender wrote it [FA1] [X2]', async () => {
      for (const text of texts) {
        library.script(when(/^GO ON$/m, 'went on', { in: 'prompt' }));
        const from = library.model.requests.length;
        await bench().cahoots('send', 'library', `NOTED ${text}`);
        await library.say('GO ON');
        const asked = await library.model.waitForRequest('NOTED', { ...patient, from });
        assert.equal(given(asked, `NOTED ${text.slice(0, 6)}`), neutralise(`NOTED ${text}`));
      }
      assertNothingOpened();
    });

    test('a text in an answer comes as the result of a tool, and opens nothing there [FA1] [X2]', async () => {
      for (const text of texts) {
        library.script(answers(`ANSWERED ${text}`));
        const from = app.model.requests.length;
        app.script(when(/^ASK$/m, ours('ask', { peer: 'library', question: text }), { in: 'prompt' }));
        await app.say('ASK');
        const results = app.model.requests.slice(from).flatMap(({ turn }) => turn.toolResults);
        const result = results.find(({ tool }) => tool.endsWith('__ask'))?.text ?? '';
        assert.equal(messagesIn(result)[0]?.text, neutralise(`ANSWERED ${text}`));
      }
      assertNothingOpened();
    });
  });
}
