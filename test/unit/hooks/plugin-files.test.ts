import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { HOOK_MOMENTS, hookInput } from '../../../src/agents/claude-code/live/hooks.ts';
import { WAKE_TRIGGER } from '../../../src/agents/claude-code/live/host-session.ts';
import { takesContext } from '../../../src/attendant/wake-rules.ts';
import { SESSION_TOOLS } from '../../../src/tools/session-calls.ts';

/** Those that only read and send messages. */
const HARMLESS_TOOLS = ['peers', 'ask', 'reply', 'send', 'listen', 'inbox'];
const PLUGIN = join(import.meta.dirname, '../../../plugin');

interface Hook {
  readonly type: string;
  readonly command?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly timeout?: number;
  readonly asyncRewake?: boolean;
  readonly rewakeMessage?: string;
  readonly rewakeSummary?: string;
  readonly input?: Readonly<Record<string, string>>;
}
interface Matcher {
  readonly matcher?: string;
  readonly hooks: readonly Hook[];
}

const { hooks } = readJson('hooks/hooks.json') as { hooks: Readonly<Record<string, readonly Matcher[]>> };
const { name: pluginName } = readJson('.claude-plugin/plugin.json') as { name: string };
const { mcpServers } = readJson('.mcp.json') as { mcpServers: Readonly<Record<string, unknown>> };
const [serverName = ''] = Object.keys(mcpServers);

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(PLUGIN, file), 'utf8'));
}

function hooksOf(type: string): { event: string; matcher: string | undefined; hook: Hook }[] {
  return Object.entries(hooks).flatMap(([event, matchers]) =>
    matchers.flatMap(({ matcher, hooks: list }) =>
      list.filter((hook) => hook.type === type).map((hook) => ({ event, matcher, hook })),
    ),
  );
}

suite('the plugin’s hooks', () => {
  test('call the hook tool of the plugin’s own server, and pass what that takes', () => {
    const calls = hooksOf('mcp_tool');
    assert.deepEqual(calls.map(({ event }) => event).sort(), Object.keys(HOOK_MOMENTS).sort());
    for (const { event, hook } of calls) {
      assert.equal(hook.server, `plugin:${pluginName}:${serverName}`);
      assert.equal(hook.tool, 'hook');
      assert.equal(hook.input?.['event'], event);
      assert.deepEqual(
        Object.keys(hook.input ?? {}).filter((key) => !(key in hookInput.shape)),
        [],
      );
      assert.ok(hookInput.safeParse(hook.input).success);
    }
  });

  test('tell at each moment at which the model may be given something who asks and where', () => {
    for (const { event, hook } of hooksOf('mcp_tool')) {
      if (!takesContext(HOOK_MOMENTS[event] ?? 'other')) continue;
      const { event: _, ...input } = hook.input ?? {};
      assert.deepEqual(input, {
        conversation: '${session_id}',
        transcript: '${transcript_path}',
        permission_mode: '${permission_mode}',
        agent: '${agent_id}',
        // By the text of a prompt the attendant knows that the host has taken up what it gave.
        ...(event === 'UserPromptSubmit' ? { prompt: '${prompt}' } : {}),
        // By what the tools did it knows when the work comes upon a package of a peer.
        ...(event === 'PostToolBatch' ? { calls: '${tool_calls}' } : {}),
      });
    }
  });

  test('keep no step of the session waiting for long, and call no server at a moment at which there is none', () => {
    for (const { event, matcher, hook } of hooksOf('mcp_tool')) {
      assert.ok((hook.timeout ?? 600) <= 5, event);
      if (event === 'SessionStart' || event === 'SessionEnd')
        assert.match(matcher ?? '', /^(clear|compact|\|)+$/);
    }
    for (const { event, hook } of hooksOf('command')) assert.ok((hook.timeout ?? 600) <= 10, event);
  });

  test('start a process only at the start and for a wake, each a program that is there', () => {
    const commands = hooksOf('command');
    assert.deepEqual(commands.map(({ event }) => event).sort(), ['FileChanged', 'SessionStart']);
    for (const { hook } of commands) {
      const [, file = ''] = /^"\$\{CLAUDE_PLUGIN_ROOT\}\/([\w./-]+)"$/.exec(hook.command ?? '') ?? [];
      accessSync(join(PLUGIN, file), constants.X_OK);
    }
  });

  test('wake the session by the file that the attendant writes, named so that the model is not told of an error', () => {
    const [{ matcher, hook } = { matcher: '', hook: undefined }] = hooksOf('command').filter(
      ({ event }) => event === 'FileChanged',
    );
    assert.equal(matcher, WAKE_TRIGGER);
    assert.equal(hook?.asyncRewake, true);
    assert.ok(hook.rewakeMessage && hook.rewakeSummary);
  });

  test('[S2] let exactly the harmless tools through, and no tool whose name only begins like one', () => {
    const [{ matcher } = { matcher: '' }] = hooksOf('mcp_tool').filter(({ event }) => event === 'PreToolUse');
    const allowed = new RegExp(matcher ?? '');
    const nameOf = (tool: string): string => `mcp__plugin_${pluginName}_${serverName}__${tool}`;
    for (const tool of HARMLESS_TOOLS) assert.match(nameOf(tool), allowed);
    for (const tool of [
      'askmore',
      'seat',
      'hook',
      'spawn_session',
      'delegate_task',
      'accept',
      'approve',
      'xask',
    ])
      assert.doesNotMatch(nameOf(tool), allowed);
    assert.doesNotMatch(`x${nameOf('ask')}`, allowed);
    assert.doesNotMatch('mcp__other__ask', allowed);
  });
});

suite('the plugin’s skill', () => {
  const skill = readFileSync(join(PLUGIN, 'skills/bridge/SKILL.md'), 'utf8');

  test('is allowed tools that there are, all of this plugin', () => {
    const allowed = /^allowed-tools: (.*)$/m.exec(skill)?.[1]?.split(', ') ?? [];
    const known = SESSION_TOOLS.map(({ name }) => `mcp__plugin_${pluginName}_${serverName}__${name}`);
    assert.deepEqual(
      allowed.filter((tool) => !known.includes(tool)),
      [],
    );
    assert.ok(allowed.length > 0);
  });

  test('says that a peer is never the user', () => {
    assert.match(skill, /never the user/);
  });
});
