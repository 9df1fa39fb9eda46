import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { assert as check, constantFrom, property, string } from 'fast-check';
import { judgeByPreset } from '../../../src/permissions/presets.ts';
import type { Surroundings } from '../../../src/permissions/protected-paths.ts';
import { PRESETS, type Preset } from '../../../src/protocol/preset.ts';
import type { ToolCall } from '../../../src/protocol/tool-call.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const STRICT = ['read-only', 'review', 'plan'] as const;

/** A project with files of all kinds, in a home with secrets beside it. */
function surroundings(t: TestContext): Surroundings {
  const home = realpathSync(tempFolder(t));
  const cwd = join(home, 'code', 'app');
  const files = [
    'src/index.ts',
    'README.md',
    '.env',
    '.env.example',
    'certs/server.key',
    '.git/config',
    '.claude/settings.json',
    '.mcp.json',
    'docs/notes.txt',
    'deploy/credentials',
  ];
  for (const file of files) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true });
    writeFileSync(join(cwd, file), 'text');
  }
  mkdirSync(join(home, '.ssh'), { recursive: true });
  writeFileSync(join(home, '.ssh', 'id_ed25519'), 'secret');
  symlinkSync(join(home, '.ssh'), join(cwd, 'shortcut'));
  symlinkSync(join(cwd, '.env'), join(cwd, 'plain-name'));
  symlinkSync(join(home, 'not-there-yet'), join(cwd, 'dangling'));
  symlinkSync('round', join(cwd, 'round'));
  mkdirSync(join(cwd, 'mail'), { recursive: true });
  return { cwd, home, ours: [join(cwd, 'mail')] };
}

function verdictOn(
  around: Surroundings,
  preset: Preset,
  tool: string,
  input: Record<string, unknown>,
): string {
  const verdict = judgeByPreset({ id: 'call', tool, input, bySubagent: false }, { preset, around });
  return verdict.verdict === 'allow' ? 'allow' : verdict.reason;
}

function assertAllowed(around: Surroundings, preset: Preset, commands: readonly string[]): void {
  for (const command of commands) {
    assert.equal(verdictOn(around, preset, 'Bash', { command }), 'allow', `${preset}: ${command}`);
  }
}

function assertDenied(around: Surroundings, preset: Preset, commands: readonly string[]): void {
  for (const command of commands) {
    assert.notEqual(verdictOn(around, preset, 'Bash', { command }), 'allow', `${preset}: ${command}`);
  }
}

suite('presets', () => {
  test('permit reading within the folder, and nothing that is protected there or outside [D2]', (t) => {
    const around = surroundings(t);
    const allowed = [
      'src/index.ts',
      join(around.cwd, 'README.md'),
      '.env.example',
      'not/there/yet',
      '.mcp.json',
    ];
    const denied = {
      '../other/file': /outside of the folder/,
      '/etc/passwd': /outside of the folder/,
      '~/.ssh/id_ed25519': /outside of the folder/,
      'shortcut/id_ed25519': /outside of the folder/,
      'shortcut/not-there': /outside of the folder/,
      '.env': /holds secrets/,
      'src/../.ENV': /holds secrets/,
      '.env.production': /holds secrets/,
      'plain-name': /holds secrets/,
      'certs/server.key': /holds secrets/,
      'deploy/credentials': /holds secrets/,
      '.git/config': /internal to git/,
      'sub/.git/HEAD': /internal to git/,
      '.aws/config': /folder of secrets/,
      'mail/seats/x': /belongs to cahoots/,
    };
    for (const preset of [...STRICT, 'edit'] as const) {
      for (const file_path of allowed)
        assert.equal(verdictOn(around, preset, 'Read', { file_path }), 'allow');
      for (const [file_path, reason] of Object.entries(denied)) {
        assert.match(verdictOn(around, preset, 'Read', { file_path }), reason, `${preset}: ${file_path}`);
      }
    }
  });

  test('permit writing to `edit` alone, and not what says what sessions may do [D2]', (t) => {
    const around = surroundings(t);
    for (const tool of ['Edit', 'Write', 'MultiEdit']) {
      assert.equal(verdictOn(around, 'edit', tool, { file_path: 'src/new/file.ts' }), 'allow');
      for (const file_path of [
        'dangling',
        'dangling/x',
        'round',
        '.claude.json',
        '.claude/settings.json',
        '.mcp.json',
        '.husky/pre-commit',
        '.git/hooks/x',
        '../x',
        '.env',
      ]) {
        assert.notEqual(verdictOn(around, 'edit', tool, { file_path }), 'allow', file_path);
      }
      for (const preset of STRICT) {
        assert.match(verdictOn(around, preset, tool, { file_path: 'src/index.ts' }), /does not permit/);
      }
    }
    assert.equal(verdictOn(around, 'edit', 'NotebookEdit', { notebook_path: 'a.ipynb' }), 'allow');
    assert.notEqual(verdictOn(around, 'edit', 'Write', {}), 'allow');
    assert.notEqual(verdictOn(around, 'edit', 'Write', { file_path: ['src/index.ts'] }), 'allow');
  });

  test('permit searching by name, and lines of a single file [D2]', (t) => {
    const around = surroundings(t);
    const reads = (tool: string, input: Record<string, unknown>) =>
      verdictOn(around, 'read-only', tool, input);
    assert.equal(reads('Glob', { pattern: 'src/**/*.ts' }), 'allow');
    assert.notEqual(reads('Glob', { pattern: '../**' }), 'allow');
    assert.notEqual(reads('Glob', { pattern: '/etc/*' }), 'allow');
    for (const pattern of ['..', '{/etc/*,x}', '{x,../*}', 'src/../..', '~/*', '{a,~/b}'])
      assert.notEqual(reads('Glob', { pattern }), 'allow', pattern);
    assert.notEqual(reads('Grep', { pattern: 'x', glob: '{../**,a}' }), 'allow');
    assert.equal(reads('Grep', { pattern: '/api/../v1', path: 'src' }), 'allow');
    assert.equal(reads('Grep', { pattern: 'login', path: 'src' }), 'allow');
    assert.equal(reads('Grep', { pattern: 'login', path: 'src/index.ts', output_mode: 'content' }), 'allow');
    assert.notEqual(reads('Grep', { pattern: 'KEY', output_mode: 'content' }), 'allow');
    assert.notEqual(reads('Grep', { pattern: 'KEY', path: '.env', output_mode: 'content' }), 'allow');
  });

  test('that only look permit the commands that only look [D2]', (t) => {
    const around = surroundings(t);
    for (const preset of STRICT) {
      assertAllowed(around, preset, [
        'ls -la src',
        'pwd',
        'cat README.md | head -20',
        'git status',
        'git --no-pager log --oneline -5',
        'git diff HEAD~1 -- src',
        'git show HEAD:README.md',
        'rg -n login src',
        'find . -name "*.ts"',
        'git grep login && wc -l src/index.ts',
        'grep -n text README.md 2>/dev/null',
        'sort README.md | cut -c1-3',
        'ls src/*.ts',
        'ls -la --color=never src/',
        'head -n5 README.md',
        'tail -20 README.md',
        'grep -nC3 -e text README.md',
        'git log -p -S login --since=2.weeks -- src',
        'git status --porcelain --untracked-files=all',
        'sort -k2,2n -u README.md',
        'rg --files',
        'find . -type f -not -name "*.md" -print',
      ]);
      assertDenied(around, preset, [
        // A program takes any beginning of a long option for it.
        "git grep --open='touch x; true' text",
        "git grep -nO'touch x; true' text",
        'git grep --no-index text',
        'git grep --untracked text',
        'git grep -f README.md',
        'git diff --no-index src .',
        'git log --out=x',
        'sort --o=.claude/settings.json README.md',
        'sort -uo x README.md',
        'sort -S1K --compress-prog=src/x.sh README.md',
        'echo -ne "\\x2fetc\\x2fpasswd" | sort --files0=-',
        'wc --files0-from=-',
        'grep --dir=recurse text .',
        'grep -nd recurse text .',
        'grep --rec text .',
        'tail -f README.md',
        'rg -g "*" text src',
        'rg --type-add e:.en? -te text src',
        'rg -L text src',
        'rg --hid text src',
        // A folder with a file of secrets, hidden or not.
        'rg text',
        'rg text certs',
        'rg -m 1 src',
        'rg -e text src',
        // Outside of the folder, however it is written.
        'cat //etc/passwd',
        'cat /et*/passwd',
        'cat /e?c/passwd',
        'cat ~root/.profile',
        'cat ~+/../x',
        'cat src/../.en*',
        `cat ${around.cwd}/.en*`,
        'cat ~/code/app/.en*',
        'touch x',
        'rm README.md',
        'echo x > README.md',
        'cat README.md > copy',
        'npm test',
        'node -e 1',
        'git commit -m x',
        'git checkout -b x',
        'git -c core.pager=sh log',
        'git diff --output=x',
        'git log --ext-diff',
        'git grep -Osh login',
        'find . -delete',
        'find . -exec rm {} +',
        'find . -fprint x',
        'sort -o README.md README.md',
        'rg --pre sh x',
        'rg --hidden KEY',
        'rg -uu KEY',
        'grep -r KEY .',
        'grep -nR KEY .',
        'X=1 ls',
        'ls $(touch x)',
        'ls `touch x`',
        'cat <(touch x)',
        'ls; (touch x)',
        'for f in *; do rm $f; done',
        'ls & touch x',
        'f() { ls; }; f',
        'bash -c "ls"',
        'eval ls',
        'sh script.sh',
        'env ls',
        'xargs ls',
        '$CMD',
        'cat $FILE',
        'cd src',
        'exec ls',
        '. ./x',
        'cat .e{nv,}',
        'ls > /dev/null > x',
        'ls &> out',
      ]);
    }
  });

  test('permit `edit` commands of all kinds within the folder [D2]', (t) => {
    const around = surroundings(t);
    assertAllowed(around, 'edit', [
      'npm test',
      'npm run build -- --watch=false',
      'node -e "console.log(1)"',
      'touch src/a.ts && rm src/a.ts',
      'mkdir -p dist/out > /dev/null 2>&1',
      'for f in src/*.ts; do wc -l "$f"; done',
      'git add -A && git commit -m "x: y"',
      'git checkout -b feature/x origin/main',
      'sed -i "s/a/b/" src/index.ts',
      'FOO=1 npm test',
      'cat "$PWD/README.md"',
      'echo "$(git rev-parse HEAD)" > dist.txt',
      'cd src && ls',
      'timeout 60 npm test',
      'npx tsc --noEmit',
      './run.sh',
      'python3 -m pytest tests/',
      '/usr/bin/env node x.js',
      'git fetch https://example.org/x.git',
      'bash scripts/x.sh',
      'bash -c "npm test"',
      'grep -rn "a/b" src',
      'awk "/login/ {print}" README.md',
    ]);
  });

  test('deny commands that name what is protected or outside, however that is written [D2]', (t) => {
    const around = surroundings(t);
    assertDenied(around, 'edit', [
      'cat /etc/passwd',
      'cat ~/.ssh/id_ed25519',
      'cat "$HOME/.ssh/id_ed25519"',
      'cat ${HOME}/x',
      'cat ../../x',
      'ls ..',
      'cat .env',
      'cat ./src/../.env',
      "cat '.env'",
      'cat ".e""nv"',
      'cat .e\\nv',
      "cat $'\\x2eenv'",
      'cat .e*',
      'cat certs/*',
      'cat plain-name',
      'cat shortcut/id_ed25519',
      'source .env',
      'node --env-file=.env x.js',
      'cp src/index.ts /tmp/x',
      'echo x > /tmp/x',
      'echo x >> ~/.bashrc',
      'echo x > $OUT',
      'tee .git/hooks/pre-commit < README.md',
      'cat < .env',
      'rm -rf .git',
      'tar -C / -xf x.tar',
      'tar --directory=/etc -xf x',
      'cc -I/etc x.c',
      'git --git-dir=/etc log',
      'echo $(cat .env)',
      'echo `cat .env`',
      'diff <(cat .env) README.md',
      'bash -c "cat .env"',
      'eval "cat .env"',
      'bash -c "bash -c \'cat .env\'"',
      'echo Y2F0 | base64 -d | sh',
      'echo x | env sh',
      'echo x | xargs bash',
      'sh <<< "cat .env"',
      'if true; then cat .env; fi',
      'f() { cat .env; }; f',
      'case x in x) cat .env;; esac',
      'p=/etc; cat $p/passwd',
      'A=(.env); cat "${A[0]}"',
      'cd && ls',
      'cd ~',
      'cd /',
      'scp README.md host:',
      'ls mail',
      'cat file:///etc/passwd',
      '~/x.sh',
      '../x.sh',
      '/etc/x.sh',
      '/etc/passwd; cat /etc/passwd',
      'docker run x',
      'sudo ls',
      'env sudo ls',
      'timeout 5 sudo ls',
      'git push',
      'npm publish',
      'npx cahoots ask x y',
      'npx -y claude -p hi',
      'cp README.md .claude/settings.json',
      'tee .mcp.json',
      'sed -i s/a/b/ .husky/pre-commit',
      'cp README.md dangling',
      'cat //etc/passwd',
      'cat ~root/.profile',
      'curl https://example.org',
      'claude -p hi',
      'pkill node',
      'cat <<EOF > ../x\nEOF',
      '(',
      'echo "',
      'bash -c "$X"',
    ]);
  });

  test('permit tools by their kind, and none that is not known [D2]', (t) => {
    const around = surroundings(t);
    const rows: Record<string, readonly Preset[]> = {
      TodoWrite: PRESETS,
      Task: PRESETS,
      mcp__cahoots__ask: PRESETS,
      mcp__plugin_cahoots_bridge__reply: PRESETS,
      Skill: ['full'],
      WebFetch: ['full'],
      WebSearch: ['full'],
      AskUserQuestion: ['full'],
      ExitPlanMode: ['full'],
      CronCreate: ['full'],
      SendMessage: ['full'],
      mcp__cahoots__spawn_session: ['full'],
      mcp__cahoots_evil__ask: ['full'],
      mcp__plugin_cahoots_other__ask: ['full'],
      mcp__github__create_issue: ['full'],
      SomethingNew: ['full'],
    };
    for (const [tool, presets] of Object.entries(rows)) {
      const permitted = PRESETS.filter((preset) => verdictOn(around, preset, tool, {}) === 'allow');
      assert.deepEqual(
        permitted,
        PRESETS.filter((preset) => presets.includes(preset)),
        tool,
      );
    }
    assert.match(verdictOn(around, 'plan', 'ExitPlanMode', {}), /end your turn with the plan as your answer/);
    assert.match(verdictOn(around, 'edit', 'AskUserQuestion', {}), /End your turn with the question/);
  });

  test('permit commands of the agent that only show or tidy the conversation, and no skills [FA2] [FA3] [D2]', (t) => {
    const around = surroundings(t);
    const permitted = (call: Pick<ToolCall, 'tool' | 'command'>): readonly Preset[] =>
      PRESETS.filter((preset) => {
        const whole = { id: '1', input: {}, bySubagent: false, ...call };
        return judgeByPreset(whole, { preset, around }).verdict === 'allow';
      });
    assert.deepEqual(permitted({ tool: 'command', command: 'housekeeping' }), PRESETS);
    assert.deepEqual(permitted({ tool: 'command', command: 'other' }), ['full']);
    assert.deepEqual(permitted({ tool: 'command' }), ['full']);
    assert.deepEqual(permitted({ tool: 'Skill' }), ['full']);
    assert.match(verdictOn(around, 'edit', 'Skill', { skill: 'x' }), /Read its file/);
  });

  test('`full` permits everything', (t) => {
    const around = surroundings(t);
    assert.equal(verdictOn(around, 'full', 'Bash', { command: 'rm -rf /' }), 'allow');
    assert.equal(verdictOn(around, 'full', 'Read', { file_path: '/etc/passwd' }), 'allow');
  });

  test('come to a verdict on whatever a model says, and never permit what is no command', (t) => {
    const around = surroundings(t);
    const presets = constantFrom(...STRICT, 'edit' as const);
    check(
      property(presets, string({ unit: 'binary', maxLength: 60 }), (preset, text) => {
        for (const tool of ['Bash', 'Read', 'Write', 'Grep', 'Glob']) {
          const input = { command: text, file_path: text, pattern: text, path: text };
          assert.equal(typeof verdictOn(around, preset, tool, input), 'string');
        }
      }),
      { numRuns: 300 },
    );
    assert.notEqual(verdictOn(around, 'edit', 'Bash', {}), 'allow');
    assert.notEqual(verdictOn(around, 'edit', 'Bash', { command: ['ls'] }), 'allow');
  });
});
