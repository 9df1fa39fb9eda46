import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { type ModelTurn, when } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, bash, messagesIn, onMessage, ours, TOOL_PREFIX } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;

    before(async () => {
      [app, library] = await Promise.all([bench().session('app'), bench().session('library')]);
    });

    /** Resolves once the mailbox of the library has a message that starts so. */
    async function delivered(summary: string): Promise<string> {
      const id = await bench().messageOf(summary);
      await bench().reached(id, 'delivered');
      return id;
    }

    test('a busy session is given a question between two calls of tools, in the same turn', async () => {
      library.script(
        when(/^WORK$/m, bash('pwd'), { in: 'prompt' }),
        onMessage('query', ({ id }) => ours('reply', { id, text: 'between two steps' })),
        async (turn) => {
          if (!turn.toolResults.some(({ tool }) => tool === 'Bash')) return undefined;
          await delivered('Busy?');
          return bash('ls');
        },
      );
      const from = library.model.requests.length;
      await library.claude.submit('WORK');
      await library.model.waitForRequest((request) => isResultOf(request.turn, 'Bash'), { ...patient, from });
      await app.say('CALL ask {"peer":"library","question":"Busy?"}');
      const told = await library.model.waitForRequest('>\nBusy?\n<', { ...patient, from });
      assert.equal(
        told.turn.toolResults[0]?.tool,
        'Bash',
        'it comes along with the result of the second call',
      );
      assert.match(app.claude.screen(), /between two steps/);
      const id = await bench().messageOf('Busy?');
      assert.deepEqual(bench().states(id), [
        'accepted',
        'delivered',
        'offered(hook-context)',
        'seen',
        'answered',
      ]);
      // The answer's proof went through: nothing comes a second time.
      await library.claude.waitUntilReady(patient);
      const copies = library.model.requests.slice(from).at(-1)?.text.split('>\nBusy?\n<').length;
      assert.equal(copies, 2);
    });

    test('a question that comes during the last step of a turn prolongs the turn', async () => {
      library.script(answers('just in time'), async (turn) => {
        if (turn.prompt !== 'LAST') return undefined;
        await delivered('Last minute?');
        return 'I am done';
      });
      const from = library.model.requests.length;
      await library.claude.submit('LAST');
      await library.model.waitForRequest('LAST', { ...patient, from });
      await app.say('CALL ask {"peer":"library","question":"Last minute?"}');
      assert.match(app.claude.screen(), /just in time/);
      const id = await bench().messageOf('Last minute?');
      assert.deepEqual(bench().states(id), [
        'accepted',
        'delivered',
        'offered(hook-context)',
        'seen',
        'answered',
      ]);
      await library.claude.waitUntilReady(patient);
    });

    test('a permission dialog is not disturbed; the question comes once it is answered', async () => {
      library.script(answers('after the dialog'));
      const from = library.model.requests.length;
      await library.claude.submit('RUN touch made');
      await library.claude.waitForScreen(/Do you want to proceed/, patient);
      await library.claude.waitForStatus('waiting', patient);
      await bench().until(() => library.seat().state === 'waiting', 'the state waiting of the seat');
      await app.say('CALL ask {"peer":"library","question":"Dialog?","wait_seconds":1}');
      const id = await bench().messageOf('Dialog?');
      assert.deepEqual(bench().states(id), ['accepted', 'delivered']);
      assert.match(library.claude.screen(), /Do you want to proceed/);
      assert.ok(!existsSync(join(library.seat().projectPath, 'made')));
      await library.approve();
      await library.model.waitForRequest('>\nDialog?\n<', { ...patient, from });
      assert.ok(existsSync(join(library.seat().projectPath, 'made')));
      await bench().reached(id, 'answered');
      assert.deepEqual(bench().states(id), [
        'accepted',
        'delivered',
        'offered(hook-context)',
        'seen',
        'answered',
      ]);
      await app.model.waitForRequest('after the dialog', patient);
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test("a running subagent gets none of its session's mail, and the main conversation gets it", async () => {
      library.script(
        when(/^DELEGATE$/m, (turn) => agent(turn, 'SUBTASK'), { in: 'prompt' }),
        async (turn) => {
          if (turn.kind !== 'subagent') return undefined;
          if (isResultOf(turn, 'Bash')) return 'the subtask is done';
          await delivered('Subagent?');
          return bash('pwd');
        },
        answers('from the main conversation'),
      );
      const from = library.model.requests.length;
      await library.claude.submit('DELEGATE');
      await library.model.waitForRequest((request) => request.kind === 'subagent', { ...patient, from });
      await app.say('CALL ask {"peer":"library","question":"Subagent?"}');
      assert.match(app.claude.screen(), /from the main conversation/);
      await library.claude.waitUntilReady(patient);
      const subagent = library.model.requests.slice(from).filter(({ kind }) => kind === 'subagent');
      assert.ok(subagent.length >= 2);
      for (const { text } of subagent) assert.doesNotMatch(text, /Subagent\?/);
    });

    test('a subagent that asks gets the text of the answer', async () => {
      library.script(answers('an answer for whoever asked'));
      app.script(
        when(/^DELEGATE$/m, (turn) => agent(turn, 'ASK THE LIBRARY'), { in: 'prompt' }),
        (turn) => {
          if (turn.kind !== 'subagent') return undefined;
          return isResultOf(turn, `${TOOL_PREFIX}ask`)
            ? 'the subagent knows'
            : ours('ask', { peer: 'library', question: 'Who asks?' });
        },
      );
      const from = app.model.requests.length;
      await app.say('DELEGATE');
      const [result] = app.model.requests
        .slice(from)
        .filter(({ kind }) => kind === 'subagent')
        .flatMap(({ turn }) => turn.toolResults);
      assert.match(result?.text ?? '', /^library \(\w{6}\) answers:\nan answer for whoever asked$/);
      // The message itself is for the main conversation, where it can be proved.
      const message = (): string | undefined =>
        app.model.turns
          .slice(from)
          .flatMap(({ text }) => messagesIn(text))
          .find(({ text }) => text.startsWith('an answer'))?.id;
      await bench().until(() => message() !== undefined, 'the answer in the main conversation');
      await bench().reached(message() ?? '', 'seen');
      await app.claude.waitUntilReady(patient);
    });

    test('a session whose turn is over is woken although a command of it runs on in the background', async () => {
      library.script(
        when(
          /^SERVE$/m,
          { tool: 'Bash', input: { command: 'tail -f /dev/null', run_in_background: true } },
          { in: 'prompt' },
        ),
        answers('while it serves'),
      );
      await library.claude.submit('SERVE');
      await library.approve();
      await library.claude.waitForStatus('shell', patient);
      await app.say('CALL ask {"peer":"library","question":"Do you serve?"}');
      assert.match(app.claude.screen(), /while it serves/);
      await library.claude.waitForStatus('shell', patient);
    });
  });
}

function isResultOf(turn: ModelTurn, tool: string): boolean {
  return turn.toolResults.some((result) => result.tool === tool);
}

/** The tool that starts a subagent has had two names. */
function agent(turn: ModelTurn, prompt: string): { tool: string; input: Record<string, unknown> } {
  const tool = turn.tools.includes('Agent') ? 'Agent' : 'Task';
  return { tool, input: { description: 'a part of it', prompt, subagent_type: 'general-purpose' } };
}
