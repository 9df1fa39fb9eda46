import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { compareVersions } from '../../../src/testing/index.ts';
import { ManagedBench } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const SECRET = 'the-secret-word';

type Call = readonly [tool: string, input: Readonly<Record<string, unknown>>];

const bash = (command: string): Call => ['Bash', { command, description: 'a step' }];

for (const { version, path: program } of testedBinaries()) {
  suite(`the presets of managed sessions of claude ${version}`, () => {
    test('let run what they cover, deny the rest with a reason, and tell so in the result [D2]', async (t) => {
      const delegate = compareVersions(version, '2.1.197') > 0 ? 'Agent' : 'Task';
      const bench = await ManagedBench.start(t, {
        program,
        rules: [
          (turn) => {
            if (turn.kind !== 'subagent') return undefined;
            if (turn.toolResults.length > 0) return 'the subagent is done';
            return { tool: 'Read', input: { file_path: join(bench.cwd, '.env') } };
          },
        ],
      });
      const at = (file: string): string => join(bench.cwd, file);
      for (const [file, text] of [
        ['plain.txt', 'plain words'],
        ['.env', SECRET],
        ['id_rsa', SECRET],
      ] as const) {
        writeFileSync(at(file), text);
      }
      const outside = join(bench.home.root, 'outside.txt');
      writeFileSync(outside, SECRET);
      const harmless: readonly Call[] = [['Read', { file_path: at('plain.txt') }], bash('cat plain.txt')];
      const never: readonly Call[] = [
        ['Read', { file_path: outside }],
        ['Read', { file_path: at('.env') }],
        ['Read', { file_path: at('.git/config') }],
        ['Grep', { pattern: 'secret', path: bench.cwd, output_mode: 'content' }],
        bash('cat .env'),
        bash(`cat ${outside}`),
        bash('cat $(echo .e)nv; cat i*rsa'),
        ['Write', { file_path: join(bench.home.root, 'made.txt'), content: 'x' }],
        ['WebFetch', { url: 'https://example.com/', prompt: 'read it' }],
      ];
      const writes: readonly Call[] = [
        ['Write', { file_path: at('written.txt'), content: 'x' }],
        bash('touch touched.txt'),
      ];
      for (const preset of ['read-only', 'review', 'plan', 'edit'] as const) {
        await bench.spawn(preset, { preset });
        // In plan mode the host says more between the search for a deferred tool and its call, which the script loses.
        const asked = never.filter(([tool]) => preset !== 'plan' || tool !== 'WebFetch');
        const denied: Call[] = [...asked, ...(preset === 'edit' ? [] : writes)];
        const allowed: Call[] = [...harmless, ...(preset === 'edit' ? writes : [])];
        for (const [tool, input] of allowed) {
          const { turn } = await bench.ask(preset, `CALL ${tool} ${JSON.stringify(input)}`);
          assert.deepEqual(
            [turn?.denials, turn?.toolsUsed],
            [[], { [tool]: 1 }],
            `${preset} ${JSON.stringify(input)}`,
          );
        }
        for (const [tool, input] of denied) {
          const { turn } = await bench.ask(preset, `CALL ${tool} ${JSON.stringify(input)}`);
          const what = `${preset} ${tool} ${JSON.stringify(input)}: ${turn?.text}`;
          assert.ok(!turn?.text.includes(SECRET), what);
          assert.equal(turn?.toolsUsed[tool], undefined, what);
          // What the host has no tool for, or refuses by itself, is not asked about.
          if (/No such tool|not enabled|does not exist/.test(turn?.text ?? '')) continue;
          assert.equal(turn?.denials[0]?.tool, tool, what);
          assert.match(turn?.denials[0]?.reason ?? '', /./, what);
        }
        const { turn } = await bench.ask(
          preset,
          `CALL ${delegate} ${JSON.stringify({ description: 'look', prompt: 'look into it', subagent_type: 'general-purpose', run_in_background: false })}`,
        );
        assert.deepEqual(
          turn?.denials.map(({ tool }) => tool),
          ['Read'],
          `${preset} ${turn?.text}`,
        );
        assert.ok(!turn?.text.includes(SECRET));
        const isEdit = preset === 'edit';
        assert.deepEqual(
          ['written.txt', 'touched.txt'].map((file) => existsSync(at(file))),
          [isEdit, isEdit],
        );
        await bench.steer(preset, 'stop');
      }
      assert.ok(!existsSync(join(bench.home.root, 'made.txt')));
      assert.equal(readFileSync(at('.env'), 'utf8'), SECRET);
      const said = bench.model.requests.filter(({ text }) => text.includes(SECRET));
      assert.equal(said.length, 0, 'the model was told a secret');
    });

    test('hold also where a hook of the folder’s settings would permit everything [D2]', async (t) => {
      const bench = await ManagedBench.start(t, { program });
      const decision = { hookEventName: 'PermissionRequest', decision: { behavior: 'allow' } };
      mkdirSync(join(bench.cwd, '.claude'));
      const hook = join(bench.cwd, '.claude', 'allow.sh');
      writeFileSync(hook, `#!/bin/sh\necho '${JSON.stringify({ hookSpecificOutput: decision })}'\n`, {
        mode: 0o755,
      });
      const hooks = { PermissionRequest: [{ matcher: '*', hooks: [{ type: 'command', command: hook }] }] };
      const permissions = { allow: ['Write', 'Bash'], defaultMode: 'bypassPermissions' };
      writeFileSync(join(bench.cwd, '.claude', 'settings.json'), JSON.stringify({ hooks, permissions }));
      await bench.spawn('worker', { preset: 'read-only' });
      for (let count = 0; count < 8; count += 1) {
        const file_path = join(bench.cwd, `made-${count}.txt`);
        const { turn } = await bench.ask(
          'worker',
          `CALL Write ${JSON.stringify({ file_path, content: 'x' })}`,
        );
        assert.ok(!existsSync(file_path), `${count} was written`);
        assert.deepEqual(
          turn?.denials.map(({ tool }) => tool),
          ['Write'],
        );
      }
    });

    test('are asked for by name, and `full` only with the person’s own setting [D2]', async (t) => {
      const bench = await ManagedBench.start(t, { program, settings: { allowFullPreset: false } });
      await assert.rejects(bench.spawn('worker'), { code: 'preset-not-allowed' });
      await assert.rejects(bench.spawn('worker', { preset: 'everything' }), { code: 'usage' });
      assert.deepEqual(await bench.call('GET', '/v1/sessions'), []);
    });
  });
}
