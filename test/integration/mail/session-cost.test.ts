import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { runClaude, startInteractiveClaude } from '../../../src/testing/index.ts';
import { benchForSuite, PLUGIN, patient } from '../../fixtures/session-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** Four bytes of a request are about one token of English and JSON; no tokenizer of the host's models is public. */
const BYTES_PER_TOKEN = 4;
const MOST_TOKENS = 1_200;

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}, what the plugin costs`, () => {
    const bench = benchForSuite(binary);

    test('a one-shot run takes no seat and ends by itself [S1]', async (t) => {
      const { api, home, root } = bench();
      const launch = { home, binary, cwd: home.project('app') };
      const times = { with: 0, without: 0 };
      for (const kind of ['without', 'with'] as const) {
        const startMs = performance.now();
        const pluginDirs = kind === 'with' ? [PLUGIN] : [];
        const run = await runClaude({ ...launch, model: api.session(kind), pluginDirs, prompt: 'hi' });
        times[kind] = performance.now() - startMs;
        assert.deepEqual([run.code, run.stdout], [0, 'ECHO[hi]\n']);
      }
      t.diagnostic(
        `one-shot run: ${Math.round(times.without)} ms without, ${Math.round(times.with)} ms with the plugin`,
      );
      assert.deepEqual(existsSync(join(root, 'seats')) ? readdirSync(join(root, 'seats')) : [], []);
      assert.deepEqual(existsSync(join(root, 'sessions')) ? readdirSync(join(root, 'sessions')) : [], []);
    });

    test('a session’s first request grows by at most 1,200 tokens, and a turn without mail by nothing', async (t) => {
      const { api, home } = bench();
      const bare = api.session('bare');
      const without = await startInteractiveClaude({ home, binary, cwd: home.project('tools'), model: bare });
      await without.waitUntilReady(patient);
      const bridged = await bench().session('tools');
      for (const claude of [without, bridged.claude]) {
        for (const prompt of ['one', 'two']) {
          await claude.submit(prompt);
          await claude.waitForScreen(new RegExp(`ECHO\\[${prompt}\\]`), patient);
          await claude.waitUntilReady(patient);
        }
      }
      await without.stop();
      const sizes = [bare, bridged.model].map((model) =>
        model.turns.map(({ body }) => Buffer.byteLength(JSON.stringify(body))),
      );
      const [[first = 0, second = 0] = [], [firstBridged = 0, secondBridged = 0] = []] = sizes;
      const tokens = Math.round((firstBridged - first) / BYTES_PER_TOKEN);
      t.diagnostic(
        `first request: ${first} bytes without, ${firstBridged} with the plugin: about ${tokens} tokens`,
      );
      assert.ok(tokens > 0 && tokens <= MOST_TOKENS, `${tokens} tokens`);
      const grown = secondBridged - firstBridged - (second - first);
      t.diagnostic(`the second turn: ${grown} bytes more with the plugin`);
      assert.ok(Math.abs(grown) <= 64, `${grown} bytes`);
    });
  });
}
