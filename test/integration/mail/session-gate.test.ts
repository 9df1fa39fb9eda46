import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { when } from '../../../src/testing/index.ts';
import { type BridgedSession, benchForSuite, patient } from '../../fixtures/session-bench.ts';
import { answers, ours, TOOL_PREFIX } from '../../fixtures/session-rules.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** What a person has answered before who lets sessions skip permissions. */
const BYPASS_WAS_ACCEPTED = {
  state: { bypassPermissionsModeAccepted: true },
  settings: { skipDangerousModePermissionPrompt: true },
};
const TURNS_PER_HOUR = 6;

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary, BYPASS_WAS_ACCEPTED);
    /** Asks a person before it acts. */
    let app: BridgedSession;
    /** Skips permissions. */
    let library: BridgedSession;

    before(async () => {
      mkdirSync(bench().root, { recursive: true, mode: 0o700 });
      writeFileSync(
        join(bench().root, 'settings.json'),
        JSON.stringify({ peerTurnsPerHour: TURNS_PER_HOUR }),
      );
      [app, library] = await Promise.all([
        bench().session('app'),
        bench().session('library', { permissionMode: 'bypassPermissions', rules: [answers('let in')] }),
      ]);
    });

    /** Has a session ask, and returns what its tool said and the id of the question. */
    async function ask(
      session: BridgedSession,
      peer: string,
      question: string,
      wait_seconds = 60,
    ): Promise<{ said: string; id: string }> {
      const from = session.model.requests.length;
      session.script(when(/^ASK$/m, ours('ask', { peer, question, wait_seconds }), { in: 'prompt' }));
      await session.say('ASK');
      const results = session.model.requests.slice(from).flatMap(({ turn }) => turn.toolResults);
      const said = results.find(({ tool }) => tool === `${TOOL_PREFIX}ask`)?.text ?? '';
      return { said, id: await bench().messageOf(question) };
    }

    /** Writes what the person's settings say about messages of other sessions. */
    function setInbound(rule: string | undefined): void {
      const settings = {
        ...BYPASS_WAS_ACCEPTED.settings,
        ...(rule === undefined ? {} : { crossSessionInbound: rule }),
      };
      writeFileSync(join(bench().home.home, '.claude', 'settings.json'), JSON.stringify(settings));
    }

    test('a session that skips permissions holds what one sends that asks, until the person accepts it [S2]', async () => {
      const { said, id } = await ask(app, 'library', 'Held?');
      assert.match(said, /is held: the sender asks before it acts and the receiver skips permissions/);
      assert.equal(library.model.turns.length, 0);
      assert.deepEqual(bench().states(id), ['accepted', 'delivered', 'held']);
      assert.match(await bench().cahoots('accept', id), /may now reach library/);
      await library.model.waitForRequest('Held?', patient);
      await app.model.waitForRequest('let in', patient);
      await bench().reached(id, 'answered');
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
    });

    test('what the person denies is refused on both sides [S2]', async () => {
      const before = library.model.requests.length;
      const { said, id } = await ask(app, 'library', 'Denied?');
      assert.match(said, /is held/);
      await bench().cahoots('deny', id);
      await bench().reached(id, 'refused');
      assert.deepEqual(bench().states(id), ['accepted', 'delivered', 'held', 'refused']);
      library.script();
      await library.say('anything held?');
      assert.ok(library.model.requests.slice(before).every(({ text }) => !text.includes('Denied?')));
    });

    test('sessions of one permission class reach each other without anybody [S2]', async () => {
      const tools = await bench().session('tools', { permissionMode: 'bypassPermissions' });
      library.script(answers('among equals'));
      assert.match((await ask(tools, 'library', 'Equal?')).said, /among equals/);
      await tools.claude.stop();
    });

    test("the person's own rule for messages of other sessions is obeyed: refuse, hold, accept [S2]", async () => {
      library.script(answers('by rule'));
      setInbound('refuse');
      const refused = await ask(app, 'library', 'Refuse?');
      assert.match(
        refused.said,
        /is refused: the receiver refuses messages of other sessions \(crossSessionInbound: refuse\)/,
      );
      setInbound('hold');
      const held = await ask(app, 'library', 'Hold?');
      assert.match(held.said, /is held: .*crossSessionInbound: hold/);
      await bench().cahoots('accept', held.id);
      await bench().reached(held.id, 'answered');
      await Promise.all([app, library].map(({ claude }) => claude.waitUntilReady(patient)));
      setInbound('accept');
      assert.match((await ask(app, 'library', 'Accept?')).said, /by rule/);
      setInbound(undefined);
      await bench()
        .cahoots('deny', held.id)
        .catch(() => undefined);
      await library.claude.waitUntilReady(patient);
    });

    test('a peer that the person trusts passes [S2]', async () => {
      library.script(answers('trusted'));
      await bench().cahoots('trust', 'app', '--as', 'library');
      assert.match((await ask(app, 'library', 'Trusted?')).said, /trusted/);
      await library.claude.waitUntilReady(patient);
    });

    test('a quiet session is not woken by a question, and is given it with its next prompt [S2]', async () => {
      library.script(answers('by the way'));
      await bench().cahoots('attention', 'quiet', '--as', 'library');
      const before = library.model.turns.length;
      const { said, id } = await ask(app, 'library', 'Quiet?', 2);
      assert.match(said, /pending/);
      assert.deepEqual(bench().states(id), ['accepted', 'delivered']);
      assert.equal(library.model.turns.length, before);
      await library.say('my own work');
      await bench().reached(id, 'answered');
      assert.ok(bench().states(id).includes('offered(hook-context)'));
      await app.claude.waitUntilReady(patient);
    });

    test('a closed session holds questions, and gets its own answers [S2]', async () => {
      await bench().cahoots('attention', 'closed', '--as', 'library');
      const { said, id } = await ask(app, 'library', 'Closed?');
      assert.match(said, /is held: .*attention closed/);
      app.script(answers('an answer to the closed one'));
      await bench().cahoots('trust', 'library', '--as', 'app');
      library.script(when(/^ASK$/m, ours('ask', { peer: 'app', question: 'And you?' }), { in: 'prompt' }));
      await library.say('ASK');
      assert.match(library.claude.screen(), /an answer to the closed one/);
      await bench().cahoots('deny', id);
      await bench().cahoots('attention', 'open', '--as', 'library');
      await app.claude.waitUntilReady(patient);
    });

    test('over the cap on turns that peers cause nothing wakes any more, and mail comes with the next prompt [S2]', async () => {
      library.script(answers('still within the cap'));
      const used = (): number => library.seat().peerTurns?.lastHour ?? 0;
      for (let turn = used(); turn < TURNS_PER_HOUR; turn += 1) {
        assert.match((await ask(app, 'library', `Turn ${turn}?`)).said, /still within the cap/);
        await bench().until(() => used() > turn, 'another turn on the account');
      }
      const before = library.model.turns.length;
      await library.claude.waitUntilReady(patient);
      const { said, id } = await ask(app, 'library', 'One too many?', 2);
      assert.match(said, /pending/);
      assert.deepEqual(bench().states(id), ['accepted', 'delivered']);
      library.script(answers('at last'));
      await library.say('my own work again');
      await bench().reached(id, 'answered');
      assert.ok(library.model.turns.length > before);
    });
  });
}
