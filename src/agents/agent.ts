import type { ToolCall, ToolVerdict } from '../protocol/tool-call.ts';
import type { AgentFailure, Spending, TurnResult } from '../protocol/turn-result.ts';

/** Something that happened while an agent works, in the order in which it did. */
export type AgentEvent =
  /** What runs, told with the first turn and when it has changed. */
  | { readonly type: 'session:described'; readonly version: string; readonly model: string }
  /** The agent has said something, a whole block of text. */
  | { readonly type: 'text:said'; readonly text: string; readonly bySubagent: boolean }
  /** The model has asked for a tool; whether it runs is decided by `decide`. */
  | { readonly type: 'tool:called'; readonly call: ToolCall }
  /** A call has come to its end, with the text that the model is given. */
  | {
      readonly type: 'tool:returned';
      readonly callId: string;
      readonly text: string;
      readonly isError: boolean;
    }
  /** A request to the model failed, and the agent tries again after `delayMs`. */
  | {
      readonly type: 'request:retried';
      readonly failure: AgentFailure;
      readonly attempt: number;
      readonly attempts: number;
      readonly delayMs: number;
    }
  /** The agent has left its conversation for another one, as by a command that clears it; it goes on in that one. */
  | { readonly type: 'conversation:changed'; readonly conversation: string }
  /** The agent had a turn that nobody asked for: a background command of its own has ended, for example. */
  | { readonly type: 'turn:unasked'; readonly result: TurnResult };

/** Where a session goes on: in a conversation that it continues, or in a copy of one. */
export interface ResumedConversation {
  readonly from: string;
  /** True: `from` stays as it is, and the session gets a conversation of its own. */
  readonly fork: boolean;
}

/** Where an MCP server in this process reads and writes: a transport of the MCP SDK. */
export interface ToolTransport {
  start(): Promise<void>;
  send(message: never): Promise<void>;
  close(): Promise<void>;
}

/** An MCP server in this process, for one session. */
export interface ToolServer {
  /** The model sees its tools as `mcp__<name>__<tool>`. */
  readonly name: string;
  connect(transport: ToolTransport): Promise<void>;
  close(): Promise<void>;
}

/** How a session is started. */
export interface AgentLaunch {
  /** The folder that it works in, absolute. */
  readonly cwd: string;
  /** All variables of its process; nothing is inherited beside them. */
  readonly env: Readonly<Record<string, string>>;
  /** `plan`: the agent is told to plan and not to act. What it may do is decided by `decide` in both. */
  readonly mode: 'act' | 'plan';
  /** Whether shell commands in the text of a skill or command may be run by the agent itself, which asks nobody about them. */
  readonly skillsRunCommands: boolean;
  /** The id of its conversation, a UUID; that of a resumed one where it is not forked. */
  readonly conversation: string;
  readonly resume?: ResumedConversation;
  /** The agent's own default where left out. */
  readonly model?: string;
  /** Added to the agent's own system prompt. */
  readonly system?: string;
  /** Tools of ours that the session gets beside those of the agent. */
  readonly tools?: ToolServer;
  /** Aborted: the start is given up, and rejects with `cancelled`. Nothing to a session that has started. */
  readonly signal?: AbortSignal;
  /** Asked before every tool call, those of subagents included; nothing runs before it has answered. A throw denies. */
  readonly decide: (call: ToolCall) => ToolVerdict | Promise<ToolVerdict>;
  /** Told what happens. A throw is nothing to the session. */
  readonly onEvent: (event: AgentEvent) => void;
}

/** What a session has used. */
export interface AgentUse {
  /** Since it was started. */
  readonly spent: Spending;
  /** Of that, in the running turn; nothing between two turns. */
  readonly turn: { readonly spent: Spending; readonly steps: number };
}

/** A conversation that was held before. */
export interface PastConversation {
  /** The folder that it was held in, absolute. */
  readonly cwd: string;
  /** About how many tokens a next request in it would send. */
  readonly contextTokens: number;
}

/** How a session's process ended. */
export interface AgentExit {
  /** `closed`: by `close`. `crashed`: by itself or by somebody else. */
  readonly cause: 'closed' | 'crashed';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to its standard error, at most 4,000 characters. */
  readonly stderr: string;
}

/**
 * A coding agent's session in a process that is ours.
 *
 * The promise: a turn that was begun by `run` settles exactly once, and never rejects: what goes wrong with it is in its
 * result, also when the process dies. `ended` settles when the process is gone; from then on nothing is left of it, no
 * event comes, and calls reject with `agent-ended`. The contract is tested by `agentContract` of `cahoots/testing`.
 */
export interface AgentSession {
  readonly pid: number;
  /** The id of the conversation that it is in now. */
  readonly conversation: string;
  readonly ended: Promise<AgentExit>;
  /** True once the process is gone; already so when the turn settles that it was gone in. */
  readonly hasEnded: boolean;
  /**
   * Gives the agent its next prompt. One turn at a time: rejects with `agent-busy` while one runs.
   *
   * The model is given the text of {@link asGiven}, and where that differs a sentence more that says so. Nothing in it
   * opens a file, names a command, or is taken for anything else than text, whoever wrote it. With `asCommand` the text
   * is a command of the agent's own instead, which the caller has had judged.
   */
  run(prompt: string, options?: { readonly asCommand?: boolean }): Promise<TurnResult>;
  /** A text as the agent is given it in a prompt. It differs where the agent has no switch that keeps text as it is. */
  asGiven(text: string): string;
  /**
   * A command of the agent's own as a call, to be judged before it is run. Rejects with `command-unknown` for a text that
   * does not begin with a command of this session.
   */
  commandCall(text: string): Promise<ToolCall>;
  /**
   * Ends the running turn and resolves once it is over; at once when none runs. A session that does not obey within
   * `graceMs` (default 5,000) is closed by force, and its turn counts as interrupted all the same.
   */
  interrupt(options?: { graceMs?: number }): Promise<void>;
  /**
   * Changes the model from the next step on, at the latest from the next turn on; the agent's default where it is
   * undefined. Rejects with `wait-timeout` when the process does not answer within `answerMs` (default 10,000).
   */
  setModel(model: string | undefined, options?: { answerMs?: number }): Promise<void>;
  /** Answers of the model in the running turn by now; 0 between two turns. */
  readonly steps: number;
  /** What has been used by now, the running turn's finished steps included. */
  used(): Promise<AgentUse>;
  /**
   * Ends the process for certain, with everything that it started: asks, then SIGTERM, then SIGKILL, each after
   * `graceMs` (default 3,000). Idempotent.
   */
  close(options?: { graceMs?: number }): Promise<AgentExit>;
}

/** A kind of coding agent: starts sessions. */
export interface Agent {
  /** For example `claude-code`. */
  readonly kind: string;
  /**
   * Resolves when the session takes prompts. Rejects with `folder-missing`, `conversation-unknown`, `agent-missing`,
   * `agent-start-failed` or `cancelled`, and then nothing is left of it.
   */
  start(launch: AgentLaunch): Promise<AgentSession>;
  /** What is known of a conversation that was held before. Rejects with `conversation-unknown`. */
  pastConversation(id: string, env: Readonly<Record<string, string>>): Promise<PastConversation>;
  /**
   * Ends whatever still runs of sessions in those conversations that an earlier process of ours had started and did not
   * end, with everything that they started. Where the system does not tell what a process was started with (Windows)
   * nothing is found.
   */
  endLeftovers(conversations: readonly string[]): Promise<void>;
}
