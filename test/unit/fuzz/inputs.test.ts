import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { array, asyncProperty, constantFrom, oneof, property, string, tuple } from 'fast-check';
import { hookInput } from '../../../src/agents/claude-code/live/hooks.ts';
import { COMMANDS } from '../../../src/cli/command-table.ts';
import { countOption, secondsOption } from '../../../src/cli/options/number-options.ts';
import { readPlainWords } from '../../../src/cli/text/plain-words.ts';
import { checkName } from '../../../src/directory/seat-name.ts';
import { versionIn } from '../../../src/lib/versions.ts';
import { openSession } from '../../../src/mcp/compose.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { SESSION_TOOLS } from '../../../src/tools/session-calls.ts';
import { fakeHost } from '../attendant/fake-host.ts';
import { check, checkLater } from './check.ts';
import { jsonText, mutated } from './hostile-json.ts';
import { hostileText } from './hostile-text.ts';

const HOOK = {
  event: 'Stop',
  conversation: 'c-1',
  transcript: '/x/c-1.jsonl',
  permission_mode: 'default',
  agent: '',
  tool_use: 'toolu_1',
  prompt: 'hello',
};
const CALL = {
  peer: 'nobody',
  question: 'what?',
  text: 'hello',
  id: 'msg-000000000001',
  page: 1,
  action: 'status',
  value: 'open',
  wait_seconds: 0,
};

suite('what the host hands to the attendant', () => {
  test('as the input of a hook: the answer is a JSON object, whatever that was [X2]', async (t) => {
    const { env, project: cwd, pid } = fakeHost(t);
    const faults: unknown[] = [];
    const calls = openSession({
      env,
      cwd,
      claudePid: pid,
      version: '1',
      onFault: (fault) => faults.push(fault),
    });
    t.after(() => calls.close());
    calls.start();
    const event = constantFrom(
      'UserPromptSubmit',
      'PreToolUse',
      'PostToolBatch',
      'Stop',
      'SessionEnd',
      '__proto__',
    );
    await checkLater(
      asyncProperty(oneof(mutated(HOOK), jsonText), event, hostileText, async (text, name, prompt) => {
        for (const input of [
          JSON.parse(text),
          { ...HOOK, event: name, prompt, agent: prompt, tool_use: prompt },
        ]) {
          const answer: unknown = JSON.parse(await calls.hook(input));
          assert.ok(typeof answer === 'object' && answer !== null && !Array.isArray(answer));
        }
        assert.deepEqual(faults, []);
      }),
      60,
    );
  });

  test('as the input of a tool: a text for the model, or an error that says what to do [X2]', async (t) => {
    const { env, project: cwd, pid } = fakeHost(t);
    const calls = openSession({
      env,
      cwd,
      claudePid: pid,
      version: '1',
      onFault: (fault) => assert.fail(String(fault)),
    });
    t.after(() => calls.close());
    calls.start();
    const name = oneof(
      constantFrom(...SESSION_TOOLS.map((tool) => tool.name)),
      constantFrom('__proto__', 'constructor', ''),
    );
    await checkLater(
      asyncProperty(name, oneof({ weight: 4, arbitrary: mutated(CALL) }, jsonText), async (tool, text) => {
        const input = JSON.parse(text) as Record<string, unknown> | null;
        // A wait of a second is not what is looked at here.
        if (input !== null && typeof input === 'object' && 'wait_seconds' in input) input['wait_seconds'] = 0;
        if (tool === 'listen' || tool === 'ask') return;
        try {
          const answer = await calls.call({ name: tool, input, toolUse: undefined, signal: undefined });
          assert.equal(typeof answer, 'string');
        } catch (error) {
          if (!(error instanceof CahootsError)) throw error;
          assert.notEqual(error.code, 'internal');
          assert.notEqual(error.remedy, '');
        }
      }),
      60,
    );
  });

  test('as a hook: every field is a text [X2]', () => {
    check(
      property(mutated(HOOK), (text) => {
        const parsed = hookInput.safeParse(JSON.parse(text));
        if (!parsed.success) return;
        for (const value of Object.values(parsed.data)) assert.equal(typeof value, 'string');
      }),
      150,
    );
  });
});

suite('what is typed', () => {
  const word = oneof(
    constantFrom(
      '--',
      '-',
      '--json',
      '--as',
      '--as=',
      '--wait',
      '--wait=3',
      '--constructor',
      '--__proto__',
      'ask',
      'log',
      'lib',
    ),
    constantFrom(...COMMANDS.map(({ name }) => name)),
    hostileText,
    string({ maxLength: 5 }),
  );

  test('is understood as a command with all that it needs, or left to the parser of the command line', () => {
    check(
      property(array(word, { maxLength: 6 }), (words) => {
        const call = readPlainWords(words, COMMANDS);
        if (call === undefined) return;
        for (const { name, optional } of call.spec.arguments ?? [])
          assert.ok(optional === true || typeof call.words.arguments[name] === 'string');
        const known = new Set(
          (call.spec.options ?? []).map(({ name }) => name.replaceAll('-', '').toLowerCase()),
        );
        for (const key of Object.keys(call.words.options)) assert.ok(known.has(key.toLowerCase()), key);
      }),
      400,
    );
  });

  test('as a number or name is one, or is refused', () => {
    const numbers = oneof(
      hostileText,
      constantFrom('0', '-0', '1e3', '0x10', ' 1', '1_000', '٣', '9'.repeat(400), '1.'),
    );
    check(
      property(tuple(numbers, hostileText), ([text, name]) => {
        for (const read of [secondsOption, countOption]) {
          const value = tried(() => read({ option: () => text }, 'wait'));
          assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0));
        }
        if (tried(() => (checkName(name), true)) === true)
          assert.match(name, /^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,63}$/u);
        assert.match(versionIn(`${text} 2.1.329 ${name}`) ?? '', /^\d+\.\d+\.\d+$/);
      }),
      200,
    );
  });
});

function tried<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CahootsError)) throw error;
    return undefined;
  }
}
