import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ProjectPackages, registryOfManifest } from '../../../src/manifests/project-packages.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

type Files = Readonly<Record<string, string>>;

function project(t: TestContext, files: Files): string {
  const folder = join(tempFolder(t), 'project');
  mkdirSync(folder);
  write(folder, files);
  return folder;
}

function write(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function packagesOf(folder: string): Promise<{ provides: string[]; dependsOn: string[] }> {
  const { provides, dependsOn } = await new ProjectPackages(folder).read();
  return { provides: [...provides].sort(), dependsOn: [...dependsOn].sort() };
}

suite('the packages of a project', () => {
  test('are read from package.json and its workspaces, whose own packages it does not depend on', async (t) => {
    const folder = project(t, {
      'package.json': JSON.stringify({
        name: 'app',
        workspaces: ['packages/*', '!packages/old', './tools/cli'],
        dependencies: { '@me/core': '*', 'my-library': '^1.0.0', short: 'npm:@real/thing@2' },
        devDependencies: { a: '1' },
        peerDependencies: { b: '1' },
        optionalDependencies: { c: '1' },
      }),
      'packages/core/package.json': '{"name":"@me/core","dependencies":{"deep":"1"}}',
      'packages/old/package.json': '{"name":"old","dependencies":{"older":"1"}}',
      'packages/node_modules/package.json': '{"name":"no"}',
      'tools/cli/package.json': '\ufeff{"name":"cli"}',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['npm:@me/core', 'npm:app', 'npm:cli'],
      dependsOn: ['npm:@real/thing', 'npm:a', 'npm:b', 'npm:c', 'npm:deep', 'npm:my-library', 'npm:short'],
    });
    const pnpm = project(t, {
      'package.json': '{"name":"root","workspaces":{"packages":["a"]}}',
      'pnpm-workspace.yaml': '# all\npackages:\n  # these\n  - \'libs/*\'\n  - "!libs/x"\ncatalog:\n  - no\n',
      'a/package.json': '{"name":"a"}',
      'no/package.json': '{"name":"no"}',
      'libs/x/package.json': '{"name":"x"}',
      'libs/y/package.json': '{"name":"y"}',
    });
    assert.deepEqual((await packagesOf(pnpm)).provides, ['npm:a', 'npm:root', 'npm:y']);
  });

  test('are read from Cargo.toml and the members of its workspace', async (t) => {
    const folder = project(t, {
      'Cargo.toml': `[package]
name = "app"
[workspace]
members = ["crates/*-core", "cli"]
exclude = ["crates/old-core"]
[workspace.dependencies]
shared = "1"
[dependencies]
my-library = "1"
local = { package = "real-name", path = "../x" }
[dev-dependencies]
d = "1"
[build-dependencies.b]
version = "1"
[target.'cfg(unix)'.dependencies]
u = "1"
`,
      'crates/net-core/Cargo.toml': '[package]\nname = "net-core"\n',
      'crates/old-core/Cargo.toml': '[package]\nname = "old-core"\n',
      'crates/other/Cargo.toml': '[package]\nname = "other"\n',
      'cli/Cargo.toml': '[package]\nname = "cli"\n[dependencies]\nnet-core = { workspace = true }\n',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['cargo:app', 'cargo:cli', 'cargo:net-core'],
      dependsOn: ['cargo:b', 'cargo:d', 'cargo:my-library', 'cargo:real-name', 'cargo:shared', 'cargo:u'],
    });
  });

  test('are read from go.mod and the modules that go.work uses', async (t) => {
    const folder = project(t, {
      'go.work': 'go 1.24\nuse (\n\t.\n\t./tool // one more\n)\n',
      'go.mod':
        'module example.com/me/app // the app\nrequire example.com/one v1.0.0\nrequire (\n\texample.com/two/v2 v2.1.0 // indirect\n\texample.com/me/tool v0.1.0\n)\nreplace example.com/one => ../one\n',
      'tool/go.mod': 'module "example.com/me/tool"\n',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['go:example.com/me/app', 'go:example.com/me/tool'],
      dependsOn: ['go:example.com/one', 'go:example.com/two/v2'],
    });
  });

  test('are read from the manifests of Python under one spelling', async (t) => {
    const folder = project(t, {
      'pyproject.toml': `[project]
name = "My_App"
dependencies = ["My.Library[extra]>=1,<2; python_version > '3'", "direct @ https://x/y.whl"]
[project.optional-dependencies]
x = ["opt~=1.0"]
[dependency-groups]
dev = ["group-one", {include-group = "x"}]
[tool.poetry.dependencies]
python = "^3.12"
poet = "^1"
[tool.poetry.group.test.dependencies]
tester = "*"
[tool.uv.workspace]
members = ["parts/*"]
`,
      'parts/a/pyproject.toml': '[tool.poetry]\nname = "part-a"\n',
      'setup.cfg':
        '[metadata]\nname = my-app\n[options]\ninstall_requires =\n    cfg-one>=2\n    cfg-two\n[options.extras_require]\ny = cfg-three; python_version<"3"\n',
      'requirements-dev.txt':
        '# comment\n-r requirements.txt\n--hash=x\nreq_one==1.0 # why\nhttps://example.com/x.zip\ngit+https://h/r.git#egg=egg-one\n',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['pypi:my-app', 'pypi:part-a'],
      dependsOn: [
        'pypi:cfg-one',
        'pypi:cfg-three',
        'pypi:cfg-two',
        'pypi:direct',
        'pypi:egg-one',
        'pypi:group-one',
        'pypi:my-library',
        'pypi:opt',
        'pypi:poet',
        'pypi:req-one',
        'pypi:tester',
      ],
    });
  });

  test('are read from pom.xml and its modules, with what the same file says of its properties', async (t) => {
    const folder = project(t, {
      'pom.xml': `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
<groupId>com.acme</groupId><artifactId>app</artifactId><modules><module>core</module></modules>
<properties><own.group>org.own</own.group></properties>
<dependencyManagement><dependencies><dependency><groupId>\${project.groupId}</groupId><artifactId>bom</artifactId></dependency></dependencies></dependencyManagement>
<dependencies><!-- <dependency/> --><dependency><groupId>\${own.group}</groupId><artifactId> lib </artifactId><version>1</version></dependency>
<dependency><groupId>\${unknown}</groupId><artifactId>x</artifactId></dependency></dependencies></project>`,
      'core/pom.xml':
        '<project><parent><groupId>com.acme</groupId><artifactId>app</artifactId></parent><artifactId>core</artifactId><profiles><profile><dependencies><dependency><groupId>p</groupId><artifactId>q</artifactId></dependency></dependencies></profile></profiles></project>',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['maven:com.acme:app', 'maven:com.acme:core'],
      dependsOn: ['maven:com.acme:bom', 'maven:org.own:lib', 'maven:p:q'],
    });
  });

  test('are read from what the files of Gradle say literally', async (t) => {
    const folder = project(t, {
      'settings.gradle.kts': 'rootProject.name = "app"\ninclude(\n  ":core",\n  ":libs:net",\n)\n',
      'build.gradle.kts':
        'group = "com.acme"\ndependencies {\n  implementation("org.x:one:1.0")\n  api(project(":core"))\n}\n',
      'core/build.gradle':
        "group 'com.core'\ncompile 'org.x:two'\ncompile group: 'org.x', name: 'three', version: '1'\n",
      'libs/net/build.gradle': '',
      'gradle/libs.versions.toml':
        '[libraries]\na = "org.y:a:1"\nb = { module = "org.y:b", version = "1" }\nc = { group = "org.y", name = "c" }\n',
    });
    assert.deepEqual(await packagesOf(folder), {
      provides: ['maven:com.acme:app', 'maven:com.acme:net', 'maven:com.core:core'],
      dependsOn: [
        'maven:org.x:one',
        'maven:org.x:three',
        'maven:org.x:two',
        'maven:org.y:a',
        'maven:org.y:b',
        'maven:org.y:c',
      ],
    });
  });

  test('are those of the manifests that can be read: a torn, large or hostile one silences itself only', async (t) => {
    const folder = project(t, {
      'package.json': '{"name":"app","dependencies":',
      'Cargo.toml': '[package\nname',
      'pom.xml': `<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><project><artifactId>&b;</artifactId></project>`,
      'go.mod': `module example.com/ok\n${'// x\n'.repeat(250_000)}`,
      'pyproject.toml': '[project]\nname = "ok"\ndependencies = [1, "fine", {}]\n[tool.poetry]\nname = 7\n',
      'settings.gradle': `include ${'"a",'.repeat(20_000)}`,
    });
    assert.deepEqual(await packagesOf(folder), { provides: ['pypi:ok'], dependsOn: ['pypi:fine'] });
    const odd = project(t, {
      'package.json': JSON.stringify({
        name: 'x\u001b[2J',
        workspaces: ['../..', '/', '**/*', '*'],
        dependencies: ['a'],
        devDependencies: { 'a b': '1', constructor: '1' },
      }),
      'pom.xml': `<project>${'<a>'.repeat(50_000)}`,
    });
    assert.deepEqual(await packagesOf(odd), { provides: [], dependsOn: ['npm:constructor'] });
    assert.deepEqual(await packagesOf(join(folder, 'none')), { provides: [], dependsOn: [] });
  });

  test('are not read through links, nor outside of the folder', async (t) => {
    const outside = project(t, {
      'package.json': '{"name":"outside"}',
      'in/package.json': '{"name":"inner"}',
    });
    const folder = project(t, {
      'package.json': `{"name":"app","workspaces":["linked","../project","more/*","up/in",${JSON.stringify(outside)}]}`,
    });
    symlinkSync(outside, join(folder, 'linked'));
    symlinkSync(outside, join(folder, 'more'));
    symlinkSync(outside, join(folder, 'up'));
    symlinkSync(join(outside, 'package.json'), join(folder, 'go.mod'));
    assert.deepEqual((await packagesOf(folder)).provides, ['npm:app']);
  });

  test('are looked up again only after a change of a manifest or of a folder with members', async (t) => {
    const folder = project(t, { 'package.json': '{"name":"app","workspaces":["libs/*"]}' });
    mkdirSync(join(folder, 'libs'));
    const packages = new ProjectPackages(folder);
    const first = await packages.read();
    assert.equal(await packages.read(), first);
    write(folder, { 'unrelated.txt': 'x', 'libs/a/package.json': '{"name":"a"}' });
    const second = await packages.read();
    assert.deepEqual(second.provides, ['npm:app', 'npm:a']);
    assert.equal(await packages.read(), second);
    write(folder, { 'libs/a/package.json': '{"name":"b"}' });
    utimesSync(join(folder, 'libs/a/package.json'), 1, 1);
    assert.deepEqual((await packages.read()).provides, ['npm:app', 'npm:b']);
    rmSync(join(folder, 'package.json'));
    assert.deepEqual((await packages.read()).provides, []);
  });

  test('are at most fifty of one project', async (t) => {
    const folder = project(t, {
      'package.json': '{"name":"app","workspaces":["p/*"]}',
      ...Object.fromEntries(
        Array.from({ length: 80 }, (_, index) => [`p/${index}/package.json`, `{"name":"p${index}"}`]),
      ),
    });
    assert.equal((await packagesOf(folder)).provides.length, 50);
  });
});

suite('a file’s name', () => {
  test('tells whose dependencies are listed in it', () => {
    const known = {
      npm: ['package.json', 'package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
      cargo: ['Cargo.toml', 'Cargo.lock'],
      go: ['go.mod', 'go.sum'],
      pypi: ['pyproject.toml', 'requirements.txt', 'dev-requirements.in', 'uv.lock', 'setup.cfg'],
      maven: ['pom.xml', 'build.gradle', 'settings.gradle.kts', 'libs.versions.toml'],
    };
    for (const [registry, names] of Object.entries(known)) {
      for (const name of names) assert.equal(registryOfManifest(name), registry, name);
    }
    for (const name of ['index.ts', 'my-package.json', 'README.md', 'package.json.bak'])
      assert.equal(registryOfManifest(name), undefined, name);
  });
});
