import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalProcess } from '../../../src/lib/stop-process.ts';
import {
  agentContract,
  type FakeSession,
  type FakeStep,
  type FakeTurn,
  fakeAgent,
} from '../../../src/testing/index.ts';

agentContract('the scripted agent', (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'fake-'));
  const running = new Set<number>();
  t.after(() => rmSync(cwd, { recursive: true }));
  return {
    agent: fakeAgent((prompt, turn) => obey(prompt, { turn, running })),
    cwd,
    env: {},
    tools: { run: 'Shell', read: 'Look' },
    crash: (session) => (session as FakeSession).crash(),
    freeze: (session) => (session as FakeSession).freeze(),
    left: async () => [...running].join(),
  };
});

/** Does what the prompts of the contract say. */
function* obey(
  prompt: string,
  { turn, running }: { turn: FakeTurn; running: Set<number> },
): Generator<FakeStep, void, string> {
  const [, verb, rest = ''] = /^(\w+) ?([\s\S]*)$/.exec(prompt) ?? [];
  const { cwd } = turn.launch;
  const command: FakeStep = {
    tool: 'Shell',
    input: { command: rest },
    run: (signal) => shell(rest, { cwd, signal, running }),
  };
  if (verb === 'SAY') yield { say: rest };
  if (verb === 'RECALL') yield { say: [...turn.before, prompt].join('\n') };
  if (verb === 'MODEL') yield { say: turn.model ?? 'none' };
  if (verb === 'HANG') yield 'hang';
  if (verb === 'REFUSED') yield { fail: { kind: 'invalid-request', message: 'no such parameter' } };
  if (verb === 'RUN') yield { say: `RAN[${yield command}]` };
  if (verb === 'TWICE') {
    yield command;
    yield { say: `RAN[${yield command}]` };
  }
  if (verb === 'READ') {
    const text = yield { tool: 'Look', input: { path: rest }, run: () => readFileSync(rest, 'utf8') };
    yield { say: `READ[${text}]` };
  }
}

async function shell(
  command: string,
  { cwd, signal, running }: { cwd: string; signal: AbortSignal; running: Set<number> },
): Promise<string> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { pid = 0 } = child;
  running.add(pid);
  signal.addEventListener(
    'abort',
    () => {
      running.delete(pid);
      signalProcess(-pid, 'SIGKILL');
    },
    { once: true },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await once(child, 'close');
  running.delete(pid);
  return text.trimEnd();
}
