import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment } from '../../../src/lib/child-environment.ts';

test('a session started from within another one gets nothing of that one’s identity, inbox or plugin [X1]', () => {
  const outer = {
    CLAUDECODE: '1',
    CLAUDE_PID: '7',
    CLAUDE_CODE_SESSION_ID: 'outer',
    CLAUDE_CODE_CHILD_SESSION: '1',
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    CLAUDE_CODE_MESSAGING_SOCKET: '/run/7.sock',
    CLAUDE_CODE_MESSAGING_TOKEN: 'secret',
    CLAUDE_CODE_EXECPATH: '/bin/claude',
    CLAUDE_PLUGIN_ROOT: '/plugin',
    CLAUDE_PLUGIN_DATA: '/data',
    CLAUDE_PROJECT_DIR: '/project',
    CLAUDE_ENV_FILE: '/env',
    AI_AGENT: 'claude',
    npm_config_prefix: '/npm',
  };
  assert.deepEqual(childEnvironment(outer), {});
});

test('what the person has set for Claude Code stays: its login, its folders, its limits', () => {
  const own = {
    PATH: '/bin',
    HOME: '/home/me',
    ANTHROPIC_API_KEY: 'key',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    CLAUDE_CODE_OAUTH_TOKEN: 'token',
    CLAUDE_CONFIG_DIR: '/config',
    CLAUDE_CODE_USE_BEDROCK: '1',
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: '1000',
    CLAUDE_CODE_TMPDIR: '/tmp/mine',
    DISABLE_TELEMETRY: '1',
  };
  assert.deepEqual(childEnvironment({ ...own, NOT_SET: undefined }), own);
});
