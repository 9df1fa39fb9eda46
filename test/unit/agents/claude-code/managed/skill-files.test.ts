import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { commandCall, skillExpansion } from '../../../../../src/agents/claude-code/managed/skill-files.ts';
import { CahootsError } from '../../../../../src/protocol/errors.ts';
import type { Expansion } from '../../../../../src/protocol/tool-call.ts';
import { tempFolder } from '../../../../fixtures/temp-root.ts';

type Lifetime = Parameters<typeof tempFolder>[0];

function places(t: Lifetime) {
  const root = tempFolder(t);
  const home = join(root, 'home');
  const cwd = join(root, 'repo', 'packages', 'app');
  const configDir = join(home, '.claude');
  const put = (path: string, text: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  };
  put(join(home, '.ssh', 'id_rsa'), 'key');
  put(join(cwd, 'notes.md'), 'notes');
  return { root, home, cwd, configDir, put };
}

function ofSkill(where: ReturnType<typeof places>, skill: string, args?: string): Expansion | undefined {
  const input = { skill, ...(args !== undefined && { args }) };
  return skillExpansion({ id: '1', tool: 'Skill', input, bySubagent: false }, where);
}

suite('what a skill or command has the host open and run', () => {
  test('is found in the text of its file: commands in a line and in a block, and files that it mentions [FA3]', (t) => {
    const where = places(t);
    const { cwd, home, configDir, put } = where;
    put(
      join(cwd, '.claude/skills/both/SKILL.md'),
      'Now !`git status` and\n```!\nls -l\n```\nsee @~/.ssh/id_rsa, @notes.md. Not `!`x`` nor me@example.org, @none/of/it.',
    );
    assert.deepEqual(ofSkill(where, 'both'), {
      kind: 'files',
      opens: [join(home, '.ssh/id_rsa'), join(cwd, 'notes.md')],
      runs: ['ls -l', 'git status'],
    });
    put(join(configDir, 'commands/team/hello.md'), 'Hello @"notes.md"');
    assert.deepEqual(ofSkill(where, '/team:hello'), {
      kind: 'files',
      opens: [join(cwd, 'notes.md')],
      runs: [],
    });
  });

  test('counts what a call adds to the text, by either way to write it [FA3]', (t) => {
    const where = places(t);
    where.put(join(where.cwd, '.claude/skills/plain/SKILL.md'), 'Look at $ARGUMENTS');
    assert.deepEqual(ofSkill(where, 'plain', 'x'), { kind: 'files', opens: [], runs: [] });
    const opened = { kind: 'files', opens: [join(where.home, '.ssh/id_rsa')], runs: [] };
    assert.deepEqual(ofSkill(where, 'plain', '@~/.ssh/id_rsa'), opened);
    assert.deepEqual(ofSkill(where, 'plain @~/.ssh/id_rsa'), opened);
    assert.deepEqual(ofSkill(where, 'plain', '!`touch x`'), { kind: 'files', opens: [], runs: ['touch x'] });
  });

  test('is unknown where no file of that name is found, or its text is computed, a link out, or has hooks [FA3]', (t) => {
    const where = places(t);
    const { cwd, put } = where;
    const kindOf = (name: string): string | undefined => ofSkill(where, name)?.kind;
    put(join(cwd, '.claude/skills/computed/SKILL.md'), 'See @$ARGUMENTS');
    put(join(cwd, '.claude/skills/hooked/SKILL.md'), '---\nname: hooked\nhooks:\n  Stop: []\n---\nx');
    put(join(cwd, '.claude/skills/resource/SKILL.md'), 'See @server:file:///etc/passwd');
    for (const name of ['simplify', '../up', '', 'plugin:skill', 'computed', 'hooked', 'resource'])
      assert.equal(kindOf(name), 'unknown', name);
    mkdirSync(join(cwd, '.claude/skills/linked'));
    symlinkSync(join(where.home, '.ssh/id_rsa'), join(cwd, '.claude/skills/linked/SKILL.md'));
    assert.deepEqual(ofSkill(where, 'linked'), {
      kind: 'files',
      opens: [join(where.home, '.ssh/id_rsa')],
      runs: [],
    });
  });

  test('is that of every file which the host might mean: of folders above, of the user, and by the name in its head', (t) => {
    const where = places(t);
    const { cwd, configDir, put } = where;
    put(join(cwd, '.claude/skills/same/SKILL.md'), 'harmless');
    put(join(cwd, '../../.claude/skills/same/SKILL.md'), 'above: !`one`');
    put(join(configDir, 'skills/same/SKILL.md'), 'user: !`two`');
    put(join(cwd, '.claude/skills/other/SKILL.md'), '---\nname: "same"\n---\nnamed: !`three`');
    const found = ofSkill(where, 'same');
    assert.deepEqual(found?.kind === 'files' ? [...found.runs].sort() : [], ['one', 'three', 'two']);
  });

  test('a command is one of the session, and those that only tidy the conversation are known as such [FA2]', (t) => {
    const where = { ...places(t), commands: ['clear', 'compact', 'init', 'hello'] };
    const expands = (text: string): string | undefined => commandCall(text, where).expands?.kind;
    assert.equal(expands('/clear'), 'housekeeping');
    assert.equal(expands('/compact keep the plan'), 'housekeeping');
    assert.equal(expands('/init'), 'unknown');
    where.put(join(where.cwd, '.claude/commands/clear.md'), 'x !`y`');
    assert.equal(expands('/clear'), 'files');
    for (const text of ['clear', '/nosuch', ' /clear', '/']) {
      assert.throws(
        () => commandCall(text, where),
        (error) =>
          error instanceof CahootsError && error.code === 'command-unknown' && /\/init/.test(error.message),
        text,
      );
    }
  });
});
