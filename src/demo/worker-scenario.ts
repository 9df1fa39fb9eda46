import { join } from 'node:path';
import { type ModelRule, when, whenToolResult } from '../testing/index.ts';

export const TESTS = 'Write tests for src/sign-in.js: every branch, every error.';
export const HAPPY_PATH = 'Stop: only the happy path for now, in src/sign-in.test.js.';
export const REVIEW = 'Review src/auth.js, and mend what you find.';
export const EMPTY_USER = 'Would an empty user get in?';

const TEST_FILE = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn } from './sign-in.js';

test('who has a password is signed in', async () => {
  assert.deepEqual(await signIn('ada', 'secret'), { user: 'ada' });
});
`;

/** What the scripted model of the managed sessions does. The first prompt takes it so long that it is corrected. */
export function workerScript({ app, library }: { app: string; library: string }): ModelRule[] {
  const auth = join(library, 'src', 'auth.js');
  const inPrompt = { in: 'prompt' } as const;
  return [
    when(/Would an empty user/, 'Yes: as I said, authenticate() looks at the password only.', inPrompt),
    when(
      /only the happy path/,
      {
        text: 'One test, then.',
        calls: [
          { tool: 'Write', input: { file_path: join(app, 'src', 'sign-in.test.js'), content: TEST_FILE } },
        ],
      },
      inPrompt,
    ),
    whenToolResult('Write', 'Done: src/sign-in.test.js has the happy path.'),
    when(/every branch/, { text: 'All of them are written.', delayMs: 120_000 }, inPrompt),
    when(
      /Review src/,
      { text: 'I read it.', calls: [{ tool: 'Read', input: { file_path: auth } }] },
      inPrompt,
    ),
    whenToolResult('Read', {
      text: 'The user is never looked at. I mend that.',
      calls: [
        {
          tool: 'Edit',
          input: { file_path: auth, old_string: 'if (!password)', new_string: 'if (!user || !password)' },
        },
      ],
    }),
    whenToolResult(
      'Edit',
      'authenticate() never looks at the user. I may not change the file: add `!user ||` there.',
    ),
  ];
}
