import { setImmediate } from 'node:timers/promises';
import type { HookCallback, PermissionResult } from '@anthropic-ai/claude-agent-sdk';
import type { ToolCall, ToolVerdict } from '../../../protocol/tool-call.ts';
import type { AgentLaunch } from '../../agent.ts';
import { literalInput } from './literal-input.ts';
import type { TurnFold } from './turn-fold.ts';

export interface ToolGateOptions {
  /** Who decides about a call. */
  readonly decide: AgentLaunch['decide'];
  readonly fold: Pick<TurnFold, 'permit' | 'deny'>;
  /** Whether the host takes what a model writes to another one as text. */
  readonly keepsText: boolean;
  /** The turn ends with this call, which is no fault of it. */
  readonly onTurnEnded: () => void;
  readonly interrupt: () => Promise<void>;
}

/**
 * Answers the host, which asks twice about each tool call: by a hook before anybody else can answer, and by its question
 * of permission. A call is judged once, unless something has changed it in between. What cannot be decided is denied.
 */
export class ToolGate {
  readonly #options: ToolGateOptions;
  /** What was permitted and is about to be asked about, as it was then, by the ids of the calls. */
  readonly #permitted = new Map<string, string>();

  constructor(options: ToolGateOptions) {
    this.#options = options;
  }

  /** A new turn begins: nothing of the last one is permitted any more. */
  clear(): void {
    this.#permitted.clear();
  }

  /** The first answer to whether a call may run; the same call is not judged again when the host asks about it. */
  async judge(call: ToolCall): Promise<PermissionResult> {
    const answer = await this.#answer(call);
    if (answer.behavior === 'allow') this.#permitted.set(call.id, JSON.stringify([call.tool, call.input]));
    return answer;
  }

  /** The answer to the host's question whether a call may run. */
  async decide(call: ToolCall): Promise<PermissionResult> {
    const permitted = this.#permitted.get(call.id);
    this.#permitted.delete(call.id);
    if (permitted === JSON.stringify([call.tool, call.input])) return this.#allow(call);
    return await this.#answer(call);
  }

  async interrupt(): Promise<void> {
    await this.#options.interrupt();
  }

  async #answer(call: ToolCall): Promise<PermissionResult> {
    const { fold, onTurnEnded } = this.#options;
    const verdict = await this.#verdict(call);
    if (verdict.verdict === 'allow') {
      fold.permit(call);
      return this.#allow(call);
    }
    fold.deny(call, verdict.reason);
    const interrupt = verdict.verdict === 'deny-and-end-turn';
    if (interrupt) onTurnEnded();
    // In a subagent the host ends that one alone, and the main conversation would go on.
    if (interrupt && call.bySubagent) void setImmediate().then(() => this.interrupt());
    return { behavior: 'deny', message: verdict.reason, ...(interrupt && { interrupt }) };
  }

  #allow(call: ToolCall): PermissionResult {
    return {
      behavior: 'allow',
      updatedInput: this.#options.keepsText ? { ...call.input } : literalInput(call),
    };
  }

  async #verdict(call: ToolCall): Promise<ToolVerdict> {
    try {
      // The answer of the model that asks for it has come; it may not have been read yet.
      await setImmediate();
      return await this.#options.decide(call);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      return { verdict: 'deny', reason: `It could not be decided whether this is permitted: ${what}` };
    }
  }
}

/**
 * Denies what is not permitted before the host asks anybody: its question of permission may be answered first by a hook
 * of the session's settings. What is permitted is asked about all the same, also where the host's own rules would let it
 * through, since another hook may have changed its input meanwhile.
 */
export function judgeFirst(gate: () => ToolGate | undefined): HookCallback {
  return async (input) => {
    if (input.hook_event_name !== 'PreToolUse') return {};
    const { tool_name: tool, tool_input: given, tool_use_id: id, agent_id: agent } = input;
    const call: ToolCall = {
      id,
      tool,
      input: (given ?? {}) as Record<string, unknown>,
      bySubagent: agent !== undefined,
    };
    const judged = gate();
    const answer = await judged?.judge(call);
    if (answer?.behavior === 'allow') {
      return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'ask' } };
    }
    // A hook cannot end a turn.
    if (answer?.interrupt === true) void setImmediate().then(() => judged?.interrupt());
    return {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason: answer?.message ?? 'Not started yet.',
      },
    };
  };
}
