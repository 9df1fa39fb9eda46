import { statSync } from 'node:fs';
import type {
  McpSdkServerConfigWithInstance,
  Options,
  PermissionResult,
  Query,
  SDKControlInitializeResponse,
} from '@anthropic-ai/claude-agent-sdk';
import { Channel } from '../../../lib/channel.ts';
import { childEnvironment } from '../../../lib/child-environment.ts';
import { settlesWithin } from '../../../lib/stop-process.ts';
import { compareVersions } from '../../../lib/versions.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { ToolCall } from '../../../protocol/tool-call.ts';
import { NOTHING_SPENT, type Spending } from '../../../protocol/turn-result.ts';
import type { Agent, AgentLaunch, AgentSession, ToolServer } from '../../agent.ts';
import { ClaudeProcess, endMarked } from './claude-process.ts';
import { ClaudeSession, type HostFacts, totalSpent, type UserMessage } from './claude-session.ts';
import { conversationOnDisk, readPastConversation } from './conversation-on-disk.ts';
import { loadAgentSdk } from './load-agent-sdk.ts';
import { judgeFirst } from './tool-gate.ts';

/** The variable by which a plugin of ours knows that its session is managed, and that it has nothing to do there. */
const MANAGED_MARK = 'CAHOOTS_MANAGED';

/** How Claude Code sessions are started. */
export interface ClaudeCodeOptions {
  /** The `claude` to run, asked for at each start; the one that came with the Agent SDK where there is none. */
  readonly program?: () => string | undefined;
  /** How long a `claude` may take until it takes prompts. */
  readonly startMs?: number;
}

/** Claude Code sessions, through the Agent SDK, which is loaded with the first of them. */
export function claudeCodeAgent({ program, startMs = 60_000 }: ClaudeCodeOptions = {}): Agent {
  return {
    kind: 'claude-code',
    start: (launch) => startClaude(launch, { program: program?.(), startMs }),
    pastConversation: async (id, env) => readPastConversation(id, { env }),
    endLeftovers: async (conversations) => {
      for (const conversation of conversations) await endMarked(markOf(conversation));
    },
  };
}

async function startClaude(
  launch: AgentLaunch,
  { program, startMs }: { program: string | undefined; startMs: number },
): Promise<AgentSession> {
  checkFolder(launch.cwd);
  const env = { ...childEnvironment(launch.env), [MANAGED_MARK]: launch.conversation };
  if (launch.resume !== undefined) await conversationOnDisk(launch.resume.from, { env });
  const sdk = await loadAgentSdk(launch.env);
  requireWanted(launch.signal);
  const input = new Channel<UserMessage>();
  const started: { process?: ClaudeProcess | undefined; session?: ClaudeSession } = {};
  const query = sdk.query({
    prompt: input,
    options: {
      ...optionsOf(launch),
      env,
      ...(program !== undefined && { pathToClaudeCodeExecutable: program }),
      hooks: { PreToolUse: [{ hooks: [judgeFirst(() => started.session?.gate)] }] },
      canUseTool: (tool, toolInput, { toolUseID: id, agentID }): Promise<PermissionResult> => {
        const call: ToolCall = { id, tool, input: toolInput, bySubagent: agentID !== undefined };
        return (
          started.session?.gate.decide(call) ??
          Promise.resolve({ behavior: 'deny', message: 'Not started yet.' })
        );
      },
      spawnClaudeCodeProcess: (options) => {
        const { process, child } = ClaudeProcess.spawn(options, markOf(launch.conversation));
        started.process = process;
        return child;
      },
    },
  });
  const { total, said } = await ready(query, { startMs, started, program, signal: launch.signal });
  const { process } = started;
  if (process === undefined) throw new Error('a session is ready that has no process');
  const host = hostFacts(said);
  started.session = new ClaudeSession(launch, { query, input, process, host, total });
  return started.session;
}

/** What every process of a session has in the environment that it was started with. */
function markOf(conversation: string): string {
  return `${MANAGED_MARK}=${conversation}`;
}

/** From this version on the host takes a prompt as text where it is told to, as the Agent SDK documents. */
const KEEPS_TEXT_SINCE = '2.1.248';

/** An old host does not say which one it is. */
function hostFacts({ claude_code_version: version, commands }: SDKControlInitializeResponse): HostFacts {
  return {
    keepsText: version !== undefined && compareVersions(version, KEEPS_TEXT_SINCE) >= 0,
    commands,
  };
}

/** Settings of the session itself, which come before those of the user and of the folder. */
const WITHOUT_COMMANDS_IN_SKILLS = { disableSkillShellExecution: true } as const;

function optionsOf(launch: AgentLaunch): Options {
  const { cwd, mode, conversation, resume, model, system, tools, skillsRunCommands } = launch;
  return {
    cwd,
    permissionMode: mode === 'plan' ? 'plan' : 'default',
    settingSources: ['user', 'project', 'local'],
    ...(!skillsRunCommands && { settings: WITHOUT_COMMANDS_IN_SKILLS }),
    systemPrompt: { type: 'preset', preset: 'claude_code', ...(system !== undefined && { append: system }) },
    ...(model !== undefined && { model }),
    ...(tools !== undefined && { mcpServers: { [tools.name]: inProcess(tools) } }),
    ...(resume !== undefined && { resume: resume.from, forkSession: resume.fork }),
    // The host refuses a new id for a conversation that it continues.
    ...((resume === undefined || resume.fork) && { sessionId: conversation }),
  };
}

/** The SDK asks no more of a server than that it speaks over a transport. */
function inProcess(tools: ToolServer): McpSdkServerConfigWithInstance {
  const instance = tools as unknown as McpSdkServerConfigWithInstance['instance'];
  return { type: 'sdk', name: tools.name, instance };
}

/** Waits until the host takes prompts; what it says of itself, and what its totals stand at then. Leaves nothing behind when it does not. */
async function ready(
  query: Query,
  {
    startMs,
    started,
    program,
    signal,
  }: {
    startMs: number;
    started: { process?: ClaudeProcess | undefined };
    program: string | undefined;
    signal: AbortSignal | undefined;
  },
): Promise<{ total: Spending; said: SDKControlInitializeResponse }> {
  const told = query.initializationResult();
  let cause: unknown = new Error(`it did not take prompts within ${startMs / 1_000} s`);
  try {
    if (await settlesWithin(unlessAborted(told, signal), startMs)) {
      // A host that cannot tell counts from zero.
      const total = await unlessAborted(
        totalSpent(query).catch(() => NOTHING_SPENT),
        signal,
      );
      return { total, said: await told };
    }
  } catch (error) {
    cause = error;
  }
  told.catch(() => undefined);
  const stderr = started.process?.stderr.trim() ?? '';
  query.close();
  await started.process?.end({ afterMs: 500, graceMs: 500 });
  requireWanted(signal);
  const said = stderr || (cause instanceof Error ? cause.message : String(cause));
  throw new CahootsError('agent-start-failed', `${program ?? 'claude'} could not be started: ${said}.`, {
    remedy: 'Run it by hand in the same folder to see what it says.',
    facts: { program, stderr },
    cause,
  });
}

/** Rejects once the signal is aborted, with a reason that nobody is told. */
function unlessAborted<T>(told: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return told;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('given up'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    told.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function requireWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new CahootsError('cancelled', 'The start of the session was given up.', {
    remedy: 'Start it again.',
  });
}

/** The host's own message for a folder that is not there speaks of a C library. */
function checkFolder(cwd: string): void {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new CahootsError('folder-missing', `There is no folder ${cwd}.`, {
    remedy: 'Name the folder that the session is to work in.',
    facts: { folder: cwd },
  });
}
