import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { placeExclusive } from '../../../src/lib/atomic-write.ts';
import { resendUnsent } from '../../../src/mailbox/post.ts';
import { foldReceipts, recordState, statesOf } from '../../../src/mailbox/receipts.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { assertNothingTorn, namesIn, placeOf } from '../../fixtures/audit.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { type Program, startProgram } from '../../fixtures/run-program.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

const MESSAGES = Number(process.env['CAHOOTS_TEST_RACE_MESSAGES'] ?? 2000);
const KILLS = Number(process.env['CAHOOTS_TEST_KILLS'] ?? 60);
const AUDIT_EVERY = 10;

/** The lines of a program that name a message, as id and number. */
function said(output: string): [MessageId, number][] {
  return output.split('\n').flatMap((line) => {
    const match = /^(msg-[a-z0-9]{12}) (\d+)$/.exec(line);
    return match === null ? [] : [[match[1] as MessageId, Number(match[2])] as [MessageId, number]];
  });
}

suite('many processes at one mailbox', { concurrency: false }, () => {
  test(`[M2] eight processes that race for ${MESSAGES} messages, some of them there twice, get each one once`, async (t) => {
    const { root, seat } = tempRoot(t);
    const folder = seat('bbbbbb');
    const stop = join(root, 'stop');
    const args = [root, 'bbbbbb', stop];
    const takers = Array.from({ length: 8 }, () => startProgram(t, 'mail-taker.ts', { args }));
    await waitFor(() => takers.every((taker) => taker.output() !== ''), {
      what: 'the start',
      timeoutMs: 30_000,
    });
    const ids = Array.from(
      { length: MESSAGES },
      (_, index) => `msg-${index.toString(36).padStart(12, '0')}` as MessageId,
    );
    const put = (id: MessageId, seq: number): void => {
      const path = join(folder.inbox, `${id}.json`);
      placeExclusive(path, messageText({ id, seq, content: 'x'.repeat(500) }), { flush: false });
    };
    for (const [seq, id] of ids.entries()) {
      put(id, seq);
      // A second copy of one that came before, be it waiting, claimed or read by now.
      const earlier = ids[seq - 40];
      if (seq % 5 === 0 && earlier !== undefined) put(earlier, seq);
    }
    writeFileSync(stop, '');
    const runs = await Promise.all(takers.map((taker) => taker.ended));
    for (const run of runs) assert.deepEqual([run.code, run.stderr], [0, '']);
    const taken = runs.flatMap((run) => said(run.stdout));
    const times = Map.groupBy(taken, ([id]) => id);
    const wrong = ids.filter((id) => times.get(id)?.length !== 1);
    assert.deepEqual(
      wrong.map((id) => [id, times.get(id)?.length, placeOf(root, folder, id)]),
      [],
    );
    assert.ok(taken.every(([, repeat]) => repeat === 0));
    for (const id of ids) assert.equal(placeOf(root, folder, id), 'read');
    assert.deepEqual([...namesIn(folder.inbox), ...namesIn(folder.claimed)], []);
  });

  test(`[M1] through ${KILLS} kills of senders and receivers at any moment every message sent is in one place and is handed out`, async (t) => {
    const temp = tempRoot(t);
    const { root, clock, seat } = temp;
    const [a, b, c] = [seat('aaaaaa'), seat('bbbbbb'), seat('cccccc')];
    const stop = join(root, 'stop');
    const roles = [
      { name: 'mail-sender.ts', args: [root, a.id, b.id, stop] },
      { name: 'mail-sender.ts', args: [root, c.id, b.id, stop] },
      { name: 'mail-taker.ts', args: [root, b.id, stop, 'all-ways'] },
      { name: 'mail-taker.ts', args: [root, b.id, stop, 'all-ways'] },
    ];
    const outputs = { sent: new Map<MessageId, string>(), taken: [] as [MessageId, number][] };
    const collect = ({ stdout, stderr }: { stdout: string; stderr: string }, role: number): void => {
      assert.equal(stderr, '');
      if (role >= 2) outputs.taken.push(...said(stdout));
      else for (const [id] of said(stdout)) outputs.sent.set(id, role === 0 ? a.id : c.id);
    };
    const start = (role: number): Program =>
      startProgram(t, roles[role]?.name ?? '', { args: roles[role]?.args ?? [] });
    const running = roles.map((_, role) => start(role));
    const audit = (): void => {
      for (const program of running) program.kill('SIGSTOP');
      for (const program of running.slice(0, 2))
        for (const [id] of said(program.output())) outputs.sent.set(id, '');
      for (const id of outputs.sent.keys()) assert.notEqual(placeOf(root, b, id), 'nowhere', id);
      for (const folder of [a, b, c]) assertNothingTorn(folder);
      for (const program of running) program.kill('SIGCONT');
    };
    for (let kills = 1; kills <= KILLS; kills += 1) {
      const role = Math.floor(Math.random() * roles.length);
      const victim = running[role];
      assert.ok(victim);
      await waitFor(() => victim.output() !== '', { what: 'its start', intervalMs: 2, timeoutMs: 30_000 });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      victim.kill('SIGKILL');
      collect(await victim.ended, role);
      running[role] = start(role);
      if (kills % AUDIT_EVERY === 0) audit();
    }
    writeFileSync(stop, '');
    for (const role of [0, 1, 2, 3]) {
      const program = running[role];
      assert.ok(program);
      const run = await program.ended;
      assert.equal(run.code, 0, run.stderr);
      collect(run, role);
    }
    for (const sender of [a, c]) resendUnsent({ root, clock }, sender);
    const last = temp.inbox(b);
    for (const { id } of last.pending()) {
      const claimed = last.claim(id);
      assert.ok(claimed);
      outputs.taken.push([id, claimed.message.repeat ?? 0]);
      last.settle(claimed);
    }
    const { sent, taken } = outputs;
    assert.ok(sent.size > KILLS / 4, `only ${sent.size} messages in all`);
    assert.deepEqual(
      namesIn(b.claimed)
        .concat(namesIn(b.inbox))
        .filter((name) => name.startsWith('msg-')),
      [],
    );
    const handedOut = Map.groupBy(taken, ([id]) => id);
    for (const id of sent.keys()) {
      assert.ok(['read', 'rejected'].includes(placeOf(root, b, id)), `${id} is ${placeOf(root, b, id)}`);
      assert.ok(handedOut.has(id), `${id} was never handed out`);
    }
    for (const [id, times] of handedOut)
      assert.ok(
        times.filter(([, repeat]) => repeat === 0).length <= 1,
        `${id}: a repeat that does not say so`,
      );
    for (const folder of [a, b, c]) assertNothingTorn(folder);
    for (const [id, from] of sent)
      if (from !== '') assert.equal(statesOf(from === a.id ? a : c, id)[0]?.state, 'accepted');
    t.diagnostic(`${sent.size} messages, ${taken.length} handed out`);
  });

  test('[M4] several processes that file the receipts of one seat, some of them killed at it, lose no state', async (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const stop = join(root, 'stop');
    const start = (): Program => startProgram(t, 'fold-loop.ts', { args: [root, a.id, stop] });
    const running = [start(), start(), start()];
    await waitFor(() => running.every((one) => one.output() !== ''), {
      what: 'the start',
      timeoutMs: 30_000,
    });
    const messages = Array.from({ length: 5 }, () => send(a, b));
    for (let i = 0; i < 400; i += 1) {
      const message = messages[i % messages.length];
      assert.ok(message);
      recordState(root, message, { state: 'offered', at: new Date(1e12 + i).toISOString(), by: b.id });
      // Some are known before they are filed, some after: never is one missing.
      const known = statesOf(a, message.id).filter(({ state }) => state === 'offered').length;
      assert.equal(known, Math.floor(i / messages.length) + 1, `after ${i}`);
      if (i % 60 === 59) {
        running[i % 3]?.kill('SIGKILL');
        running.push(start());
      }
    }
    writeFileSync(stop, '');
    await Promise.all(running.map((one) => one.ended));
    foldReceipts(a);
    assert.deepEqual(
      namesIn(a.receipts).filter((name) => name.startsWith('msg-')),
      [],
    );
    for (const { id } of messages)
      assert.equal(statesOf(a, id).filter(({ state }) => state === 'offered').length, 80);
  });
});
