import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { post } from '../../../src/mailbox/post.ts';
import { type SeatFolder, seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import { when } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite } from '../../fixtures/session-bench.ts';
import { bash, messagesIn, onMessage } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** More than the host's own inbox takes of one sender before it drops what comes. */
const BURST = 36;
/** Its words hold none of the question's, so that what the conversation holds of that came from us. */
const noted = onMessage('query', () => 'noted');
/** The guards against storms are tested elsewhere: here the host's limits are to be reached. */
const SETTINGS = { pairMessagesPerMinute: 1_000, peerTurnsPerHour: 1_000 };

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let library: BridgedSession;
    let script: SeatFolder;

    before(async () => {
      mkdirSync(bench().root, { recursive: true, mode: 0o700 });
      writeFileSync(join(bench().root, 'settings.json'), JSON.stringify(SETTINGS));
      library = await bench().session('library', {
        args: ['--allowedTools', 'Bash'],
        rules: [noted],
      });
      const { id } = JSON.parse(await bench().cahoots('start', '--name', 'script', '--json')) as {
        id: SeatId;
      };
      script = seatFolder(bench().root, id);
    });

    function question(content: string): MessageId {
      const to = library.seat().sessionId;
      const context = { root: bench().root, clock: systemClock };
      const metadata = { permissionClass: 'asks' } as const;
      return post(context, script, { to, type: 'query', content, metadata }).id;
    }

    /** Waits until each is proved to be seen, and checks that each was in a request, and twice only with a word. */
    async function assertAllSeen(ids: readonly MessageId[]): Promise<void> {
      for (const id of ids) await bench().reached(id, 'seen');
      // What is proved is in the transcript, which the host writes just before it asks the model.
      const last = (): string => library.model.turns.at(-1)?.text ?? '';
      await bench().until(() => ids.every((id) => last().includes(id)), 'a request with all of them');
      const shown = messagesIn(last());
      for (const id of ids) {
        const mine = shown.filter((message) => message.id === id);
        assert.ok(mine.length > 0, `${id} is in the conversation`);
        assert.equal(mine.filter(({ attributes }) => !/repeat/.test(attributes)).length, 1, `${id} once`);
      }
    }

    test('of a burst at an idle session every question is in its conversation and proved, none twice unannounced [M4]', async () => {
      const ids = Array.from({ length: BURST }, (_, index) => question(`Burst ${index}?`));
      await assertAllSeen(ids);
    });

    test('of a burst at a busy session every question is in its conversation and proved, none twice unannounced [M4]', async () => {
      const busy = bash('python3 -c "import time; time.sleep(4)"');
      library.script(noted, when(/^BUSY$/m, busy, { in: 'prompt' }));
      await library.claude.submit('BUSY');
      await library.claude.waitForStatus('busy');
      const ids = Array.from({ length: BURST }, (_, index) => question(`Busy burst ${index}?`));
      await assertAllSeen(ids);
    });

    test('the same words twice within a moment are two questions, and both are proved [M4]', async () => {
      const ids = [question('Is it done?'), question('Is it done?')];
      await assertAllSeen(ids);
      assert.notEqual(ids[0], ids[1]);
    });
  });
}
