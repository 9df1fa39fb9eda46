import { type ModelRule, when, whenToolResult } from '../testing/index.ts';

const TOOL = 'mcp__plugin_cahoots_bridge__';

/** What the person says to the session of the app. */
export const TASK = 'Update our app to my-library v2 and fix what breaks.';

/** The two repositories of the demo: a library whose API has just changed, and an app that still calls the old one. */
export const LIBRARY_FILES = {
  'package.json': '{ "name": "my-library", "version": "2.0.0", "type": "module" }\n',
  'src/auth.js': `export class AuthException extends Error {}

/** v1 had login(user, password). */
export async function authenticate({ user, password }) {
  if (!password) throw new AuthException('no password');
  return { user };
}
`,
};
export const APP_FILES = {
  'package.json': '{ "name": "my-app", "type": "module", "dependencies": { "my-library": "^1.4.0" } }\n',
  'src/sign-in.js': `import { AuthError, login } from 'my-library';

export async function signIn(user, password) {
  try {
    return await login(user, password);
  } catch (error) {
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}
`,
};

const QUESTION =
  'We move from v1.4 to v2. What broke in your API, and how do we migrate our sign-in code (src/sign-in.js)?';
const BACK = 'Which error types do you catch around login()? Show me the handler.';
const HANDLER =
  '`if (error instanceof AuthError) return undefined;` in src/sign-in.js, around `await login(user, password)`.';
const ANSWER =
  'In v2 `login(user, password)` is `authenticate({ user, password })` (src/auth.js), and `AuthError` is `AuthException`. Nothing else changed.';

/** What the scripted model of the app's session does: asks before it guesses, answers back, then goes on. */
export function appScript(signInFile: string): ModelRule[] {
  return [
    when(
      /Update our app/,
      {
        text: 'my-library has a new major version. I ask the session that owns it.',
        calls: [{ tool: `${TOOL}ask`, input: { peer: 'my-library', question: QUESTION, wait_seconds: 60 } }],
      },
      { in: 'prompt' },
    ),
    whenToolResult(
      `${TOOL}ask`,
      { text: 'It needs to see our handler.', calls: [{ tool: 'Read', input: { file_path: signInFile } }] },
      /Which error types/,
    ),
    whenToolResult('Read', (turn) => ({
      calls: [{ tool: `${TOOL}reply`, input: { id: idOfResponse(turn.messages), text: HANDLER } }],
    })),
    whenToolResult(`${TOOL}reply`, { text: 'I have shown it our handler; the answer arrives by itself.' }),
    when(/AuthException/, {
      text: 'Now I know what to change.',
      calls: [
        {
          tool: 'Edit',
          input: {
            file_path: signInFile,
            old_string: "import { AuthError, login } from 'my-library';",
            new_string: "import { AuthException, authenticate } from 'my-library';",
          },
        },
        {
          tool: 'Edit',
          input: {
            file_path: signInFile,
            old_string: 'await login(user, password)',
            new_string: 'await authenticate({ user, password })',
          },
        },
        {
          tool: 'Edit',
          input: {
            file_path: signInFile,
            old_string: 'instanceof AuthError',
            new_string: 'instanceof AuthException',
          },
        },
      ],
    }),
    whenToolResult('Edit', { text: 'Done: src/sign-in.js calls authenticate() and catches AuthException.' }),
  ];
}

/** What the scripted model of the library's session does: asks back first, then answers from its files. */
export function libraryScript(): ModelRule[] {
  return [
    when(/peer-message id="(msg-[a-z0-9]+)" type="query"[^]*What broke/, (_turn, match) => ({
      calls: [{ tool: `${TOOL}reply`, input: { id: match[1], text: BACK } }],
    })),
    when(/peer-message id="(msg-[a-z0-9]+)" type="query"[^]*AuthError/, (_turn, match) => ({
      calls: [{ tool: `${TOOL}reply`, input: { id: match[1], text: ANSWER } }],
    })),
    whenToolResult(`${TOOL}reply`, { text: 'Answered; back to my own work.' }),
  ];
}

function idOfResponse(messages: readonly unknown[]): string {
  const found = [
    ...JSON.stringify(messages).matchAll(/peer-message id=\\+"(msg-[a-z0-9]+)\\+" type=\\+"response/g),
  ];
  return found.at(-1)?.[1] ?? '';
}
