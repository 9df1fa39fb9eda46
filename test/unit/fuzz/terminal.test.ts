import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import {
  type Arbitrary,
  array,
  asyncProperty,
  constantFrom,
  integer,
  oneof,
  property,
  record,
} from 'fast-check';
import { runCli } from '../../../src/cli/run-cli.ts';
import type { Ending } from '../../../src/cli/terminal/ending.ts';
import type { StandardStream } from '../../../src/cli/terminal/standard-stream.ts';
import { oneLine, printable, printableJson, shortened } from '../../../src/cli/text/printable.ts';
import { table } from '../../../src/cli/text/table.ts';
import { localTime, timeAgo } from '../../../src/cli/text/time-text.ts';
import { v1Lines } from '../../../src/cli/text/v1-lines.ts';
import { createSeat, freshRecord } from '../../../src/directory/take-seat.ts';
import { journalFile } from '../../../src/mailbox/journal.ts';
import { pastPathForWriting } from '../../../src/mailbox/past.ts';
import { facadeOf } from '../../../src/mailbox/seat-folder.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';
import { message, messageId } from '../attendant/messages.ts';
import { check, checkLater } from './check.ts';
import { hostileText } from './hostile-text.ts';

const ACTS = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u;
const BREAKS_A_LINE = /[\p{Cc}\u2028\u2029]/u;
const NOW_MS = Date.parse('2026-11-20T22:41:00Z');

suite('a text of another process, for a terminal', () => {
  test('cannot act there, be it a text, a line, JSON or a time [X2]', () => {
    check(
      property(hostileText, integer({ min: 1, max: 40 }), (text, characters) => {
        assert.doesNotMatch(printable(text), ACTS);
        assert.doesNotMatch(printableJson(JSON.stringify(text)), ACTS);
        for (const line of [
          oneLine(text),
          shortened(text, characters),
          localTime(text, NOW_MS),
          timeAgo(text, NOW_MS),
        ]) {
          assert.doesNotMatch(line, ACTS);
          assert.doesNotMatch(line, BREAKS_A_LINE);
        }
        assert.ok(shortened(text, characters).length <= characters);
      }),
      500,
    );
  });

  test('stays in its cell of a table [X2]', () => {
    const columns = [
      { title: 'NAME', cell: ([name]: readonly [string, string]) => name },
      { title: 'PATH', cell: ([, path]: readonly [string, string]) => path },
    ];
    check(
      property(
        array(record({ name: hostileText, path: hostileText })),
        constantFrom(20, 80, 1e9),
        (rows, width) => {
          const cells = rows.map(({ name, path }) => [name, path] as const);
          const lines = table(cells, columns, { columns: width, style: (_, text) => text }).split('\n');
          assert.equal(lines.length, rows.length + 1);
          for (const line of lines) assert.doesNotMatch(line, BREAKS_A_LINE);
        },
      ),
      150,
    );
  });

  test('forges no line above the content that listen prints [M6] [X2]', () => {
    check(
      property(hostileText, hostileText, (fromProject, content) => {
        const lines = v1Lines(message({ content, metadata: { fromProject } })).split('\n');
        assert.deepEqual(
          lines.slice(0, 7).map((line) => line.slice(0, line.indexOf('=') + 1) || line),
          ['MESSAGE_ID=', 'FROM_ID=', 'TO_ID=', 'FROM_PROJECT=', 'TYPE=', 'IN_REPLY_TO=', '---'],
        );
        assert.equal(lines.slice(7).join('\n'), content);
      }),
      200,
    );
  });
});

const COMMANDS = [
  ['peers'],
  ['status', 'cccccc'],
  ['status'],
  ['inbox'],
  ['log'],
  ['show', messageId(1)],
  ['show', messageId(2)],
  ['listen', '--wait', '0'],
  ['peers', '--json'],
  ['log', '--json'],
  ['show', messageId(2), '--json'],
  ['status', 'nobody'],
] as const;

suite('every command on a terminal', () => {
  test('shows what hostile files say without acting on it [X2]', async (t) => {
    const kit = kitOf(t);
    const reason = oneOfTwo('a reason');
    await checkLater(
      asyncProperty(
        record({
          name: hostileText,
          about: hostileText,
          path: hostileText,
          content: hostileText,
          project: hostileText,
        }),
        record({
          at: oneOfTwo('2026-11-20T22:41:00.000Z'),
          timestamp: oneOfTwo('2026-11-20T22:41:00Z'),
          reason,
        }),
        record({
          type: oneOfTwo('query'),
          summary: hostileText,
          thread: hostileText,
          from: oneOfTwo('cccccc'),
        }),
        async (seat, sent, entry) => {
          kit.fill(seat, sent, entry);
          for (const words of COMMANDS) {
            const { out, status } = await kit.run(words);
            assert.doesNotMatch(withoutOurStyles(out), ACTS, words.join(' '));
            assert.ok([0, 1, 3, 4].includes(status), `${words.join(' ')}: ${status} ${out}`);
            assert.doesNotMatch(out, /should not/, words.join(' '));
          }
        },
      ),
      25,
    );
  });
});

function oneOfTwo(usual: string): Arbitrary<string> {
  return oneof(constantFrom(usual), hostileText);
}

/** Bold titles, the status line's own return and erasure: what the program itself does on a terminal. */
function withoutOurStyles(text: string): string {
  return ['\r\u001b[2K', '\u001b[1m', '\u001b[22m'].reduce((rest, own) => rest.replaceAll(own, ''), text);
}

interface Kit {
  readonly fill: (
    seat: Record<'name' | 'about' | 'path' | 'content' | 'project', string>,
    sent: Record<'at' | 'timestamp' | 'reason', string>,
    entry: Record<'type' | 'summary' | 'thread' | 'from', string>,
  ) => void;
  readonly run: (words: readonly string[]) => Promise<{ out: string; status: number }>;
}

/** A person at a terminal with a seat of their own in a root in which others wrote. */
function kitOf(t: TestContext): Kit {
  const { root, clock, seat: makeSeat } = tempRoot(t);
  const projectPath = join(root, '..', 'project');
  mkdirSync(projectPath);
  const own = createSeat(root, (id) =>
    freshRecord({ clock, projectPath, version: '1' }, id, { name: 'me', kind: 'shell' }),
  );
  const { folder } = own;
  const peer = makeSeat('cccccc');
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  return {
    fill: ({ name, about, path, content, project }, { at, timestamp, reason }, entry) => {
      const metadata = { fromName: name, fromProject: project };
      const waiting = { from: 'cccccc', to: folder.id, content, timestamp, metadata };
      const record = {
        ...seatRecord('cccccc'),
        name,
        about,
        projectPath: path,
        version: name,
        permissionMode: path,
      };
      write(
        peer.record,
        JSON.stringify({ ...record, machine: name, lastHeartbeat: at, deliveryPath: about }),
      );
      const v1 = {
        sessionId: 'dddddd',
        projectName: project,
        projectPath: path,
        lastHeartbeat: new Date().toISOString(),
      };
      write(facadeOf(root, 'dddddd' as typeof peer.id).manifest, JSON.stringify(v1));
      write(join(folder.inbox, `${messageId(1)}.json`), messageText({ ...waiting, id: messageId(1) }));
      const states = ['accepted', 'refused'].map((state) => ({ state, at, by: 'cccccc', reason }));
      const copy = { ...waiting, id: messageId(2), from: folder.id, to: 'cccccc', states };
      write(pastPathForWriting(folder.outbox, messageId(2)), messageText(copy));
      const lines = [entry, { ...entry, inReplyTo: entry.thread, state: 'held' }].map((line) =>
        JSON.stringify({
          message: messageId(2),
          to: 'cccccc',
          by: 'cccccc',
          state: 'refused',
          at,
          reason,
          ...line,
        }),
      );
      write(journalFile(root, Date.now()), lines.map((line) => `\n${line}`).join(''));
    },
    run: async (words) => {
      let out = '';
      const stream = {
        isTerminal: true,
        columns: 200,
        hasUnread: false,
        stream: process.stdout,
        write: async (text: string) => {
          out += text;
        },
      } as unknown as StandardStream;
      const status = await runCli(words, {
        env: { HOME: join(root, '..'), BRIDGE_DIR: root, PROJECT_DIR: projectPath },
        cwd: () => projectPath,
        stdin: () => process.stdin,
        stdout: stream,
        stderr: stream,
        ending: { armedSignal: undefined, signal: new AbortController().signal } as unknown as Ending,
        version: '1',
      });
      return { out, status };
    },
  };
}
