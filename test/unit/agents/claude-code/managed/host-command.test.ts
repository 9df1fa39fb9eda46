import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import {
  commandCall,
  type ListedCommand,
} from '../../../../../src/agents/claude-code/managed/host-command.ts';
import { CahootsError } from '../../../../../src/protocol/errors.ts';
import { tempFolder } from '../../../../fixtures/temp-root.ts';

const NEW: readonly ListedCommand[] = [
  { name: 'clear', description: 'Clear', aliases: ['reset', 'new'], builtin: true },
  { name: 'usage', description: 'Usage', aliases: ['cost'], builtin: true },
  { name: 'init', description: 'Init', builtin: true },
  { name: 'compact', description: 'mine (project)' },
];
const OLD: readonly ListedCommand[] = [
  { name: 'clear', description: 'Clear', aliases: ['reset', 'new'] },
  { name: 'compact', description: 'Compact' },
  { name: 'context', description: 'of a plugin (project)' },
  { name: 'usage', description: '(plug) usage' },
  { name: 'init', description: 'Init' },
];

function place(t: TestContext): string {
  const cwd = join(tempFolder(t), 'repo', 'packages', 'app');
  mkdirSync(cwd, { recursive: true });
  return cwd;
}

suite('a command of Claude Code', () => {
  test('is housekeeping when a host that marks its own commands says that it is its own [FA2] [FA3]', async (t) => {
    const context = { commands: NEW, cwd: place(t) };
    const kindOf = async (text: string) => (await commandCall(text, context)).command;
    assert.equal(await kindOf('/clear'), 'housekeeping');
    for (const text of ['/reset', '/cost', '/init', '/compact keep the plan'])
      assert.equal(await kindOf(text), 'other', text);
    assert.deepEqual(await commandCall('/clear', context), {
      id: 'command /clear',
      tool: 'command',
      input: { command: '/clear' },
      bySubagent: false,
      command: 'housekeeping',
    });
  });

  test('is housekeeping with an older host only where no skills or commands lie around the session [FA2] [FA3]', async (t) => {
    const cwd = place(t);
    const kindOf = async (text: string) => (await commandCall(text, { commands: OLD, cwd })).command;
    for (const text of ['/clear', '/compact now']) assert.equal(await kindOf(text), 'housekeeping', text);
    for (const text of ['/context', '/usage', '/init', '/new'])
      assert.equal(await kindOf(text), 'other', text);
    mkdirSync(join(cwd, 'sub', '.claude', 'skills'), { recursive: true });
    assert.equal(await kindOf('/clear'), 'other');
    const above = place(t);
    mkdirSync(join(above, '..', '..', '.claude', 'commands'), { recursive: true });
    assert.equal((await commandCall('/clear', { commands: OLD, cwd: above })).command, 'other');
  });

  test('is refused where the session has none of that name, and two of one name are nobody’s own', async (t) => {
    const context = { commands: NEW, cwd: place(t) };
    for (const text of ['clear', '/nosuch', ' /clear', '/', '/clearly']) {
      await assert.rejects(
        commandCall(text, context),
        (error) => error instanceof CahootsError && error.code === 'command-unknown',
        text,
      );
    }
    const twice = [...NEW, { name: 'clear', description: 'another', builtin: true }];
    assert.equal((await commandCall('/clear', { ...context, commands: twice })).command, 'other');
  });
});
