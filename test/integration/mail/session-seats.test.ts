import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { deferred } from '../../../src/lib/deferred.ts';
import type { SeatRecord } from '../../../src/protocol/seat.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, messagesIn, onMessage } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let app: BridgedSession;
    let library: BridgedSession;
    /** The seat that all of this is about. */
    let seat: SeatRecord['sessionId'];
    /** The first conversation on it. */
    let first: string;

    before(async () => {
      [app, library] = await Promise.all([
        bench().session('app'),
        bench().session('library', { rules: [answers('from the first')] }),
      ]);
      seat = library.seat().sessionId;
      first = library.claude.sessionId();
    });

    test('a conversation is recorded with its seat', async () => {
      await app.say('CALL ask {"peer":"library","question":"First?"}');
      assert.match(app.claude.screen(), /from the first/);
      await library.claude.waitUntilReady(patient);
      assert.equal(library.seat().conversation, first);
    });

    const record = (id: string): SeatRecord | undefined =>
      bench()
        .seats()
        .find(({ sessionId }) => sessionId === id);
    const facade = (id: string): string => join(bench().root, 'sessions', id);

    /** Waits until the seat's attendant of before has ended, and nobody sits there. */
    async function isAway(id: string, attendant: number | undefined): Promise<void> {
      await bench().until(
        () => attendant === undefined || !existsSync(`/proc/${attendant}`),
        'the end of the attendant',
      );
      await bench().until(
        () => record(id)?.state === 'away' && !existsSync(facade(id)),
        'the seat to be away',
      );
    }

    test('/clear keeps the seat, and mail after it comes to the new conversation [S1]', async () => {
      await library.claude.submit('/clear');
      await waitFor(() => library.claude.sessionId() !== first, { what: 'another conversation', ...patient });
      const second = library.claude.sessionId();
      library.script(answers('from the second'));
      const from = library.model.requests.length;
      await app.say('CALL ask {"peer":"library","question":"Second?"}');
      assert.match(app.claude.screen(), /from the second/);
      const asked = await library.model.waitForRequest('Second?', { ...patient, from });
      assert.equal(asked.turn.conversationId, second);
      assert.doesNotMatch(asked.text, /First\?/);
      assert.equal(library.seat().sessionId, seat);
      assert.equal(library.seat().conversation, second);
      assert.ok(library.seat().pastConversations.includes(first));
      await library.claude.waitUntilReady(patient);
    });

    test('what one conversation was offered and is not proved to have seen comes to the next one as a repeat [M2]', async () => {
      library.script(onMessage('query', () => deferred<string>().promise));
      await app.say('CALL ask {"peer":"library","question":"Repeat?","wait_seconds":1}');
      const id = await bench().messageOf('Repeat?');
      await bench().reached(id, 'offered');
      await library.model.waitForRequest('Repeat?', patient);
      const conversation = library.claude.sessionId();
      library.claude.press('escape');
      await library.claude.waitUntilReady(patient);
      library.script(answers('from the third'));
      const from = library.model.requests.length;
      await library.claude.submit('/clear');
      const again = await library.model.waitForRequest('Repeat?', { ...patient, from });
      assert.notEqual(again.turn.conversationId, conversation);
      const [message] = messagesIn(again.text);
      assert.equal(message?.id, id);
      assert.match(message.attributes, /repeat="/);
      assert.match(message.attributes, /note="meant for an earlier conversation/);
      const answer = await app.model.waitForRequest('from the third', patient);
      assert.match(answer.text, /note="answered by a newer conversation/);
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('a session that ends leaves no process, no façade and its seat away, and tells the peers that it spoke with', async () => {
      const attendant = library.seat().holder?.pid;
      await library.claude.stop();
      await isAway(seat, attendant);
      const goodbye = bench()
        .journal()
        .find(({ type, from }) => type === 'session-ended' && from === seat);
      assert.equal(goodbye?.to, app.seat().sessionId);
      assert.equal(
        app.model.requests.some(({ text }) => text.includes(goodbye?.message ?? '')),
        false,
      );
    });

    test('mail waits for a session that is away, and its next one in that project gets seat and mail [S1]', async () => {
      await app.say('CALL ask {"peer":"library","question":"Anybody home?","wait_seconds":1}');
      assert.match(app.claude.screen(), /pending/);
      const id = await bench().messageOf('Anybody home?');
      assert.deepEqual(bench().states(id), ['accepted', 'delivered']);
      library = await bench().session('library', { name: 'back', rules: [answers('I am back')] });
      assert.equal(library.seat().sessionId, seat);
      const asked = await library.model.waitForRequest('Anybody home?', patient);
      assert.match(messagesIn(asked.text)[0]?.attributes ?? '', /note="meant for an earlier conversation/);
      const answer = await app.model.waitForRequest('I am back', patient);
      assert.match(answer.text, /note="answered by a newer conversation/);
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('a resumed conversation returns to its seat, and a newer sitter moves; both are told [S1]', async () => {
      const newer = library;
      library = await bench().session('library', {
        name: 'resumed',
        args: ['--resume', first],
        rules: [answers('from the first, resumed')],
      });
      await bench().until(
        () => library.seat().sessionId === seat,
        'the old seat for the resumed conversation',
      );
      await bench().until(() => newer.seat().sessionId !== seat, 'another seat for the newer conversation');
      const other = newer.seat();
      assert.equal(other.name, 'library-2');
      await app.say('CALL ask {"peer":"library","question":"Who is it?"}');
      assert.match(app.claude.screen(), /from the first, resumed/);
      newer.script();
      await newer.say('what now');
      assert.match(
        newer.model.turns.at(-1)?.text ?? '',
        new RegExp(`now sits on the seat library-2 \\(${other.sessionId}\\)`),
      );
      await library.say('and here');
      assert.match(library.model.turns.at(-1)?.text ?? '', /moved to another seat/);
      await Promise.all([app, library, newer].map(({ claude }) => claude.waitUntilReady(patient)));
      assert.equal(library.seat().sessionId, seat);
      assert.equal(newer.seat().sessionId, other.sessionId);
      const attendant = other.holder?.pid;
      await newer.claude.stop();
      await isAway(other.sessionId, attendant);
    });

    test('a second process of a conversation that is live gets a seat of its own [S1]', async () => {
      const twin = await bench().session('library', { name: 'twin', args: ['--resume', first] });
      assert.notEqual(twin.seat().sessionId, seat);
      assert.equal(library.seat().sessionId, seat);
      const { sessionId, holder } = twin.seat();
      await twin.claude.stop();
      await isAway(sessionId, holder?.pid);
      assert.equal(library.seat().sessionId, seat);
    });

    test('after a kill and a quick restart, seat and waiting mail are back [S1] [M1]', async () => {
      const attendant = library.seat().holder?.pid;
      await library.claude.kill();
      await app.say('CALL ask {"peer":"library","question":"Still there?","wait_seconds":1}');
      library = await bench().session('library', {
        name: 'restarted',
        args: ['--continue'],
        rules: [answers('again here')],
      });
      await bench().until(() => library.seat().sessionId === seat, 'the seat for the restarted session');
      assert.equal(library.claude.sessionId(), first);
      await app.model.waitForRequest('again here', patient);
      await bench().until(() => !existsSync(`/proc/${attendant}`), 'the end of the old attendant');
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('an old attendant that ends late takes nothing from a quick restart, which gets the seat then [S1]', async () => {
      const before = await bench().session('tools');
      const { sessionId, holder } = before.seat();
      assert.ok(holder);
      process.kill(holder.pid, 'SIGSTOP');
      let after: BridgedSession;
      let meantime: string;
      try {
        await before.claude.kill();
        after = await bench().session('tools', { name: 'quick', rules: [answers('quickly')] });
        meantime = after.seat().sessionId;
        assert.notEqual(meantime, sessionId);
      } finally {
        process.kill(holder.pid, 'SIGCONT');
      }
      await bench().until(
        () => after.seat().sessionId === sessionId,
        'the seat that the old attendant has left',
      );
      await bench().until(() => record(meantime) === undefined, 'the end of the seat of the meantime');
      await bench().until(
        () => existsSync(join(facade(sessionId), 'manifest.json')),
        'the façade of the seat',
      );
      await app.say('CALL ask {"peer":"tools","question":"Quick?"}');
      assert.match(app.claude.screen(), /quickly/);
      await after.claude.stop();
    });

    test('a second session of a project gets a seat with another name [S1]', async () => {
      const second = await bench().session('library', { name: 'second' });
      assert.match(second.seat().name, /^library-\d$/);
      assert.notEqual(second.seat().sessionId, seat);
      assert.equal(library.seat().sessionId, seat);
      const { pid } = second.claude;
      const attendant = second.seat().holder?.pid;
      const id = second.seat().sessionId;
      process.kill(pid, 'SIGTERM');
      await second.claude.exited;
      await isAway(id, attendant);
    });
  });
}
