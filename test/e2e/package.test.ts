import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createCleanHome } from '../../src/testing/index.ts';
import { testedBinaries } from '../fixtures/tested-binaries.ts';
import { unpackedPackage } from '../fixtures/unpacked-package.ts';

/** The lowest Node that the package promises to run on; `.ci/run` fetches it. The running one where it is not given. */
const OLDEST_NODE = process.env['TEST_OLDEST_NODE'] ?? process.execPath;

const CLI = 'dist/cli/main.js';
const execFileAsync = promisify(execFile);

let folder: string;
let installed: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cahoots-e2e-'));
  installed = unpackedPackage(folder);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A shell in a project folder of a home that all of them share. */
function shell(project: string): { cwd: string; env: Record<string, string | undefined>; encoding: 'utf8' } {
  const cwd = join(folder, 'home', project);
  mkdirSync(cwd, { recursive: true });
  return { cwd, env: { PATH: process.env['PATH'], HOME: join(folder, 'home') }, encoding: 'utf8' };
}

function cahoots(
  args: readonly string[],
  { node = OLDEST_NODE, project = 'app' }: { node?: string; project?: string } = {},
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(node, [join(installed, CLI), ...args], shell(project));
}

test('the package runs without any other package beside it', () => {
  assert.ok(!existsSync(join(installed, 'node_modules')));
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
    dependencies?: object;
  };
  assert.equal(manifest.dependencies, undefined);
  assert.equal(cahoots(['--version']).stdout.trim(), manifest.version);
});

test('two shells of the installed program exchange a question and its answer', async () => {
  const started = cahoots(['start', '--json'], { project: 'library' });
  assert.equal(started.status, 0, started.stderr);
  assert.deepEqual(Object.keys(JSON.parse(started.stdout) as object), ['id', 'name', 'mailbox']);
  const asking = execFileAsync(
    OLDEST_NODE,
    [join(installed, CLI), 'ask', 'library', 'What broke?', '--json'],
    shell('app'),
  );
  const heard = cahoots(['listen', '--wait', '20', '--json'], { project: 'library' });
  const { id, content } = JSON.parse(heard.stdout) as { id: string; content: string };
  assert.equal(content, 'What broke?');
  assert.equal(cahoots(['reply', id, 'Nothing.'], { project: 'library' }).status, 0);
  const answer = JSON.parse((await asking).stdout) as {
    id: string;
    state: string;
    response: { content: string };
  };
  assert.deepEqual([answer.id, answer.state, answer.response.content], [id, 'answered', 'Nothing.']);
});

test('the package holds what it needs and nothing of the workshop', () => {
  const names = readdirSync(installed, { recursive: true }).map(String);
  for (const needed of [
    'plugin/dist/attendant.js',
    'plugin/dist/daemon/main.js',
    'plugin/dist/session-start.js',
    'plugin/hooks/hooks.json',
    '.claude-plugin/marketplace.json',
    'dist/testing/index.js',
    'dist/types/testing/index.d.ts',
    'LICENSE',
    'README.md',
  ]) {
    assert.ok(names.includes(needed), `${needed} is missing`);
  }
  assert.deepEqual(
    names.filter((name) => /^(src|test|bench|scripts)\b|\.test\./.test(name)),
    [],
  );
});

test('the packaged daemon serves the commands and the exported calls', () => {
  try {
    const started = cahoots(['daemon', 'start', '--json']);
    assert.equal(started.status, 0, started.stderr);
    assert.deepEqual(JSON.parse(cahoots(['list', '--json']).stdout), []);
    const script = `const { listSessions, resolveConfig, systemClock, version } = await import(${JSON.stringify(join(installed, 'dist/index.js'))}); const config = resolveConfig({ env: process.env, cwd: process.cwd() }); console.log(JSON.stringify(await listSessions({ config, clock: systemClock, version })));`;
    const run = spawnSync(OLDEST_NODE, ['--input-type=module', '-e', script], shell('app'));
    assert.equal(run.stdout, '[]\n', run.stderr);
    const { pid } = JSON.parse(started.stdout) as { pid: number };
    const status = JSON.parse(cahoots(['daemon', 'status', '--json']).stdout) as { pid: number };
    assert.equal(status.pid, pid);
  } finally {
    assert.equal(cahoots(['daemon', 'stop', '--force']).status, 0);
  }
});

test('the exported test bench can be imported from the package', () => {
  const script = `const bench = await import(${JSON.stringify(join(installed, 'dist/testing/index.js'))}); console.log(typeof bench.startModelApi);`;
  const run = spawnSync(OLDEST_NODE, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(run.stdout.trim(), 'function', run.stderr);
});

for (const binary of testedBinaries()) {
  test(`claude ${binary.version} finds nothing to complain of in the packaged plugin`, async (t) => {
    const home = createCleanHome();
    t.after(() => home.dispose());
    const run = spawnSync(binary.path, ['plugin', 'validate', '--strict', join(installed, 'plugin')], {
      env: home.env(),
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  });
}

test('a Node that is too old is told so in one paragraph, with what was found and what is needed', (t) => {
  const old = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((path) => join(path, 'node'))
    .find(
      (node) =>
        existsSync(node) &&
        /^v(1\d|20|21)\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout),
    );
  if (old === undefined) {
    t.diagnostic('no Node below 22 on the PATH: the launcher’s own test covers the message');
    return;
  }
  const run = cahoots(['peers'], { node: old });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /needs Node\.js 22\.13 or newer, and this is \d+\./);
});
