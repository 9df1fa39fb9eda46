import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { array, asyncProperty, constantFrom, oneof, string } from 'fast-check';
import { HostSession } from '../../../src/agents/claude-code/live/host-session.ts';
import { removeEndedWakeFolders } from '../../../src/agents/claude-code/live/wake-folders.ts';
import { waitingIds, waitingMail } from '../../../src/client/mail/pending-mail.ts';
import { type ResolvedPaths, resolveConfig, resolvePaths } from '../../../src/config/config.ts';
import { limitsFrom } from '../../../src/config/settings.ts';
import { trustedEnvironment } from '../../../src/config/trusted-environment.ts';
import { findPeer, listPeers, resolvePeer } from '../../../src/directory/peers.ts';
import { currentHolder, SeatHold } from '../../../src/directory/seat-hold.ts';
import { defaultName } from '../../../src/directory/seat-name.ts';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { setVerdict, trustFile, verdictOf } from '../../../src/directory/trust.ts';
import { sessionStart } from '../../../src/hooks/session-start.ts';
import { checkRoot } from '../../../src/installer/checks/check-root.ts';
import type { InstallContext } from '../../../src/installer/install-context.ts';
import { readHostSettings } from '../../../src/installer/setup/host-settings.ts';
import { findPackageRoot, pluginVersion } from '../../../src/installer/setup/package-files.ts';
import { staleWakeFolders } from '../../../src/installer/wake-folders.ts';
import { tryWithLock } from '../../../src/lib/file-lock.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { asksFolder, awaitedAnswers } from '../../../src/mailbox/awaited-answers.ts';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { findReceived, findSent } from '../../../src/mailbox/find-message.ts';
import { appendJournal, journalFile } from '../../../src/mailbox/journal.ts';
import { readJournalAfter, readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { pastPath } from '../../../src/mailbox/past.ts';
import { resendUnsent } from '../../../src/mailbox/post.ts';
import { foldReceipts, statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { currentState } from '../../../src/protocol/receipt.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { deadProcess, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';
import { message, messageId } from '../attendant/messages.ts';
import { checkLater } from './check.ts';
import { hostileText } from './hostile-text.ts';
import { bytesLike, NO_FILES, type Planted, plant, plantAll } from './planted.ts';

interface Place extends TempRoot {
  readonly me: SeatFolder;
  readonly peer: SeatFolder;
  readonly home: string;
}

/** A file that another process may have written, and everything that reads it. */
interface ForeignFile {
  readonly what: string;
  readonly path: (place: Place) => string;
  readonly valid: Readonly<Record<string, unknown>>;
  readonly read: (place: Place) => unknown;
}

const ID = messageId(1);
const STATE = { state: 'seen', at: '2026-11-20T22:41:00.000Z', by: 'aaaaaa', reason: 'x' };
const WHOLE = JSON.parse(messageText()) as Record<string, unknown>;
const SENT = { ...WHOLE, from: 'bbbbbb', to: 'aaaaaa' };
const RECORD = { ...seatRecord('bbbbbb'), holder: { pid: 1, start: '2', host: '00000000' } };

/** Names that somebody may give to a file in a folder of ours. */
const nameIn = oneof(
  constantFrom(
    '999999999.json',
    '999999998.json',
    '1.json',
    '0.json',
    '.json',
    '..json',
    '-1.json',
    '1e3.json',
  ),
  constantFrom(
    '.accepted',
    `${ID}.accepted`,
    `${ID}.json.json`,
    '.tmp-1-x',
    '.leaving-bbbbbb',
    '9999-99-99.jsonl',
  ),
  constantFrom(
    'ffffffff-1-1',
    '00000000-9999999999-1',
    'bbbbbb',
    'x'.repeat(250),
    'café',
    '\u001b[2J',
    'a\nb',
    '~~~~.json',
  ),
  string({ minLength: 1, maxLength: 20 }),
  hostileText,
).map((name) =>
  name
    .replaceAll(/[/\0]/g, '_')
    .toWellFormed()
    .slice(0, 80)
    // The folders of past messages have names of one character: a link there is told, and nothing is written through it.
    .replace(/^.?$|^\.\.$/su, '__'),
);

const FILES: readonly ForeignFile[] = [
  {
    what: 'the record of a seat',
    path: ({ me }) => me.record,
    valid: RECORD,
    read: async ({ root, me }) => {
      for (const peer of listPeers(root, Date.now())) assert.equal(typeof peer.name, 'string');
      findPeer(root, me.id, Date.now());
      unlessOurs(() => resolvePeer(root, 'app', Date.now()));
      await updateSeatRecord(root, me, { about: 'x' });
    },
  },
  {
    what: 'the manifest of a session of v1',
    path: ({ root }) => facadeOf(root, 'dddddd' as SeatId).manifest,
    valid: { ...seatRecord('dddddd') },
    read: ({ root }) => {
      const found = listPeers(root, Date.now()).filter(({ id }) => id === 'dddddd');
      for (const { name, state } of found)
        assert.ok(!/[\p{Cc}]/u.test(name) && ['idle', 'away'].includes(state));
    },
  },
  {
    what: 'who holds a seat',
    path: ({ me }) => join(me.holders, '3.json'),
    valid: { process: { pid: 1, start: '2', host: '00000000' }, conversation: 'c', released: false },
    read: ({ me }) => {
      currentHolder(me);
      const hold = SeatHold.acquire(me, { process: thisProcess(), conversation: 'c', preempt: true });
      assert.equal(hold?.isCurrent(), true);
      assert.equal(hold?.release(), true);
    },
  },
  {
    what: 'the verdicts about peers',
    path: ({ root }) => trustFile(root),
    valid: { verdicts: { aaaaaa: { '*': 'blocked', bbbbbb: 'trusted' } } },
    read: ({ root, me, peer }) => {
      const who = { sender: peer.id, receiver: me.id };
      assert.ok(['trusted', 'blocked', 'undecided'].includes(verdictOf(root, who)));
      unlessOurs(() => {
        setVerdict(root, { ...who, verdict: 'blocked' });
        assert.equal(verdictOf(root, who), 'blocked');
      });
    },
  },
  {
    what: 'a receipt',
    path: ({ me }) => join(me.receipts, `${ID}.seen-aaaaaa.json`),
    valid: { message: ID, ...STATE },
    read: ({ me }) => {
      plant(pastPath(me.outbox, ID), Buffer.from(JSON.stringify({ ...SENT, states: [] })));
      currentState(statesOf(me, ID));
      foldReceipts(me);
      assert.equal(findSent(me, ID)?.message.id, ID);
      assert.deepEqual(statesOf(me, ID), statesOf(me, ID));
    },
  },
  {
    what: 'the copy of a sent message',
    path: ({ me }) => pastPath(me.outbox, ID),
    valid: { ...SENT, states: [STATE] },
    read: ({ me }) => {
      plant(
        join(me.receipts, `${ID}.seen-aaaaaa.json`),
        Buffer.from(JSON.stringify({ message: ID, ...STATE })),
      );
      statesOf(me, ID);
      foldReceipts(me);
      findSent(me, ID);
    },
  },
  {
    what: 'a message that was accepted and not delivered',
    path: ({ me }) => claimPath(me.sending, { id: ID, owner: { process: deadProcess(), generation: 0 } }),
    valid: SENT,
    read: ({ root, clock, me, peer }) => {
      const count = resendUnsent({ root, clock }, me);
      assert.equal(readdirSync(peer.inbox).length, count);
      assert.equal(resendUnsent({ root, clock }, me), 0);
    },
  },
  ...(['inbox', 'claimed'] as const).map(
    (folder): ForeignFile => ({
      what: `a file in ${folder}/`,
      path: ({ me }) =>
        folder === 'inbox'
          ? join(me.inbox, `${ID}.json`)
          : claimPath(me.claimed, { id: ID, owner: { process: deadProcess(), generation: 1 } }),
      valid: WHOLE,
      read: ({ root, me, inbox }) => {
        findReceived(me, ID);
        waitingMail(root, me.id);
        waitingIds(root, me);
        const mine = inbox(me);
        const pending = mine.pending();
        for (const { id } of pending) {
          const claimed = mine.claim(id);
          assert.ok(claimed);
          mine.settle(claimed);
          assert.equal(findReceived(me, id)?.place, 'read');
        }
        assert.deepEqual(mine.pending(), []);
        assert.deepEqual(readdirSync(me.claimed), []);
        assert.deepEqual(readdirSync(me.inbox), []);
      },
    }),
  ),
  ...(['read', 'rejected'] as const).map(
    (folder): ForeignFile => ({
      what: `a file in ${folder}/`,
      path: ({ me }) => pastPath(me[folder], ID),
      valid: WHOLE,
      read: ({ me, inbox }) => {
        findReceived(me, ID);
        assert.deepEqual(inbox(me).pending(), []);
      },
    }),
  ),
  {
    what: 'the journal',
    path: ({ root }) => journalFile(root, Date.now()),
    valid: { ...STATE, message: ID, from: 'aaaaaa', to: 'bbbbbb', type: 'query', summary: 'x' },
    read: ({ root }) => {
      readJournalTail(root, 50);
      readJournalAfter(root, undefined);
      appendJournal(root, message(), [{ ...STATE, state: 'seen', by: 'aaaaaa' as SeatId }]);
    },
  },
  {
    what: "the person's settings",
    path: ({ root }) => join(root, 'settings.json'),
    valid: { keepDays: 3, maxHops: 4, expiresAfterDays: 0.5 },
    read: async ({ root, home, clock }) => {
      const env = { HOME: home, BRIDGE_DIR: root };
      unlessOurs(() => {
        for (const limit of Object.values(resolveConfig({ env, cwd: home }).limits)) assert.ok(limit > 0);
      });
      const paths = { ...pathsOf(home, root), env };
      const checks = await checkRoot({ ...installing(paths, clock) });
      assert.ok(checks.some(({ id }) => id === 'settings'));
    },
  },
  {
    what: "the host's entry of a session",
    path: ({ home }) => join(home, '.claude', 'sessions', `${process.pid}.json`),
    valid: {
      pid: 1,
      sessionId: 'c-1',
      status: 'busy',
      cwd: '/x',
      version: '2.1.329',
      messagingSocketPath: '/x',
    },
    read: ({ root, home }) => {
      const { host, env } = hostOf(home, root);
      assert.ok(['idle', 'busy', 'waiting', 'unknown'].includes(host.status));
      for (const text of [host.conversation, host.transcript, host.version ?? ''])
        assert.equal(typeof text, 'string');
      assert.equal(host.inboxSocket, undefined);
      JSON.parse(
        sessionStart({ env: { ...env, CLAUDE_CODE_ENTRYPOINT: 'cli' }, cwd: home, parentPid: process.pid }),
      );
    },
  },
  {
    what: 'the settings of the host',
    path: ({ home }) => join(home, '.claude', 'settings.json'),
    valid: {
      crossSessionInbound: 'hold',
      permissions: { defaultMode: 'plan' },
      enabledPlugins: { x: true },
      env: {},
    },
    read: ({ root, home, clock }) => {
      const { host } = hostOf(home, root);
      assert.ok(['accept', 'hold', 'refuse', 'parity'].includes(host.inboundRule));
      assert.equal(typeof host.permissionMode, 'string');
      readHostSettings(installing(pathsOf(home, root), clock));
    },
  },
  {
    what: 'the settings of a project',
    path: ({ home }) => join(home, 'project', '.claude', 'settings.json'),
    valid: { env: { BRIDGE_DIR: '/evil', HOME: '/evil' } },
    read: ({ home }) => {
      const cwd = join(home, 'project');
      const env = { CLAUDECODE: '1', PATH: '/bin', CLAUDE_PROJECT_DIR: cwd };
      const trusted = trustedEnvironment(env, cwd);
      assert.equal(trusted['PATH'], '/bin');
      for (const name of ['HOME', 'BRIDGE_DIR']) assert.notEqual(trusted[name], '/evil');
    },
  },
  {
    what: 'the pointer of a git worktree',
    path: ({ home }) => join(home, 'project', '.git'),
    valid: { gitdir: '../elsewhere' },
    read: ({ home }) => {
      assert.match(
        defaultName(join(home, 'project'), new Set(['project'])),
        /^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,63}$/u,
      );
    },
  },
  {
    what: 'the manifest of a plugin',
    path: ({ home }) => join(home, 'plugin', '.claude-plugin', 'plugin.json'),
    valid: { name: 'cahoots', version: '1.0.0' },
    read: ({ home }) => {
      const version = pluginVersion(home);
      assert.ok(version === undefined || typeof version === 'string');
    },
  },
  {
    what: 'the manifest of a package',
    path: ({ home }) => join(home, 'package.json'),
    valid: { name: 'cahoots', version: '1.0.0' },
    read: ({ home }) => findPackageRoot(join(home, 'project')),
  },
  {
    what: 'a lock',
    path: ({ me }) => join(me.path, '.seat-lock'),
    valid: { pid: 1 },
    read: ({ me }) => {
      let ran = 0;
      unlessOurs(() => tryWithLock(join(me.path, '.lock'), () => (ran += 1)));
      assert.equal(ran, 1);
    },
  },
  {
    what: 'the counter of messages',
    path: ({ me }) => me.sequence,
    valid: { x: 1 },
    read: ({ me, peer, send, inbox }) => {
      const sent = unlessOurs(() => send(me, peer));
      if (sent !== undefined)
        assert.ok(
          inbox(peer)
            .pending()
            .some(({ id }) => id === sent.id),
        );
    },
  },
];

suite('whatever stands in the place of', () => {
  for (const file of FILES) {
    test(`${file.what}: its readers take it or leave it, and go on [X2]`, async (t) => {
      const fresh = placeOf(tempRoot(t));
      const goesOn = async (what: Planted): Promise<void> => {
        const place = fresh();
        plant(file.path(place), what);
        await file.read(place);
      };
      for (const what of NO_FILES) await goesOn(what);
      await checkLater(asyncProperty(bytesLike(file.valid), goesOn), 20);
    });
  }

  test('names in our folders: readers pass over those that are not ours, and mail goes on [M1] [X2]', async (t) => {
    const fresh = placeOf(tempRoot(t));
    await checkLater(
      asyncProperty(
        array(nameIn, { minLength: 1, maxLength: 12 }),
        constantFrom<Planted>(Buffer.from('{}'), 'folder', 'pipe', 'link to itself'),
        async (names, what) => {
          const place = fresh();
          const { root, clock, me, peer, inbox, send } = place;
          const folders = [
            me.inbox,
            me.claimed,
            me.receipts,
            me.sending,
            me.read,
            me.outbox,
            me.rejected,
            asksFolder(me),
            ...['seats', 'sessions', 'wake', 'log', ''].map((name) => join(root, name)),
            facadeOf(root, me.id).inbox,
          ];
          const others = new Set(names.filter((name) => !['seats', 'sessions', 'bbbbbb'].includes(name)));
          plantAll(
            folders.flatMap((folder) => [...others].map((name) => join(folder, name))),
            what,
          );
          const sent = send(peer, me);
          const mine = inbox(me);
          assert.deepEqual(
            mine.pending().map(({ id }) => id),
            [sent.id],
          );
          const claimed = mine.claim(sent.id);
          assert.ok(claimed);
          mine.settle(claimed);
          foldReceipts(me);
          resendUnsent({ root, clock }, me);
          listPeers(root, Date.now());
          awaitedAnswers(me);
          removeEndedWakeFolders(root, Date.now());
          staleWakeFolders(root, Date.now());
          readJournalTail(root, 100);
          readJournalAfter(root, undefined);
          await checkRoot(installing(pathsOf(place.home, root), clock));
        },
      ),
      10,
    );
  });

  test('numbers of holders: the seat can be taken, or it is said why not; nobody waits for ever [M3]', async (t) => {
    const fresh = placeOf(tempRoot(t));
    await checkLater(
      asyncProperty(array(nameIn, { minLength: 1, maxLength: 5 }), async (names) => {
        const { me } = fresh();
        for (const name of names) plant(join(me.holders, name), Buffer.from('{}'));
        unlessOurs(() => {
          const hold = SeatHold.acquire(me, { process: thisProcess(), conversation: 'c' });
          assert.equal(hold?.isCurrent(), true);
        });
      }),
      30,
    );
  });
});

/** What `work` returns; undefined when it threw an error of the catalogue that says what to do. */
function unlessOurs<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CahootsError)) throw error;
    assert.notEqual(error.code, 'internal');
    assert.notEqual(error.remedy, '');
    return undefined;
  }
}

function placeOf(temp: TempRoot): () => Place {
  const home = join(temp.root, '..', 'home');
  return () => {
    rmSync(temp.root, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
    for (const name of ['project', 'plugin', '.claude/sessions'])
      mkdirSync(join(home, name), { recursive: true });
    return { ...temp, home, me: temp.seat('bbbbbb'), peer: temp.seat('aaaaaa') };
  };
}

function pathsOf(home: string, root: string): ResolvedPaths {
  return resolvePaths({ env: { HOME: home, BRIDGE_DIR: root }, cwd: home });
}

function installing(paths: ResolvedPaths, clock: TempRoot['clock']): InstallContext {
  const { signal } = new AbortController();
  return { paths, clock, version: '1', packageRoot: undefined, claude: undefined, signal };
}

function hostOf(home: string, root: string): { host: HostSession; env: Record<string, string> } {
  const env = { HOME: home, BRIDGE_DIR: root, CLAUDE_CODE_MESSAGING_SOCKET: '/tmp/other.sock' };
  // The settings of the root are of no matter here.
  const config = { ...pathsOf(home, root), limits: limitsFrom({}) };
  return { host: new HostSession({ config, claudePid: process.pid }), env };
}
