import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { Wake, WakePath } from '../../agents/wake-path.ts';
import { DELIVERY_PATHS } from '../../protocol/receipt.ts';
import { waitFor } from '../wait-for.ts';

/** A live session as one wake path sees it, made by the adapter's own test. */
export interface WakeHost {
  readonly path: WakePath;
  /** What the session has taken by now, each text as the model would read it, the oldest first; takes what is there. */
  taken(): Promise<readonly string[]> | readonly string[];
  /** The session is gone from now on, with whatever it listened by. */
  vanish(): Promise<void> | void;
}

export interface WakeHostOptions {
  /** False: the session offers nothing that this path could use, and never did. */
  readonly isThere: boolean;
}

/** Starts a session for one test; what it opens is closed by `t.after`. */
export type StartWakeHost = (t: TestContext, options: WakeHostOptions) => Promise<WakeHost> | WakeHost;

/** A wake settles within two seconds; a loaded machine may take a little longer to notice. */
const SETTLE_MS = 3_000;

/**
 * The promises of the port `WakePath`, as tests that every adapter has to pass.
 *
 * ```ts
 * wakePathContract('my path', async (t, { isThere }) => startMyHost(t, isThere));
 * ```
 */
export function wakePathContract(name: string, start: StartWakeHost): void {
  suite(`${name} as a wake path`, () => {
    test('says by which path it brings a text, and how long an idle session may show nothing of it', async (t) => {
      const { path } = await start(t, { isThere: true });
      assert.ok(DELIVERY_PATHS.includes(path.path), path.path);
      assert.ok(path.settleMs > 0 && path.settleMs <= 30_000, String(path.settleMs));
    });

    test('hands a text to the session, whole and once', async (t) => {
      const host = await start(t, { isThere: true });
      assert.equal(host.path.unavailable(), undefined);
      assert.deepEqual(await settled(host.path, wakeWith(TEXT)), { ok: true });
      await hasTaken(host, 1);
      assert.ok((await host.taken())[0]?.includes(TEXT));
    });

    test('hands on every character as it is', async (t) => {
      const host = await start(t, { isThere: true });
      await settled(host.path, wakeWith(CHARACTERS));
      await hasTaken(host, 1);
      const [text = ''] = await host.taken();
      assert.ok(text.includes(CHARACTERS), JSON.stringify(text));
    });

    test('hands on the next text after the session has taken one, and never one of them twice', async (t) => {
      const host = await start(t, { isThere: true });
      for (const count of [1, 2, 3]) {
        const text = `${TEXT} number ${count}`;
        assert.deepEqual(await settled(host.path, wakeWith(text)), { ok: true });
        await hasTaken(host, count);
        assert.ok((await host.taken()).at(-1)?.includes(text));
      }
    });

    test('of several texts at the same moment hands on whole ones, and says of each whether it was taken', async (t) => {
      const host = await start(t, { isThere: true });
      const texts = ['one', 'two', 'three'].map((word) => `<${word}>${word.repeat(5_000)}</${word}>`);
      const results = await Promise.all(texts.map((text) => settled(host.path, wakeWith(text))));
      const taken = texts.filter((_, index) => results[index]?.ok);
      assert.ok(taken.length > 0);
      await hasTaken(host, taken.length);
      const got = await host.taken();
      for (const text of taken) assert.equal(got.filter((one) => one.includes(text)).length, 1);
    });

    test('hands a long text on whole, or says that it does not', async (t) => {
      const host = await start(t, { isThere: true });
      for (const length of [9_000, 80_000, 2 * 1024 * 1024]) {
        const text = `<long>${'ü'.repeat(length / 2)}</long>`;
        const before = (await host.taken()).length;
        const result = await settled(host.path, wakeWith(text));
        if (length === 9_000) assert.deepEqual(result, { ok: true }, 'what fits into one turn fits');
        if (!result.ok) assert.ok(result.reason.length > 0);
        await hasTaken(host, before + Number(result.ok));
        if (result.ok) assert.ok((await host.taken()).at(-1)?.includes(text));
      }
    });

    test('says why it cannot be used where the session offers nothing, and hands nothing on', async (t) => {
      const host = await start(t, { isThere: false });
      assert.ok((host.path.unavailable() ?? '').length > 0);
      const result = await settled(host.path, wakeWith(TEXT));
      assert.ok(!result.ok && result.reason.length > 0);
      assert.deepEqual(await host.taken(), []);
      assert.doesNotThrow(() => host.path.withdraw?.());
    });

    test('[M3] settles with a reason, and throws nothing, when the session is gone', async (t) => {
      const host = await start(t, { isThere: true });
      await host.vanish();
      const result = await settled(host.path, wakeWith(TEXT));
      assert.ok(!result.ok && result.reason.length > 0);
      assert.doesNotThrow(() => host.path.withdraw?.());
      assert.doesNotThrow(() => host.path.unavailable());
    });

    test('[M2] takes back a text that the session has not taken, where it can do that at all', async (t) => {
      const host = await start(t, { isThere: true });
      if (host.path.withdraw === undefined) return;
      host.path.withdraw();
      await settled(host.path, wakeWith(`${TEXT} too late`));
      host.path.withdraw();
      host.path.withdraw();
      assert.deepEqual(await host.taken(), []);
      assert.equal(host.path.unavailable(), undefined);
      assert.deepEqual(await settled(host.path, wakeWith(TEXT)), { ok: true });
      await hasTaken(host, 1);
      host.path.withdraw();
      assert.equal((await host.taken()).length, 1);
    });
  });
}

const TEXT =
  '<peer-message id="msg-000000000001" type="query" from="app (aaaaaa)">\nwhat broke?\n</peer-message>';
const CHARACTERS =
  '"quoted" \'single\' back\\slash $HOME `cmd` %s ü 日本 😀 👩‍👩‍👧 \t tab &amp; <b> {"json":1} \\n \\u0000\nline\n\n last';

function wakeWith(text: string): Wake {
  return { text, messages: [], conversation: 'c-1', fromName: 'app', fromMode: 'prompting' };
}

async function settled(path: WakePath, wake: Wake): ReturnType<WakePath['wake']> {
  const startedMs = performance.now();
  const result = await path.wake(wake);
  assert.ok(performance.now() - startedMs < SETTLE_MS, 'it settles within two seconds');
  return result;
}

/** Waits until the session has taken so many texts; more than that never come. */
async function hasTaken(host: WakeHost, count: number): Promise<void> {
  await waitFor(async () => (await host.taken()).length >= count, { what: `${count} texts at the session` });
  assert.equal((await host.taken()).length, count);
}
