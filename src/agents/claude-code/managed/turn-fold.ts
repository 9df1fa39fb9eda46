import type {
  SDKAssistantMessage,
  SDKMessage,
  SDKResultMessage,
  SDKSystemMessage,
  SDKUserMessage,
} from '@anthropic-ai/claude-agent-sdk';
import type { ToolCall } from '../../../protocol/tool-call.ts';
import {
  type AgentFailure,
  NOTHING_SPENT,
  type Spending,
  spentBetween,
  type ToolDenial,
  type TurnFacts,
  type TurnResult,
} from '../../../protocol/turn-result.ts';
import type { AgentEvent } from '../../agent.ts';
import { apiFailure } from './api-failure.ts';

/** What one message of the host amounts to. */
export interface Folded {
  readonly events: readonly AgentEvent[];
  /** The end of a turn; `answers` names the prompts that it answers, where the host says so. */
  readonly ended?: { readonly result: TurnResult; readonly answers?: readonly string[] };
}

/**
 * Folds the messages of a session into events and results of turns. Costs are differences: the host's totals run on
 * from turn to turn, and in newer versions from what a resumed conversation has cost before.
 */
export class TurnFold {
  readonly #now: () => number;
  #total: Spending;
  #beganMs: number;
  #description = '';
  #steps = new Set<string>();
  #text = '';
  #error: string | undefined;
  #resetsAtMs: number | undefined;
  #permitted = new Map<string, ToolCall>();
  #toolsUsed: Record<string, number> = {};
  #denials = new Map<string, ToolDenial>();

  /** `total`: what the host's totals stood at before the first turn. */
  constructor({ total = NOTHING_SPENT, now }: { total?: Spending; now: () => number }) {
    this.#total = total;
    this.#now = now;
    this.#beganMs = now();
  }

  /** What is known of the running turn counts from now. */
  begin(): void {
    this.#beganMs = this.#now();
    this.#steps = new Set();
    this.#text = '';
    this.#error = undefined;
    this.#permitted = new Map();
    this.#toolsUsed = {};
    this.#denials = new Map();
  }

  /** A call that was let through: one of which nobody was asked, as of a tool that is not there, does not run. */
  permit(call: ToolCall): void {
    this.#permitted.set(call.id, call);
  }

  /** A call that was not let through: the host's own account leaves some out. */
  deny({ id, tool, input }: ToolCall, reason: string): void {
    this.#denials.set(id, { tool, input, reason });
  }

  read(message: SDKMessage): Folded {
    if (message.type === 'assistant') return { events: this.#said(message) };
    if (message.type === 'user') return { events: this.#returned(message) };
    if (message.type === 'result') return this.#ended(message);
    if (message.type === 'rate_limit_event') {
      const { status, resetsAt } = message.rate_limit_info;
      this.#resetsAtMs = status === 'rejected' ? (resetsAt ?? 0) * 1_000 : undefined;
    }
    if (message.type === 'system' && message.subtype === 'init') return { events: this.#described(message) };
    if (message.type === 'system' && message.subtype === 'api_retry') {
      const {
        attempt,
        max_retries: attempts,
        retry_delay_ms: delayMs,
        error,
        error_status: status,
      } = message;
      const failure: AgentFailure =
        status === null
          ? { kind: 'connection', message: 'The request had no answer.' }
          : apiFailure(`The request failed with status ${status}.`, { error, status });
      return { events: [{ type: 'request:retried', failure, attempt, attempts, delayMs }] };
    }
    return { events: [] };
  }

  /** What the running turn has used, given what the totals stand at. */
  soFar(total: Spending): { spent: Spending; steps: number } {
    return { spent: spentBetween(this.#total, total), steps: this.#steps.size };
  }

  /** The result of a turn that the host will say nothing more about. */
  cutOff(
    end: { status: 'interrupted' } | { status: 'failed'; failure: AgentFailure },
    total: Spending,
  ): TurnResult {
    return { ...end, ...this.#facts(this.#text, total) };
  }

  #described({ claude_code_version: version, model }: SDKSystemMessage): AgentEvent[] {
    const description = `${version} ${model}`;
    if (description === this.#description) return [];
    this.#description = description;
    return [{ type: 'session:described', version, model }];
  }

  #said({ message, parent_tool_use_id: parent, error }: SDKAssistantMessage): AgentEvent[] {
    const bySubagent = parent !== null;
    if (!bySubagent && error === undefined) this.#steps.add(message.id);
    const events: AgentEvent[] = [];
    for (const block of message.content) {
      if (block.type === 'text') {
        if (error !== undefined) this.#error = error;
        if (!bySubagent) this.#text = block.text;
        // What the host says in the model's place, such as an error of the API, the model has not said.
        if (error === undefined) events.push({ type: 'text:said', text: block.text, bySubagent });
      }
      if (block.type === 'tool_use') {
        const input = isRecord(block.input) ? block.input : {};
        const call = { id: block.id, tool: block.name, input, bySubagent };
        events.push({ type: 'tool:called', call });
      }
    }
    return events;
  }

  #returned({ message }: SDKUserMessage): AgentEvent[] {
    if (typeof message.content === 'string') return [];
    const events: AgentEvent[] = [];
    for (const block of message.content) {
      if (block.type !== 'tool_result') continue;
      const { tool_use_id: callId, is_error: isError = false } = block;
      const call = this.#permitted.get(callId);
      if (call !== undefined) {
        this.#toolsUsed[call.tool] = (this.#toolsUsed[call.tool] ?? 0) + 1;
      }
      events.push({ type: 'tool:returned', callId, text: textOf(block.content), isError });
    }
    return events;
  }

  #ended(message: SDKResultMessage): Folded {
    for (const { tool_name: tool, tool_use_id: id, tool_input: input } of message.permission_denials) {
      if (!this.#denials.has(id)) this.deny({ id, tool, input, bySubagent: false }, 'denied by the host');
    }
    const facts = this.#facts(message.subtype === 'success' ? message.result : this.#text, totalOf(message));
    const result = this.#outcome(message, facts);
    const answers = message.user_message_uuids ?? (message.user_message_uuid && [message.user_message_uuid]);
    this.begin();
    return { events: [], ended: { result, ...(answers && { answers }) } };
  }

  #outcome(message: SDKResultMessage, facts: TurnFacts): TurnResult {
    if (message.subtype === 'success' && !message.is_error) return { status: 'completed', ...facts };
    if (message.subtype === 'success') {
      const failure = this.#failed(message.result, message.api_error_status);
      return { status: 'failed', failure, ...facts };
    }
    if (message.terminal_reason?.startsWith('aborted')) return { status: 'interrupted', ...facts };
    return { status: 'failed', failure: { kind: 'other', message: message.errors.join('\n') }, ...facts };
  }

  #failed(text: string, status: number | null | undefined): AgentFailure {
    const failure = apiFailure(text, { error: this.#error, status });
    if (this.#resetsAtMs === undefined || failure.kind !== 'rate-limit') return failure;
    return { ...failure, kind: 'usage-limit', resetsAtMs: this.#resetsAtMs };
  }

  #facts(text: string, total: Spending): TurnFacts {
    const spent = spentBetween(this.#total, total);
    this.#total = total;
    return {
      text,
      steps: this.#steps.size,
      spent,
      denials: [...this.#denials.values()],
      toolsUsed: this.#toolsUsed,
      durationMs: Math.round(this.#now() - this.#beganMs),
    };
  }
}

/** The running totals that a result or the host's account of usage states. */
export function totalOf({
  total_cost_usd: costUsd,
  modelUsage,
}: {
  total_cost_usd: number;
  modelUsage: Readonly<Record<string, ModelTotals>>;
}): Spending {
  const models = Object.values(modelUsage);
  const sum = (key: keyof ModelTotals): number => models.reduce((total, model) => total + model[key], 0);
  return {
    costUsd,
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    cacheReadTokens: sum('cacheReadInputTokens'),
    cacheWriteTokens: sum('cacheCreationInputTokens'),
  };
}

interface ModelTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly cacheCreationInputTokens: number;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .flatMap((block: unknown) =>
      isRecord(block) && typeof block['text'] === 'string' ? [block['text']] : [],
    )
    .join('\n');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
