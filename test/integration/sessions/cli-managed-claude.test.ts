import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openRoot } from '../../../src/mailbox/seat-folder.ts';
import type { ManagedSessionRecord } from '../../../src/protocol/managed-session.ts';
import { createCleanHome, startModelApi, waitFor, when } from '../../../src/testing/index.ts';
import { Shell } from '../../fixtures/cli.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** Says what people had told it so far, in the conversation that it is asked in. */
const recall = when(
  /^RECALL$/,
  ({ messages }) => {
    const told = JSON.stringify(messages.filter(({ role }) => role === 'user'));
    return [...told.matchAll(/NOTE (\w+)/g)].map(([, word]) => word).join(' ');
  },
  { in: 'prompt' },
);

suite('a managed session of the real claude at the command line', () => {
  for (const binary of testedBinaries()) {
    test(`${binary.version} is started, asked, forked, stopped and resumed, and leaves nothing`, async (t) => {
      const api = await startModelApi();
      const home = createCleanHome();
      const root = join(home.root, 'bridge');
      openRoot(root);
      writeFileSync(join(root, 'settings.json'), JSON.stringify({ claudeProgram: binary.path }));
      const model = api.session('managed', recall);
      const shell = new Shell(t, home.project('app'), home.env({ ...model.env, BRIDGE_DIR: root }));
      t.after(async () => {
        await shell.run('daemon', 'stop', '--force');
        await home.dispose();
        await api.close();
      });

      const first = await shell.run('spawn', 'worker', '--prompt', 'NOTE one', '--wait', '60');
      assert.match(
        first.stdout,
        /^worker .* is started in .*\nResponse from worker:\nECHO\[NOTE one\]\n$/,
        first.stderr,
      );
      const watch = shell.start(['watch', 'worker']);
      await waitFor(() => / worker {2}is idle\n/.test(watch.stdout()), { what: 'the watch' });
      assert.equal(
        (await shell.run('ask', 'worker', 'NOTE two')).stdout,
        'Response from worker:\nECHO[NOTE two]\n',
      );
      const copy = (await shell.json(['fork', 'worker', '--name', 'copy'])) as ManagedSessionRecord;
      await shell.run('ask', 'worker', 'NOTE three');
      assert.equal((await shell.run('ask', 'copy', 'RECALL')).stdout, 'Response from copy:\none two\n');

      watch.child.kill('SIGINT');
      assert.equal((await watch.ended).code, 130);
      assert.match(watch.stdout(), / worker {2}works on: NOTE two\n.* worker {2}says: ECHO\[NOTE two\]\n/s);
      assert.match(watch.stdout(), / worker {2}completed \(\$\d\.\d{4}, [\d.]+ s\)\n/);

      const stopped = (await shell.json(['stop', 'worker'])) as ManagedSessionRecord;
      assert.equal(stopped.state.state, 'stopped');
      assert.equal((await shell.run('ask', 'worker', 'RECALL')).code, 1);
      const resumed = (await shell.json(['resume', 'worker'])) as ManagedSessionRecord;
      assert.deepEqual([resumed.state.state, resumed.conversation], ['idle', stopped.conversation]);
      assert.equal(
        (await shell.run('ask', 'worker', 'RECALL')).stdout,
        'Response from worker:\none two three\n',
      );

      await shell.run('kill', 'copy');
      await shell.run('delete', 'copy');
      const words = ['resume', copy.conversation, '--name', 'again', '--preset', 'read-only'];
      const taken = (await shell.json(words)) as ManagedSessionRecord;
      assert.deepEqual(
        [taken.cwd, taken.preset, taken.conversation],
        [shell.folder, 'read-only', copy.conversation],
      );
      assert.equal((await shell.run('ask', 'again', 'RECALL')).stdout, 'Response from again:\none two\n');

      assert.equal((await shell.run('daemon', 'stop', '--force')).code, 0);
      await home.waitUntilNothingRuns();
    });
  }
});
