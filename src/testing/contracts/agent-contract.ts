import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Agent, AgentEvent, AgentLaunch, AgentSession } from '../../agents/agent.ts';
import type { CahootsError } from '../../protocol/errors.ts';
import type { ToolCall, ToolVerdict } from '../../protocol/tool-call.ts';
import type { Spending, TurnResult } from '../../protocol/turn-result.ts';
import { waitFor } from '../wait-for.ts';

/**
 * A coding agent whose model does what a prompt says, made by the adapter's own test:
 *
 * - `SAY <text>`: says the text.
 * - `RECALL`: says all prompts of the conversation so far, this one included, one per line.
 * - `RUN <command>`: runs the shell command by its tool, then says `RAN[<the tool's result>]`.
 * - `READ <path>`: reads the file by its tool, then says `READ[<the tool's result>]`.
 * - `TWICE <command>`: runs the command, and once that has come back runs it again, then says `RAN[…]`.
 * - `HANG`: the model never answers.
 * - `REFUSED`: the request to the model fails for good, as one with a wrong parameter.
 * - `MODEL`: says the name of the model that was asked for.
 */
export interface AgentHost {
  readonly agent: Agent;
  /** The folder that the sessions of this test work in; it exists, and is empty. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the tool calls of `RUN` and `READ` are named. */
  readonly tools: { readonly run: string; readonly read: string };
  /** Kills the session's process as with kill -9. */
  crash(session: AgentSession): void;
  /** Stops the session's process so that it answers to nothing but to being killed. */
  freeze(session: AgentSession): void;
  /** What still runs of all that was started, as text; empty when nothing does. */
  left(): Promise<string>;
}

/** Makes a host for one test; what it opens is closed by `t.after`. */
export type StartAgentHost = (t: TestContext) => Promise<AgentHost> | AgentHost;

/** Real agents start in a second, and a loaded machine may take several times that. */
const PATIENCE_MS = 60_000;

/**
 * The promises of the port `Agent`, as tests that every adapter has to pass.
 *
 * ```ts
 * agentContract('my agent', async (t) => startMyHost(t));
 * ```
 */
export function agentContract(name: string, start: StartAgentHost): void {
  suite(`${name} as an agent`, () => {
    /** A test whose sessions are closed at its end, before what the host opened. */
    function agentTest(title: string, run: (begin: Begin, host: AgentHost) => Promise<void>): void {
      test(title, async (t) => {
        const host = await start(t);
        const begun: AgentSession[] = [];
        try {
          const begin: Begin = async (launch = {}) => {
            const events: AgentEvent[] = [];
            const session = await host.agent.start({ ...plainLaunch(host, events), ...launch });
            begun.push(session);
            return { session, events };
          };
          await run(begin, host);
        } finally {
          await Promise.all(begun.map((session) => session.close({ graceMs: 1_000 })));
        }
      });
    }

    agentTest(
      'answers one prompt after the other in one conversation, and says what each took',
      async (begin) => {
        const { session, events } = await begin();
        const first = await session.run('SAY hello');
        assert.equal(first.status, 'completed');
        assert.equal(first.text, 'hello');
        assert.equal(first.steps, 1);
        assert.ok(first.spent.costUsd > 0 && first.spent.inputTokens > 0 && first.spent.outputTokens > 0);
        assert.deepEqual([first.denials, first.toolsUsed], [[], {}]);
        const said = events.filter(({ type }) => type === 'text:said');
        assert.deepEqual(said, [{ type: 'text:said', text: 'hello', bySubagent: false }]);
        const described = events.find((event) => event.type === 'session:described');
        assert.ok(described !== undefined && /\d/.test(described.version) && described.model.length > 0);
        const second = await session.run('RECALL');
        assert.deepEqual(second.text.split('\n'), ['SAY hello', 'RECALL']);
        assertAbout((await session.used()).spent, sum(first, second));
      },
    );

    agentTest(
      'hands a prompt on as it says, character by character, and adds no visible one to it',
      async (begin) => {
        const { session } = await begin();
        const prompt =
          'SAY /help @file "quoted" $HOME `cmd` \\n 日本 😀 <b>&amp;</b> {"json":1} #memory !bang';
        const { text } = await session.run(prompt);
        const words = prompt.slice('SAY '.length);
        const given = session.asGiven(prompt).slice('SAY '.length);
        assert.equal(text.slice(0, given.length), given);
        assert.equal(given.replace(/[\u200b\ufeff]/g, ''), words);
        // A sentence says so where anything was added, and stands nowhere else.
        assert.equal(text.length > given.length, given !== words);
      },
    );

    agentTest('refuses a second prompt while a turn runs, which takes no harm', async (begin) => {
      const { session } = await begin();
      const running = session.run('SAY first');
      await assert.rejects(session.run('SAY second'), code('agent-busy'));
      assert.equal((await running).text, 'first');
    });

    agentTest('runs a tool call only once it is permitted [D2]', async (begin, host) => {
      const asked: ToolCall[] = [];
      let existedBefore = true;
      const decide = async (call: ToolCall): Promise<ToolVerdict> => {
        asked.push(call);
        await new Promise((resolve) => setTimeout(resolve, 100));
        existedBefore = existsSync(join(host.cwd, 'made'));
        return { verdict: 'allow' };
      };
      const { session, events } = await begin({ decide });
      const result = await session.run('RUN echo some > made; cat made');
      assert.equal(result.text.trim(), 'RAN[some]');
      assert.equal(existedBefore, false);
      assert.equal(readFileSync(join(host.cwd, 'made'), 'utf8'), 'some\n');
      assert.deepEqual(
        asked.map(({ tool, bySubagent }) => [tool, bySubagent]),
        [[host.tools.run, false]],
      );
      assert.equal(asked[0]?.input['command'], 'echo some > made; cat made');
      assert.deepEqual(result.toolsUsed, { [host.tools.run]: 1 });
      assert.deepEqual(
        events.map(({ type }) => type).filter((type) => type !== 'session:described'),
        ['tool:called', 'tool:returned', 'text:said'],
      );
    });

    agentTest('does not run what is denied, tells the model why, and goes on [D2]', async (begin, host) => {
      const { session } = await begin({
        decide: () => ({ verdict: 'deny', reason: 'not in this house' }),
      });
      const result = await session.run('RUN echo some > made');
      assert.equal(result.status, 'completed');
      assert.match(result.text, /not in this house/);
      assert.ok(!existsSync(join(host.cwd, 'made')));
      assert.deepEqual(result.denials, [
        { tool: host.tools.run, input: result.denials[0]?.input, reason: 'not in this house' },
      ]);
      assert.deepEqual(result.toolsUsed, {});
    });

    agentTest('does not run what could not be decided [D2]', async (begin, host) => {
      const { session } = await begin({
        decide: () => {
          throw new Error('the judge is ill');
        },
      });
      const result = await session.run('RUN echo some > made');
      assert.ok(!existsSync(join(host.cwd, 'made')));
      assert.match(result.denials[0]?.reason ?? '', /the judge is ill/);
    });

    agentTest(
      'asks before it reads as well, and before what needs no asking by its own rules [D2]',
      async (begin, host) => {
        writeFileSync(join(host.cwd, 'secret'), 'the secret word');
        const asked: string[] = [];
        const { session } = await begin({
          decide: ({ tool }) => {
            asked.push(tool);
            return { verdict: 'deny', reason: 'no' };
          },
        });
        const read = await session.run(`READ ${join(host.cwd, 'secret')}`);
        assert.doesNotMatch(read.text, /the secret word/);
        const harmless = await session.run('RUN pwd');
        assert.ok(!harmless.text.includes(host.cwd));
        assert.deepEqual(asked, [host.tools.read, host.tools.run]);
      },
    );

    agentTest(
      'ends a turn with the call that is one too many, and takes the next prompt [D1]',
      async (begin, host) => {
        let calls = 0;
        const decide = (): ToolVerdict => {
          calls += 1;
          return calls === 1 ? { verdict: 'allow' } : { verdict: 'deny-and-end-turn', reason: 'enough' };
        };
        const { session } = await begin({ decide });
        const result = await session.run('TWICE echo x >> made');
        assert.equal(result.status, 'interrupted');
        assert.equal(result.denials[0]?.reason, 'enough');
        assert.equal(readFileSync(join(host.cwd, 'made'), 'utf8'), 'x\n');
        assert.equal((await session.run('SAY still here')).text, 'still here');
      },
    );

    agentTest('tells what the finished steps of a running turn have cost [D1]', async (begin) => {
      const costs: number[] = [];
      const steps: number[] = [];
      const sessions: AgentSession[] = [];
      const atOnce: number[] = [];
      const decide = async (): Promise<ToolVerdict> => {
        atOnce.push(sessions[0]?.steps ?? Number.NaN);
        const used = await sessions[0]?.used();
        costs.push(used?.turn.spent.costUsd ?? Number.NaN);
        steps.push(used?.turn.steps ?? Number.NaN);
        return { verdict: 'allow' };
      };
      const { session } = await begin({ decide });
      sessions.push(session);
      const result = await session.run('TWICE true');
      assert.deepEqual([steps, atOnce, session.steps], [[1, 2], [1, 2], 0]);
      assert.deepEqual((await session.used()).turn.steps, 0);
      const [first = 0, second = 0] = costs;
      assert.ok(
        first > 0 && second > first && result.spent.costUsd > second,
        String([...costs, result.spent.costUsd]),
      );
    });

    agentTest('is interrupted while the model thinks, and takes the next prompt', async (begin) => {
      const { session, events } = await begin();
      await session.interrupt();
      const running = session.run('HANG');
      await waitFor(() => events.length > 0, { what: 'the begin of the turn', timeoutMs: PATIENCE_MS });
      await session.interrupt();
      assert.equal((await running).status, 'interrupted');
      assert.equal((await session.run('SAY next')).text, 'next');
    });

    agentTest('is interrupted while a command runs, which ends with it [D3]', async (begin, host) => {
      const { session, events } = await begin();
      const running = session.run('RUN echo $$ > pid; sleep 60; echo late > late');
      await waitFor(() => existsSync(join(host.cwd, 'pid')), { what: 'the command', timeoutMs: PATIENCE_MS });
      await session.interrupt();
      const result = await running;
      assert.equal(result.status, 'interrupted');
      assert.ok(events.some(({ type }) => type === 'tool:called'));
      assert.equal((await session.run('SAY next')).text, 'next');
      assert.ok(!existsSync(join(host.cwd, 'late')));
      await waitFor(() => !isAlive(Number(readFileSync(join(host.cwd, 'pid'), 'utf8'))), {
        what: 'the end of the command',
        timeoutMs: PATIENCE_MS,
      });
    });

    agentTest('says why a request failed for good, and takes the next prompt', async (begin) => {
      const { session } = await begin();
      const result = await session.run('REFUSED');
      assert.ok(result.status === 'failed', JSON.stringify(result));
      assert.equal(result.failure.kind, 'invalid-request');
      assert.ok(result.failure.message.length > 0);
      assert.equal((await session.run('SAY next')).text, 'next');
    });

    agentTest('changes the model for the next turn', async (begin) => {
      const { session } = await begin({ model: 'claude-sonnet-4-5' });
      assert.match((await session.run('MODEL')).text, /sonnet/);
      await session.setModel('claude-opus-4-5');
      assert.match((await session.run('MODEL')).text, /opus/);
    });

    agentTest('goes on in a conversation, and counts only what it spends itself', async (begin) => {
      const first = await begin();
      const before = await first.session.run('SAY one');
      await first.session.close();
      const conversation = first.session.conversation;
      const second = await begin({ conversation, resume: { from: conversation, fork: false } });
      assert.equal(second.session.conversation, conversation);
      const result = await second.session.run('RECALL');
      assert.deepEqual(result.text.split('\n'), ['SAY one', 'RECALL']);
      assertAbout((await second.session.used()).spent, result.spent);
      assert.ok(result.spent.costUsd < before.spent.costUsd * 1.9, `${result.spent.costUsd} is of one turn`);
    });

    agentTest('goes on in a copy of a conversation, which itself stays as it is', async (begin) => {
      const first = await begin();
      await first.session.run('SAY one');
      const from = first.session.conversation;
      const fork = await begin({ resume: { from, fork: true } });
      assert.notEqual(fork.session.conversation, from);
      assert.deepEqual((await fork.session.run('RECALL')).text.split('\n'), ['SAY one', 'RECALL']);
      assert.deepEqual((await first.session.run('RECALL')).text.split('\n'), ['SAY one', 'RECALL']);
      const again = await begin({
        conversation: fork.session.conversation,
        resume: { from: fork.session.conversation, fork: false },
      });
      assert.match((await again.session.run('RECALL')).text, /^SAY one\nRECALL\nRECALL$/);
    });

    agentTest(
      'is not started in a conversation or folder that is not there, and leaves nothing',
      async (begin, host) => {
        const resume = { from: randomUUID(), fork: false };
        await assert.rejects(begin({ resume }), code('conversation-unknown'));
        await assert.rejects(begin({ cwd: join(host.cwd, 'not-there') }), code('folder-missing'));
        assert.equal(await host.left(), '');
      },
    );

    agentTest('is given up while it starts, and leaves nothing [D3]', async (begin, host) => {
      const [before, meanwhile] = [AbortSignal.abort(), AbortSignal.timeout(1)];
      await assert.rejects(begin({ signal: before }), code('cancelled'));
      await assert.rejects(begin({ signal: meanwhile }), code('cancelled'));
      assert.equal(await host.left(), '');
    });

    agentTest(
      'whose process dies in a turn settles it, says so, and leaves no command behind [M3] [D3]',
      async (begin, host) => {
        const { session } = await begin();
        const running = session.run('RUN echo > begun; sleep 60');
        await waitFor(() => existsSync(join(host.cwd, 'begun')), {
          what: 'the command',
          timeoutMs: PATIENCE_MS,
        });
        assert.equal(session.hasEnded, false);
        host.crash(session);
        const result = await running;
        assert.equal(session.hasEnded, true);
        assert.ok(
          result.status === 'failed' && result.failure.kind === 'agent-ended',
          JSON.stringify(result),
        );
        assert.equal((await session.ended).cause, 'crashed');
        assert.equal(await host.left(), '');
        await assert.rejects(session.run('SAY more'), code('agent-ended'));
        await session.interrupt();
        assert.equal((await session.close()).cause, 'crashed');
        assert.ok((await session.used()).spent.costUsd >= 0);
      },
    );

    agentTest(
      'is closed in the middle of a turn, which settles it, and leaves nothing [M3] [D3]',
      async (begin, host) => {
        const { session } = await begin();
        const running = session.run('RUN echo > begun; sleep 60');
        await waitFor(() => existsSync(join(host.cwd, 'begun')), {
          what: 'the command',
          timeoutMs: PATIENCE_MS,
        });
        const [exit, again] = await Promise.all([session.close({ graceMs: 500 }), session.close()]);
        assert.deepEqual(exit, again);
        assert.equal(exit.cause, 'closed');
        assert.notEqual((await running).status, 'completed');
        assert.equal(await host.left(), '');
      },
    );

    agentTest(
      'that answers to nothing is ended all the same, by an interrupt and by a close [M3] [D3]',
      async (begin, host) => {
        const first = await begin();
        const running = first.session.run('HANG');
        host.freeze(first.session);
        await first.session.interrupt({ graceMs: 500 });
        assert.equal((await running).status, 'interrupted');
        const second = await begin();
        host.freeze(second.session);
        await assert.rejects(
          second.session.setModel('claude-opus-4-5', { answerMs: 300 }),
          code('wait-timeout'),
        );
        assert.equal((await second.session.close({ graceMs: 300 })).signal, 'SIGKILL');
        assert.equal(await host.left(), '');
      },
    );

    agentTest(
      'is ended with all that it started when it was left by whoever owned it [D3]',
      async (begin, host) => {
        const { session } = await begin();
        const running = session.run('RUN echo > begun; sleep 60');
        await waitFor(() => existsSync(join(host.cwd, 'begun')), {
          what: 'the command',
          timeoutMs: PATIENCE_MS,
        });
        await host.agent.endLeftovers([randomUUID()]);
        assert.notEqual(await host.left(), '');
        await host.agent.endLeftovers([randomUUID(), session.conversation]);
        assert.equal((await running).status, 'failed');
        assert.equal(await host.left(), '');
      },
    );

    agentTest('is not disturbed by a listener that throws', async (begin) => {
      const { session } = await begin({
        onEvent: () => {
          throw new Error('the listener fell over');
        },
      });
      assert.equal((await session.run('SAY hello')).text, 'hello');
      assert.equal((await session.run('SAY again')).text, 'again');
    });
  });
}

interface Begun {
  readonly session: AgentSession;
  readonly events: AgentEvent[];
}

/** Starts a session of the test; what is given goes over a launch that permits everything. */
type Begin = (launch?: Partial<AgentLaunch>) => Promise<Begun>;

function plainLaunch({ cwd, env }: AgentHost, events: AgentEvent[]): AgentLaunch {
  return {
    cwd,
    env,
    mode: 'act',
    skillsRunCommands: true,
    conversation: randomUUID(),
    decide: () => ({ verdict: 'allow' }),
    onEvent: (event) => events.push(event),
  };
}

function code(expected: CahootsError['code']): (error: unknown) => boolean {
  return (error) => {
    assert.equal((error as CahootsError).code, expected);
    return true;
  };
}

function sum(...results: readonly TurnResult[]): Spending {
  const of = (key: keyof Spending): number => results.reduce((total, { spent }) => total + spent[key], 0);
  return {
    costUsd: of('costUsd'),
    inputTokens: of('inputTokens'),
    outputTokens: of('outputTokens'),
    cacheReadTokens: of('cacheReadTokens'),
    cacheWriteTokens: of('cacheWriteTokens'),
  };
}

/** The same but for the last digits of a sum of floating-point numbers. */
function assertAbout(actual: Spending, expected: Spending): void {
  const rounded = (spending: Spending): Spending => ({
    ...spending,
    costUsd: Math.round(spending.costUsd * 1e9),
  });
  assert.deepEqual(rounded(actual), rounded(expected));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
