import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { errnoOf } from '../../src/lib/errno.ts';
import type { MessageId } from '../../src/protocol/ids.ts';
import { bundled, cleanEnv } from '../fixtures/run-program.ts';
import type { Transcript } from '../unit/agents/claude-code/live/transcript.ts';
import { type FakeHost, fakeHost } from '../unit/attendant/fake-host.ts';
import { PlayedModel } from './played-model.ts';
import type { RoundBench } from './round.ts';
import { STOP_MARK } from './words.ts';

const ATTENDANT = resolve(import.meta.dirname, '../../plugin/dist/attendant.js');
/** Compiled once for all rounds; the home of a round has no cache. */
const COMPILE_CACHE = resolve(import.meta.dirname, '../../.cache');
const CONVERSATION = 'c-1';

/**
 * A session of Claude Code that a round plays, with the plugin's attendant as a process of its own: its registry, its
 * hooks, its inbox socket and its record of the conversation are as the host has them. It takes no step by itself.
 */
export class PlayedSession {
  readonly host: FakeHost;
  readonly model: PlayedModel;
  readonly #bench: RoundBench;
  readonly #transcript: Transcript;
  readonly #arrived: string[] = [];
  #client: Client | undefined;
  #pid = 0;
  #died = false;
  #stderr = '';

  constructor(bench: RoundBench) {
    this.#bench = bench;
    const socket = join(bench.folder, `${process.pid}.sock`);
    this.host = fakeHost(bench.lifetime, {
      home: bench.folder,
      conversation: CONVERSATION,
      env: { CLAUDE_CODE_MESSAGING_SOCKET: socket, CLAUDE_CODE_MESSAGING_TOKEN: 'token' },
    });
    this.#transcript = this.host.transcript();
    this.model = new PlayedModel(bench, this.#transcript);
    const server = listenAt(socket, (text) => this.#arrived.push(text));
    bench.lifetime.after(() => server.close());
    bench.lifetime.after(() => this.close());
  }

  /** Whether the attendant is there. */
  get isAttended(): boolean {
    return this.#client !== undefined && !this.#died;
  }

  /** What the attendant said on standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Starts the attendant; it may die at the operation on mail that `at` counts to, also before it has said a word. */
  async attend(at: number | undefined): Promise<void> {
    this.#bench.stage = 'the start of an attendant';
    const env = cleanEnv({
      ...(this.host.env as Record<string, string>),
      ...this.#bench.faultEnv(at),
      XDG_CACHE_HOME: COMPILE_CACHE,
    });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['--import', bundled('fault-preload.ts'), ATTENDANT],
      env,
      cwd: this.host.project,
      stderr: 'pipe',
    });
    transport.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString('utf8')));
    const client = new Client({ name: 'claude-code', version: '2.1.329' });
    this.#died = false;
    this.#stderr = '';
    this.#client = client;
    const death = Promise.withResolvers<never>();
    const onclose = (): void => {
      if (this.#client === client) this.#died = true;
      death.reject(new Error('the attendant has ended'));
    };
    Object.assign(client, { onclose });
    death.promise.catch(() => undefined);
    try {
      // By itself the library waits for ever for a dead server to take its last line.
      await Promise.race([client.connect(transport), death.promise]);
    } catch (error) {
      await this.#mustBeDead(error);
    }
    this.#pid = transport.pid ?? 0;
  }

  /** Kills the attendant from outside; resolves once it is gone. */
  async kill(): Promise<void> {
    if (!this.isAttended) return;
    this.#signal('SIGKILL');
    await this.#diesWithin(10_000);
  }

  /** Suspends the attendant, as a machine that sleeps does, and wakes it again; `meanwhile` others work. */
  async suspend(meanwhile: () => Promise<void>): Promise<void> {
    if (!this.isAttended) return;
    this.#signal('SIGSTOP');
    await meanwhile();
    this.#signal('SIGCONT');
  }

  /** The person says something, and a turn runs to its end. */
  async turn(): Promise<void> {
    this.host.register({ status: 'busy' });
    await this.#prompt('go on', (text) => this.#transcript.prompt(text));
    for (let step = this.#bench.random.below(3); step > 0; step -= 1) await this.#batch();
    await this.#stop();
  }

  /** What came by the socket starts a turn, or is taken up in one. */
  async takeArrived(): Promise<void> {
    for (const text of this.#arrived.splice(0)) {
      this.host.register({ status: 'busy' });
      await this.#prompt(text, (words) => this.#transcript.peerMessage(words));
      await this.#stop();
    }
  }

  /** The model calls a tool of ours; what comes back is its result. */
  async use(name: string, input: Record<string, unknown>): Promise<string | undefined> {
    const id = this.#transcript.call(`toolu_${name}`);
    const text = await this.#call(name, input);
    if (text !== undefined) this.model.shown(text, (words) => this.#transcript.toolResult(id, words));
    return text;
  }

  /** Reads what is too long for one text, and answers what was asked. */
  async work(): Promise<void> {
    for (const { id, page } of this.model.toRead.splice(0)) await this.use('inbox', { id, page });
    for (const id of this.model.toAnswer.splice(0)) await this.#reply(id);
  }

  /** Ends the session as the host does: the attendant has half a second to leave its seat, then it is killed. */
  async close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#bench.stage = 'the end of an attendant';
    for (const [signal, graceMs] of ENDING) {
      if (this.#died || this.#pid === 0) break;
      this.#signal(signal);
      if (signal === 'SIGKILL') this.#bench.ledger.kills.attendant += 1;
      await this.#diesWithin(graceMs);
    }
    this.#client = undefined;
    this.#bench.stage = 'the close of the connection';
    await client.close();
    this.#bench.stage = 'on with the session';
    if (this.#stderr.includes(STOP_MARK)) this.#bench.ledger.kills.attendant += 1;
  }

  /** Notes a death in the ledger, once; returns whether there was one. */
  buried(): boolean {
    if (this.#client === undefined || !this.#died) return false;
    this.#client = undefined;
    this.#bench.ledger.kills.attendant += 1;
    this.host.register({ status: 'idle' });
    return true;
  }

  async #prompt(text: string, put: (text: string) => void): Promise<void> {
    const context = await this.#hook('UserPromptSubmit', text);
    this.model.shown(text, put);
    this.#shownByHook('UserPromptSubmit', context);
    this.#transcript.assistant('I go on');
  }

  async #batch(): Promise<void> {
    this.#transcript.toolResult(this.#transcript.call('toolu_bash'), 'done');
    this.#shownByHook('PostToolBatch', await this.#hook('PostToolBatch'));
    this.#transcript.assistant('I go on');
  }

  async #stop(): Promise<void> {
    const context = await this.#hook('Stop');
    if (context !== '') {
      this.#shownByHook('Stop', context);
      this.#transcript.assistant('I have read it');
      await this.#hook('Stop');
    }
    this.host.register({ status: 'idle' });
  }

  #shownByHook(event: string, context: string): void {
    if (context !== '') this.model.shown(context, (text) => this.#transcript.hookContext(event, text));
  }

  async #hook(event: string, prompt = ''): Promise<string> {
    const answer = await this.#call('hook', {
      event,
      prompt,
      conversation: CONVERSATION,
      transcript: this.#transcript.path,
      permission_mode: 'default',
      agent: '',
    });
    const parsed = JSON.parse(answer ?? '{}') as { hookSpecificOutput?: { additionalContext?: string } };
    return parsed.hookSpecificOutput?.additionalContext ?? '';
  }

  async #reply(id: MessageId): Promise<void> {
    const text = `the answer to ${id}`;
    const result = await this.#call('reply', { id, text });
    if (result !== undefined) this.model.answered(id, { text, result });
  }

  /** Undefined when there is no attendant, or it died of the call. */
  async #call(name: string, input: Record<string, unknown>): Promise<string | undefined> {
    if (!this.isAttended) return undefined;
    this.#bench.stage = `the call ${name} ${JSON.stringify(input).slice(0, 100)}`;
    try {
      const result = await this.#client?.callTool({ name, arguments: input }, { timeout: CALL_MS });
      const [block] = (result?.content ?? []) as { type: string; text?: string }[];
      return block?.text;
    } catch (error) {
      await this.#mustBeDead(error);
      return undefined;
    }
  }

  /** A call that fails although the attendant lives is a finding. */
  async #mustBeDead(error: unknown): Promise<void> {
    if (!(await this.#diesWithin(2_000)))
      this.#bench.findings.push(`the attendant failed: ${String(error)}\n${this.#stderr}`);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#pid, signal);
    } catch (error) {
      // It has ended, and this is not known here yet.
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }

  async #diesWithin(graceMs: number): Promise<boolean> {
    const deadline = performance.now() + graceMs;
    while (!this.#died && performance.now() < deadline) await sleep(5);
    return this.#died;
  }
}

const CALL_MS = 20_000;
/** How Claude Code ends its servers, and how long it waits after each signal. */
const ENDING: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 100],
  ['SIGTERM', 400],
  ['SIGKILL', 10_000],
];

/** The host's inbox socket: it answers nothing. */
function listenAt(path: string, onText: (text: string) => void): Server {
  const server = createServer((socket: Socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, message } = JSON.parse(line) as { type: string; message?: { content: string } };
        if (type === 'user' && message !== undefined) onText(message.content);
      }
    });
    // The attendant may be killed in the middle of a line.
    socket.on('error', () => socket.destroy());
  });
  return server.listen(path);
}
