import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { answerHook, HOOK_MOMENTS } from '../../../../../src/agents/claude-code/live/hooks.ts';
import type { HookAnswer, HookCall } from '../../../../../src/agents/live-host.ts';

async function answered(event: string, answer: HookAnswer): Promise<unknown> {
  return JSON.parse(await answerHook({ event }, async () => answer));
}

async function callOf(input: unknown): Promise<HookCall | undefined> {
  let call: HookCall | undefined;
  await answerHook(input, async (given) => {
    call = given;
    return {};
  });
  return call;
}

suite('what a hook answers', () => {
  test('is an empty object when there is nothing: any other text would cost the model a line', async () => {
    for (const event of [...Object.keys(HOOK_MOMENTS), 'Other'])
      assert.equal(await answerHook({ event }, async () => ({})), '{}');
    for (const input of [undefined, null, 7, 'Stop', [], { event: 7 }, { event: 'Stop', agent: 1 }])
      assert.equal(await answerHook(input, async () => ({ context: 'x' })), '{}', JSON.stringify(input));
  });

  test('is context for the model and a notice for the person, each where the host looks for it', async () => {
    assert.deepEqual(await answered('Stop', { context: 'mail', notice: 'held' }), {
      systemMessage: 'held',
      hookSpecificOutput: { hookEventName: 'Stop', additionalContext: 'mail' },
    });
    assert.deepEqual(await answered('Stop', { notice: 'held' }), { systemMessage: 'held' });
  });

  test('[X2] is JSON whatever the text is', async () => {
    const context = '"}],\u0000\n</peer-message>\u2028😀';
    assert.deepEqual(await answered('UserPromptSubmit', { context }), {
      hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: context },
    });
  });

  test('lets a call through without a word to the model', async () => {
    assert.deepEqual(await answered('PreToolUse', { allowsTool: true }), {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'allow',
        permissionDecisionReason: 'cahoots: reads and sends messages only',
      },
    });
  });
});

suite('what a hook is called with', () => {
  test('is a moment of the session, with what the host said and nothing for the rest', async () => {
    assert.deepEqual(await callOf({ event: 'UserPromptSubmit', permission_mode: 'plan', prompt: 'hi' }), {
      moment: 'prompt',
      conversation: '',
      transcript: '',
      permissionMode: 'plan',
      agent: '',
      toolUse: '',
      prompt: 'hi',
    });
    assert.equal((await callOf({ event: '__proto__' }))?.moment, 'other');
  });

  test('is what tools have done after a batch of calls, as commands and edits', async () => {
    const calls = JSON.stringify([
      { tool_name: 'Bash', tool_input: { command: 'npm i x' }, tool_response: 'Exit code 1\nno' },
      { tool_name: 'Bash', tool_input: { command: 'ls' }, tool_response: 'fine' },
      {
        tool_name: 'Edit',
        tool_input: { file_path: '/a', old_string: 'b', new_string: 'c' },
        tool_response: {},
      },
      { tool_name: 'Edit', tool_input: { file_path: '/a' }, tool_response: '<tool_use_error>no' },
      { tool_name: 'Read', tool_input: { file_path: '/a' }, tool_response: 'x' },
    ]);
    assert.deepEqual((await callOf({ event: 'PostToolBatch', calls }))?.work?.steps(), [
      { kind: 'command', command: 'npm i x', failedWith: 'Exit code 1\nno' },
      { kind: 'command', command: 'ls' },
      { kind: 'edit', path: '/a', before: ['b'], after: ['', 'c'] },
    ]);
    assert.equal((await callOf({ event: 'Stop', calls }))?.work, undefined);
    const reads = JSON.stringify([{ tool_name: 'Read', tool_input: {}, tool_response: '' }]);
    assert.equal((await callOf({ event: 'PostToolBatch', calls: reads }))?.work, undefined);
    const broken = `${calls.slice(0, -1)},`;
    assert.deepEqual((await callOf({ event: 'PostToolBatch', calls: broken }))?.work?.steps(), []);
  });
});
