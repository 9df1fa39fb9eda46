import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { pluginDigest } from '../../../../src/installer/setup/package-files.ts';
import { copiesFolder, copyOf } from '../../../../src/installer/setup/plugin-copy.ts';
import { planSetup, runSetup } from '../../../../src/installer/setup/setup.ts';
import { type FakeClaude, fakeClaude, makePackage } from '../../../fixtures/fake-claude.ts';

const ID = 'cahoots@cahoots';

function installed(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id: ID, version: '1.0.0', scope: 'user', enabled: true, ...changes };
}

function atCopy({ home, packageRoot }: FakeClaude): { name: string; source: string; path: string }[] {
  return [{ name: 'cahoots', source: 'directory', path: copyOf(home, packageRoot) }];
}

async function setUp(fake: FakeClaude): Promise<string[]> {
  const plan = await planSetup(fake.context);
  await runSetup(fake.context, plan, () => undefined);
  return fake.commands();
}

suite('setup', () => {
  test('copies the plugin, adds the copy as a marketplace and installs from it; a second run has nothing to do', async (t) => {
    const fake = fakeClaude(t);
    fake.setPluginsAfterwards([installed()]);
    const copy = copyOf(fake.home, fake.packageRoot);
    assert.deepEqual(await setUp(fake), [
      `plugin marketplace add ${copy}`,
      `plugin install ${ID} --scope user`,
    ]);
    assert.equal(
      readFileSync(join(copy, 'plugin', 'dist', 'attendant.js'), 'utf8'),
      readFileSync(join(fake.packageRoot, 'plugin', 'dist', 'attendant.js'), 'utf8'),
    );
    assert.deepEqual(readdirSync(copiesFolder(fake.home)), [copy.slice(copiesFolder(fake.home).length + 1)]);
    fake.setMarketplaces(atCopy(fake));
    const again = await planSetup(fake.context);
    assert.deepEqual(again.steps, []);
    assert.deepEqual((await runSetup(fake.context, again, () => undefined)).id, ID);
  });

  test('only plans until it is run', async (t) => {
    const fake = fakeClaude(t);
    const plan = await planSetup(fake.context);
    assert.equal(plan.steps.length, 3);
    assert.deepEqual(
      plan.steps.map(({ command }) => command?.slice(0, 3)),
      [undefined, ['claude', 'plugin', 'marketplace'], ['claude', 'plugin', 'install']],
    );
    assert.deepEqual(fake.commands(), []);
    assert.equal(existsSync(copiesFolder(fake.home)), false);
  });

  test('a half installation is completed, whichever half is there', async (t) => {
    const withMarketplace = fakeClaude(t);
    withMarketplace.setMarketplaces([{ name: 'cahoots', source: 'directory', path: '/gone' }]);
    withMarketplace.setPluginsAfterwards([installed()]);
    assert.deepEqual(
      (await setUp(withMarketplace)).map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['plugin marketplace add', `plugin install ${ID}`],
    );
    const withPlugin = fakeClaude(t);
    const errors = ['Marketplace cahoots failed to load: cache-miss'];
    withPlugin.setPlugins([installed({ errors, enabled: false })]);
    withPlugin.setPluginsAfterwards([installed()]);
    assert.deepEqual(
      (await setUp(withPlugin)).map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['plugin marketplace add', `plugin enable ${ID}`],
    );
  });

  test('another version is updated, another content of the same version is installed anew', async (t) => {
    const older = fakeClaude(t);
    older.setPlugins([installed({ version: '0.9.0' })]);
    older.setPluginsAfterwards([installed()]);
    assert.deepEqual((await setUp(older)).slice(1), [`plugin update ${ID} --scope user`]);

    const changed = fakeClaude(t);
    const cache = join(changed.home, 'cache');
    makePackage(cache, { version: '1.0.0', extra: 'differently' });
    changed.setPlugins([installed({ installPath: join(cache, 'plugin') })]);
    changed.setPluginsAfterwards([installed()]);
    assert.deepEqual((await setUp(changed)).slice(1), [
      `plugin uninstall ${ID} --scope user --keep-data`,
      `plugin install ${ID} --scope user`,
    ]);
  });

  test('the copy that it replaces stays for sessions that run from it, however long ago it was made; what is old and of others stays too', async (t) => {
    const fake = fakeClaude(t);
    const folder = copiesFolder(fake.home);
    const [used, unused, others] = ['0.9.0-0123456789abcdef', '0.8.0-0123456789abcdef', 'mine'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    for (const path of [used, unused, others]) {
      mkdirSync(path, { recursive: true });
      utimesSync(path, 1, 1);
    }
    fake.setMarketplaces([{ name: 'cahoots', source: 'directory', path: used }]);
    fake.setPlugins([installed({ version: '0.9.0' })]);
    fake.setPluginsAfterwards([installed()]);
    fake.failOn('plugin update');
    await assert.rejects(setUp(fake), { code: 'host-command-failed' });
    fake.failOn('nothing');
    fake.setMarketplaces(atCopy(fake));
    await setUp(fake);
    assert.deepEqual([used, unused, others].map(existsSync), [true, false, true]);
  });

  test('a marketplace of that name from elsewhere is replaced, with what was installed from it', async (t) => {
    const fake = fakeClaude(t);
    fake.setMarketplaces([{ name: 'cahoots', source: 'github', repo: 'a/cahoots' }]);
    fake.setPlugins([installed()]);
    fake.setPluginsAfterwards([installed()]);
    assert.deepEqual(
      (await setUp(fake)).map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['plugin marketplace remove', 'plugin marketplace add', `plugin install ${ID}`],
    );
  });

  test('a command of Claude Code that fails is told with what it said, and the next setup goes on from there', async (t) => {
    const fake = fakeClaude(t);
    fake.failOn('plugin install');
    await assert.rejects(setUp(fake), {
      code: 'host-command-failed',
      message: /"claude plugin install cahoots@cahoots --scope user" failed: ✘ no luck today/,
    });
    fake.failOn('nothing');
    fake.setMarketplaces(atCopy(fake));
    fake.setPluginsAfterwards([installed()]);
    assert.deepEqual((await setUp(fake)).slice(-1), [`plugin install ${ID} --scope user`]);
    assert.equal(fake.commands().length, 3);
  });

  test('a host that takes every command and does not have the plugin afterwards is no success', async (t) => {
    for (const [outcome, told] of [
      [[], /does not list cahoots@cahoots/],
      [[installed({ enabled: false })], /not enabled/],
      [[installed({ errors: ['torn'] })], /cannot load the plugin: torn/],
      [[installed({ version: '0.9.0' })], /has version 0\.9\.0 of the plugin, not 1\.0\.0/],
    ] as const) {
      const fake = fakeClaude(t);
      fake.setPluginsAfterwards(outcome);
      await assert.rejects(setUp(fake), { code: 'host-command-failed', message: told });
    }
  });

  test('settings of Claude Code that are no JSON stop it before anything is changed', async (t) => {
    const fake = fakeClaude(t);
    mkdirSync(join(fake.home, '.claude'));
    writeFileSync(join(fake.home, '.claude', 'settings.json'), '{"enabled');
    await assert.rejects(setUp(fake), { code: 'setting-invalid', message: /settings\.json cannot be read/ });
    assert.deepEqual(fake.commands(), []);
  });

  test('without a claude, with one that does not run, and without a built plugin it says so', async (t) => {
    const fake = fakeClaude(t);
    const elsewhere = { ...fake.context, claude: join(fake.home, 'no-claude') };
    await assert.rejects(planSetup(elsewhere), {
      code: 'host-missing',
      message: /no-claude is no Claude Code/,
    });
    const paths = { ...fake.context.paths, env: { PATH: fake.home } };
    await assert.rejects(planSetup({ ...fake.context, paths }), {
      code: 'host-missing',
      message: /no claude on the PATH.*CAHOOTS_CLAUDE/,
    });
    rmSync(join(fake.packageRoot, 'plugin', 'dist'), { recursive: true });
    await assert.rejects(planSetup(fake.context), {
      code: 'usage',
      message: /dist.attendant\.js is missing/,
    });
    await assert.rejects(planSetup({ ...fake.context, packageRoot: undefined }), { code: 'usage' });
  });

  test('it warns of what will not work: an old Node, hooks that are off, the plugin of v1, npx', async (t) => {
    const fake = fakeClaude(t);
    mkdirSync(join(fake.home, '.claude'));
    writeFileSync(join(fake.home, '.claude', 'settings.json'), '{"disableAllHooks":true}');
    fake.setPlugins([{ id: 'session-bridge@somewhere', enabled: true, scope: 'user', version: '0.1.1' }]);
    const bin = join(fake.home, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
    const npx = join(fake.home, '_npx', 'abc', 'node_modules', 'cahoots');
    makePackage(npx, { version: '1.0.0' });
    const env = { ...fake.context.paths.env, PATH: `${bin}:${fake.context.paths.env['PATH']}` };
    const context = { ...fake.context, packageRoot: npx, paths: { ...fake.context.paths, env } };
    const { warnings } = await planSetup(context);
    assert.match(warnings.join('\n'), /Node on the PATH is 20\.1\.0 .*too old/i);
    assert.match(warnings.join('\n'), /disableAllHooks/);
    assert.match(warnings.join('\n'), /session-bridge v1 is installed too/);
    assert.match(warnings.join('\n'), /npm install -g cahoots/);
    assert.equal(warnings.length, 4);
  });

  test('a damaged copy is replaced, and copies that no session can be using any more go', async (t) => {
    const fake = fakeClaude(t);
    fake.setPluginsAfterwards([installed()]);
    const copy = copyOf(fake.home, fake.packageRoot);
    mkdirSync(join(copy, 'plugin'), { recursive: true });
    writeFileSync(join(copy, 'plugin', 'stray'), '');
    const [old, recent] = ['0.8.0-0123456789abcdef', '0.9.0-0123456789abcdef'];
    for (const name of [old, recent]) mkdirSync(join(copiesFolder(fake.home), name));
    const longAgo = new Date(Date.now() - 15 * 24 * 60 * 60 * 1000);
    utimesSync(join(copiesFolder(fake.home), old), longAgo, longAgo);
    await setUp(fake);
    assert.equal(pluginDigest(join(copy, 'plugin')), pluginDigest(join(fake.packageRoot, 'plugin')));
    const left = readdirSync(copiesFolder(fake.home)).map((name) => join(copiesFolder(fake.home), name));
    assert.deepEqual(left.sort(), [copy, join(copiesFolder(fake.home), recent)].sort());
  });
});
