import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ALLOW_TOOL, CONTEXT_EVENTS, hookOutput } from '../../../src/delivery/hook-context.ts';

suite('what a hook answers', () => {
  test('is an empty object when there is nothing: any other text would cost the model a line', () => {
    for (const event of [...CONTEXT_EVENTS, 'SessionEnd']) assert.equal(hookOutput(event, {}), '{}');
  });

  test('is context for the model and a notice for the person, each where the host looks for it', () => {
    assert.deepEqual(JSON.parse(hookOutput('Stop', { context: 'mail', notice: 'held' })), {
      systemMessage: 'held',
      hookSpecificOutput: { hookEventName: 'Stop', additionalContext: 'mail' },
    });
    assert.deepEqual(JSON.parse(hookOutput('Stop', { notice: 'held' })), { systemMessage: 'held' });
  });

  test('[X2] is JSON whatever the text is', () => {
    const context = '"}],\u0000\n</peer-message>\u2028😀';
    const parsed = JSON.parse(hookOutput('UserPromptSubmit', { context })) as {
      hookSpecificOutput: { additionalContext: string };
    };
    assert.equal(parsed.hookSpecificOutput.additionalContext, context);
  });

  test('lets a call through without a word to the model', () => {
    assert.deepEqual(JSON.parse(ALLOW_TOOL), {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'allow',
        permissionDecisionReason: 'cahoots: reads and sends messages only',
      },
    });
  });
});
