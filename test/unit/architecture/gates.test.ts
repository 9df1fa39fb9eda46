import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { circlesIn, filesWith, unusedExports } from './gates.ts';
import { readSources, toSource } from './source-files.ts';

const sources = await readSources('src');
const users = [...sources, ...(await readSources('scripts'))];

/** The modules by which a program can be started. */
const PROGRAM_STARTERS: ReadonlySet<string> = new Set([
  'node:child_process',
  'node:cluster',
  '@lydell/node-pty',
]);
/** Every place that starts a program. A new one is listed with its reason: what it runs in, and with whose rights. */
const STARTS_PROGRAMS: Readonly<Record<string, string>> = {
  'src/agents/claude-code/managed/claude-process.ts':
    'the claude of a managed session, in its folder, with the variables that it is given',
  'src/daemon-link/daemon-client.ts': 'the daemon, detached, in no project folder',
  'src/daemon/life/watchdog.ts': 'a shell that waits for the end of the daemon',
  'src/installer/run-program.ts': 'claude and node, for setup and doctor, in no project folder',
  'src/lib/live-processes.ts': 'ps, where the system has no /proc',
  'src/testing/claude-binary.ts': 'test bench: asks a claude for its version',
  'src/testing/headless-claude.ts': 'test bench: the type of a child alone',
  'src/testing/optional-import.ts': 'test bench: loads the library of the pseudo-terminal',
  'src/testing/spawn-claude.ts': 'test bench: a claude in a clean home',
  'src/testing/terminal.ts': 'test bench: a pseudo-terminal',
};
/** Every place that ends processes. */
const ENDS_PROCESSES: Readonly<Record<string, string>> = {
  'src/agents/claude-code/managed/claude-process.ts': 'its own child, and what carries its mark',
  'src/lib/live-processes.ts': 'signal 0: whether a process lives',
  'src/lib/process-identity.ts': 'signal 0: whether a process lives',
  'src/lib/stop-process.ts': 'the one ladder',
  'src/testing/clean-home.ts': 'test bench: what runs in its home',
  'src/testing/contracts/agent-contract.ts': 'test bench: the session of the test',
  'src/testing/headless-claude.ts': 'test bench: its own claude',
  'src/testing/interactive-claude.ts': 'test bench: its own claude',
  'src/testing/run-claude.ts': 'test bench: its own claude',
};
/** Every place that records what became of a message. */
const RECORDS_RECEIPTS: Readonly<Record<string, string>> = {
  'src/mail/receipt-writer.ts': 'the one place for a seat',
  'src/mailbox/inbox.ts': 'an expiry, which the mailbox finds by itself',
};
/** Exports that only tests use, each with what they are for there. */
const FOR_TESTS: ReadonlySet<string> = new Set([
  // The plugin's files are compared with what the hooks read.
  'src/agents/claude-code/live/hooks.ts: hookInput',
  'src/agents/claude-code/live/hooks.ts: HOOK_MOMENTS',
  'src/agents/claude-code/live/host-session.ts: WAKE_TRIGGER',
  // Bounds that a test has to reach.
  'src/attendant/offer-book.ts: MAX_OFFERS',
  'src/lib/json-lines.ts: MAX_LINE_BYTES',
  'src/mail/offer-text.ts: MAX_INLINE_CHARACTERS',
  // Every value is tried.
  'src/protocol/message.ts: PERMISSION_CLASSES',
  // Steps of a larger whole that are tried alone.
  'src/demo/timeline.ts: inReadingOrder',
  'src/demo/timeline.ts: stepLines',
  'src/directory/peers.ts: stateOf',
  'src/directory/shell-seat.ts: findShellSeat',
  'src/protocol/seat.ts: seatRecordSchema',
]);

suite('the gates', () => {
  test('no files import each other in a circle, types included', () => {
    assert.deepEqual(circlesIn(sources), []);
  });

  test('every exported value has an importer or is public', () => {
    const unused = unusedExports(sources, users).filter((found) => !FOR_TESTS.has(found));
    assert.deepEqual(unused, []);
  });

  test('every place that starts a program is known, with its reason', () => {
    const found = sources
      .filter(({ imports }) => imports.some(({ specifier }) => PROGRAM_STARTERS.has(specifier)))
      .map(({ path }) => path);
    assert.deepEqual(found, Object.keys(STARTS_PROGRAMS).sort());
  });

  test('every place that ends a process is known, with its reason', () => {
    const found = filesWith(sources, /\b(?:signalProcess|stopProcess)\s*\(|\bprocess\s*\.\s*kill\s*\(/);
    assert.deepEqual(found, Object.keys(ENDS_PROCESSES).sort());
  });

  test('the state of a message is recorded in the known places alone', () => {
    const found = filesWith(sources, /\b(?:recordState|sendReceipt)\s*\(/);
    assert.deepEqual(
      found.filter((path) => path !== 'src/mailbox/receipts.ts'),
      Object.keys(RECORDS_RECEIPTS).sort(),
    );
  });
});

suite('the gates find', () => {
  test('a circle of two files, also one of types, and none that a lazy import closes', () => {
    const a = toSource('src/lib/a.ts', `import type { B } from './b.ts';`);
    const b = toSource('src/lib/b.ts', `import type { A } from './a.ts';`);
    assert.deepEqual(
      circlesIn([a, b]).map((circle) => circle.sort()),
      [['src/lib/a.ts', 'src/lib/b.ts']],
    );
    const lazy = toSource('src/lib/b.ts', `export const load = async () => await import('./a.ts');`);
    assert.deepEqual(circlesIn([a, lazy]), []);
  });

  test('an exported value that nothing imports', () => {
    const a = toSource(
      'src/lib/a.ts',
      'export const used = 1;\nexport function unused() {}\nexport type T = 1;',
    );
    const b = toSource('src/lib/b.ts', `import { used as mine } from './a.ts';`);
    assert.deepEqual(unusedExports([a], [a, b]), ['src/lib/a.ts: unused']);
  });
});
