import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { listPeers, resolvePeer } from '../../../src/directory/peers.ts';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { leaveSeat, type TakenSeat, takeSeat } from '../../../src/directory/take-seat.ts';
import { isoSeconds } from '../../../src/lib/clock.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { buildFacade, hasFacade } from '../../../src/mailbox/facade.ts';
import type { Inbox } from '../../../src/mailbox/inbox.ts';
import { type Draft, post } from '../../../src/mailbox/post.ts';
import { recordState, statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { cleanEnv, type ProgramRun, startCommand } from '../../fixtures/run-program.ts';
import { type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

const SCRIPT = join(import.meta.dirname, '../../fixtures/v1/v1.sh');
const withoutJq = hasJq() ? false : 'v1 needs jq, which is not installed here';
const CONTENT = 'What broke in "v2"?\n\tlines, `ticks`, $vars, \\slashes, é 漢 😀';

function hasJq(): boolean {
  try {
    execFileSync('jq', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A session of v1 in a project of its own, in the root of a test. */
class V1Session {
  readonly project: string;
  id = '' as SeatId;
  readonly #t: TestContext;
  readonly #root: string;

  constructor(t: TestContext, root: string, project: string) {
    this.#t = t;
    this.#root = root;
    this.project = project;
  }

  static async start(t: TestContext, { root }: TempRoot, name: string): Promise<V1Session> {
    const project = join(root, '..', 'projects', name);
    mkdirSync(project, { recursive: true });
    const session = new V1Session(t, root, project);
    session.id = (await session.run('register')) as SeatId;
    return session;
  }

  /** Runs a command that has to succeed and returns what it printed. */
  async run(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(...words);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  async attempt(...words: string[]): Promise<ProgramRun> {
    const env = cleanEnv({ BRIDGE_DIR: this.#root, PROJECT_DIR: this.project, POLL_SECONDS: '0.1' });
    return await startCommand(this.#t, ['bash', SCRIPT, ...words], { env, cwd: this.project }).ended;
  }
}

interface Ours {
  readonly seat: TakenSeat;
  readonly inbox: Inbox;
  send(to: SeatId, draft: Partial<Draft>): Message;
}

function sitDown(temp: TempRoot, name = 'lib'): Ours {
  const { root, clock } = temp;
  const projectPath = join(root, '..', 'projects', name);
  mkdirSync(projectPath, { recursive: true });
  const seat = takeSeat({
    root,
    clock,
    projectPath,
    conversation: 'c',
    process: thisProcess(),
    version: '1',
  });
  const metadata = { fromProject: seat.record.name };
  return {
    seat,
    inbox: temp.inbox(seat.folder),
    send: (to, draft) =>
      post({ root, clock }, seat.folder, { to, type: 'query', content: CONTENT, metadata, ...draft }),
  };
}

async function nextMail({ inbox }: Ours): Promise<Message> {
  const [first] = await waitFor(
    () => {
      const pending = inbox.pending();
      return pending.length > 0 && pending;
    },
    { what: 'mail of v1', timeoutMs: 30_000 },
  );
  const claimed = first === undefined ? undefined : inbox.claim(first.id);
  assert.ok(claimed);
  inbox.settle(claimed);
  return claimed.message;
}

suite('a session of session-bridge v1 in the same root', { skip: withoutJq, concurrency: 2 }, () => {
  test('[M6] v1 lists our seat as active, connects to it, and finds it by the folder that it works in', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const v1 = await V1Session.start(t, temp, 'app');
    const { sessionId, projectPath } = ours.seat.record;
    assert.match(await v1.run('peers'), new RegExp(`^${sessionId} +lib +active +${projectPath}$`, 'm'));
    assert.equal(await v1.run('connect', sessionId), `Connected to 'lib' (${sessionId}) at ${projectPath}`);
    const ping = await nextMail(ours);
    assert.deepEqual([ping.type, ping.from, ping.content], ['ping', v1.id, 'connected']);
    const below = new V1Session(t, temp.root, join(projectPath, 'src'));
    mkdirSync(below.project);
    assert.equal(await below.run('own-id'), sessionId);
    assert.equal(
      existsSync(join(projectPath, '.claude')),
      false,
      'nothing of ours is left in the repository',
    );
  });

  test('[M6] v1 asks, we answer, and v1’s wait ends with the answer', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const v1 = await V1Session.start(t, temp, 'app');
    const id = await v1.run('send', ours.seat.record.sessionId, 'query', CONTENT);
    const waiting = v1.run('receive', id, '20');
    const query = await nextMail(ours);
    assert.deepEqual(
      [query.id, query.type, query.content, query.metadata.fromProject],
      [id, 'query', CONTENT, 'app'],
    );
    recordState(temp.root, query, {
      state: 'seen',
      at: new Date().toISOString(),
      by: ours.seat.record.sessionId,
    });
    ours.send(v1.id, { type: 'response', content: `Use "w2"\n${CONTENT}`, inReplyTo: query.id });
    assert.equal(await waiting, `Response from lib:\nUse "w2"\n${CONTENT}`);
  });

  test('[M6] we ask, v1 hears it, asks back by a response, and answers; each once', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const v1 = await V1Session.start(t, temp, 'app');
    const asked = ours.send(v1.id, {});
    const heard = await v1.run('listen', '20');
    const { sessionId } = ours.seat.record;
    assert.equal(
      heard,
      `MESSAGE_ID=${asked.id}\nFROM_ID=${sessionId}\nTO_ID=${v1.id}\nFROM_PROJECT=lib\nTYPE=query\nIN_REPLY_TO=\n---\n${CONTENT}`,
    );
    assert.equal((await v1.attempt('listen', '0')).code, 1, 'v1 does not hear it twice');
    assert.deepEqual(
      statesOf(ours.seat.folder, asked.id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
    await v1.run('send', sessionId, 'response', 'Which module?', asked.id);
    const back = await nextMail(ours);
    assert.deepEqual([back.type, back.inReplyTo, back.content], ['response', asked.id, 'Which module?']);
    const more = ours.send(v1.id, { content: 'The client.' });
    assert.match(await v1.run('listen', '20'), new RegExp(`^MESSAGE_ID=${more.id}\n`));
    await v1.run('send', sessionId, 'response', 'It moved.', more.id);
    assert.equal((await nextMail(ours)).content, 'It moved.');
    assert.deepEqual(ours.inbox.pending(), []);
  });

  test('[M6] our directory has v1’s sessions by name, alive by their heartbeat', async (t) => {
    const temp = tempRoot(t);
    const v1 = await V1Session.start(t, temp, 'app');
    const state = (): string | undefined =>
      listPeers(temp.root, temp.clock.now()).find(({ id }) => id === v1.id)?.state;
    assert.equal(resolvePeer(temp.root, 'app', temp.clock.now()).id, v1.id);
    assert.equal(state(), 'idle');
    temp.clock.offsetMs = 6 * 60_000;
    assert.equal(state(), 'away');
    temp.clock.offsetMs = 0;
    await v1.run('heartbeat');
    assert.equal(state(), 'idle');
  });

  test('[M6] v1’s clean-up leaves a façade with a fresh heartbeat alone and tells us that the session ended', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const v1 = await V1Session.start(t, temp, 'app');
    await v1.run('connect', ours.seat.record.sessionId);
    await v1.run('cleanup');
    assert.ok(hasFacade(temp.root, ours.seat.record.sessionId));
    assert.equal((await nextMail(ours)).type, 'ping');
    const ended = await nextMail(ours);
    assert.deepEqual([ended.type, ended.from], ['session-ended', v1.id]);
    assert.throws(() => ours.send(v1.id, {}), { code: 'peer-unknown' });
  });

  test('[M6] v1’s clean-up may delete our façade: it is built again, and no mail of ours was in it alone', async (t) => {
    const temp = tempRoot(t);
    const { root } = temp;
    const ours = sitDown(temp);
    const { sessionId } = ours.seat.record;
    const v1 = await V1Session.start(t, temp, 'app');
    const early = await v1.run('send', sessionId, 'query', 'before');
    assert.deepEqual(
      ours.inbox.pending().map(({ id }) => id),
      [early],
      'taken into the seat',
    );
    const anHourAgo = isoSeconds(Date.now() - 3_600_000);
    await updateSeatRecord(root, ours.seat.folder, { lastHeartbeat: anHourAgo });
    const other = await V1Session.start(t, temp, 'other');
    await other.run('cleanup');
    assert.ok(!existsSync(facadeOf(root, sessionId).path), 'v1 took it for abandoned');
    const refused = await v1.attempt('send', sessionId, 'query', 'lost?');
    assert.deepEqual([refused.code, refused.stderr.trim()], [1, `Target session ${sessionId} not found`]);
    assert.deepEqual(
      ours.inbox.pending().map(({ id }) => id),
      [early],
    );
    const fromOurs = sitDown(temp, 'third').send(sessionId, { content: 'meanwhile' });
    const record = await updateSeatRecord(root, ours.seat.folder, { lastHeartbeat: isoSeconds(Date.now()) });
    assert.ok(record);
    assert.equal(hasFacade(root, sessionId), false);
    buildFacade(root, record);
    const late = await v1.run('send', sessionId, 'query', 'after');
    assert.deepEqual(new Set(ours.inbox.pending().map(({ id }) => id)), new Set([early, fromOurs.id, late]));
  });

  test('[M6] a seat that is left is gone for v1; what v1 wrote before is kept for the next sitter', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const { sessionId } = ours.seat.record;
    const v1 = await V1Session.start(t, temp, 'app');
    const id = await v1.run('send', sessionId, 'query', 'still there?');
    leaveSeat(temp, ours.seat.hold, ours.seat.record);
    assert.equal((await v1.attempt('send', sessionId, 'query', 'hello?')).code, 1);
    assert.doesNotMatch(await v1.run('peers'), new RegExp(sessionId));
    const next = sitDown(temp);
    assert.equal(next.seat.record.sessionId, sessionId);
    assert.deepEqual(
      next.inbox.pending().map((pending) => pending.id),
      [id],
    );
  });

  test('[M6] what v1 is still writing is not taken, and of what it writes while we look nothing is lost or doubled', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const { sessionId } = ours.seat.record;
    const { inbox } = facadeOf(temp.root, sessionId);
    const half = join(inbox, 'msg-00000000000a.x1Y2z3');
    writeFileSync(half, messageText({ id: 'msg-00000000000a', to: sessionId }).slice(0, 50));
    assert.deepEqual(ours.inbox.pending(), []);
    assert.deepEqual(readdirSync(inbox), ['msg-00000000000a.x1Y2z3']);
    writeFileSync(half, messageText({ id: 'msg-00000000000a', to: sessionId, from: 'vvvvvv' }));
    renameSync(half, join(inbox, 'msg-00000000000a.json'));
    const senders = await Promise.all(['one', 'two'].map((name) => V1Session.start(t, temp, name)));
    const sending = senders.map(async (v1) => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i += 1) ids.push(await v1.run('send', sessionId, 'query', String(i)));
      return ids;
    });
    const got = [await nextMail(ours)];
    while (got.length < 11) got.push(await nextMail(ours));
    const sent = (await Promise.all(sending)).flat();
    assert.deepEqual(new Set(got.map(({ id }) => id)), new Set([...sent, 'msg-00000000000a' as MessageId]));
    assert.deepEqual(ours.inbox.pending(), []);
  });

  test('[M6] a message of ours in a v1 inbox has v1’s keys and is left alone by us', async (t) => {
    const temp = tempRoot(t);
    const ours = sitDown(temp);
    const v1 = await V1Session.start(t, temp, 'app');
    const { id } = ours.send(v1.id, { type: 'note', content: 'x'.repeat(100_000) });
    const file = join(facadeOf(temp.root, v1.id).inbox, `${id}.json`);
    const before = readFileSync(file, 'utf8');
    const keys = ['id', 'from', 'to', 'type', 'timestamp', 'status', 'content', 'inReplyTo', 'metadata'];
    assert.deepEqual(Object.keys(JSON.parse(before) as object).slice(0, keys.length), keys);
    listPeers(temp.root, temp.clock.now());
    assert.equal(readFileSync(file, 'utf8'), before);
    assert.match(await v1.run('listen', '20'), /TYPE=note\n/);
    assert.equal((JSON.parse(readFileSync(file, 'utf8')) as { status: string }).status, 'read');
  });
});
