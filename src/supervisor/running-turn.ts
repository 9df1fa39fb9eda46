import type { AgentSession } from '../agents/agent.ts';
import type { Clock } from '../lib/clock.ts';
import { deferred } from '../lib/deferred.ts';
import type { Judge } from '../permissions/preset-judge.ts';
import { asCahootsError } from '../protocol/errors.ts';
import type { LimitReached, PromptOutcome, PromptRecord, Used } from '../protocol/managed-session.ts';
import type { ToolCall, ToolVerdict } from '../protocol/tool-call.ts';
import { NOTHING_SPENT, type TurnResult, turnsTogether } from '../protocol/turn-result.ts';
import {
  limitReached,
  limitsSpending,
  limitText,
  NOTHING_USED,
  timeLeftMs,
  usedBy,
  usedTogether,
} from './limits.ts';
import { MAX_TIMER_MS } from './plan-pause.ts';
import type { SessionLedger } from './session-ledger.ts';
import { outcomeOf, usedInTurn } from './turn-outcome.ts';

export interface RunningTurnOptions {
  readonly ledger: SessionLedger;
  readonly clock: Clock;
  readonly judge: Judge;
  readonly onFault: (error: unknown) => void;
}

export interface TurnEnd {
  /** With what was used for it so far. */
  readonly prompt: PromptRecord;
  readonly ended: PromptOutcome;
  /** Set when the plan's limit cut it off: when its allowance is there again, if that is known. */
  readonly planLimit?: { readonly resetsAtMs: number | undefined };
}

const GO_ON = 'The usage limit that cut you off has been reset. Go on where you were.';

/** One prompt that is being worked on: runs it, judges each call of it, and ends it once a limit is reached. */
export class RunningTurn {
  readonly prompt: PromptRecord;
  /** Settles once all that follows from its end is done. */
  readonly over = deferred<void>();
  readonly #options: RunningTurnOptions;
  readonly #process: AgentSession;
  readonly #startedAtMs: number;
  /** What was used for this prompt before the plan's limit cut it off. */
  readonly #before: Used;
  #reached: LimitReached | undefined;

  constructor(prompt: PromptRecord, process: AgentSession, options: RunningTurnOptions) {
    this.#options = options;
    this.#process = process;
    this.#startedAtMs = options.clock.now();
    this.#before = usedInTurn(prompt.turn);
    this.prompt = { ...prompt, startedAtMs: prompt.startedAtMs ?? this.#startedAtMs };
  }

  /** Works on the prompt until its end. Rejects when nothing can be kept any more. */
  async run(): Promise<TurnEnd> {
    const { prompt } = this;
    // One that was cut off by the plan's limit is told to go on, or a real agent would do twice what it has done.
    const text = prompt.turn !== undefined && prompt.turn.steps > 0 ? GO_ON : prompt.text;
    const asCommand = prompt.command === true && text === prompt.text;
    this.#look(NOTHING_USED);
    if (this.#reached !== undefined)
      return { prompt, ended: { outcome: 'limit-reached', reached: this.#reached } };
    // What the command stands for may have changed since it was accepted.
    const refusal = asCommand ? await this.#refusalOf(text) : undefined;
    if (refusal !== undefined)
      return { prompt, ended: { outcome: 'failed', failure: { kind: 'other', message: refusal } } };
    const stopWatch = this.#watchTime();
    const turn = await this.#process.run(text, { asCommand }).finally(stopWatch);
    this.#options.ledger.account(turn, this.#passedMs());
    return this.#endOf(turn);
  }

  /** Judges a call of this turn: by its limits first, then by the session's preset. */
  async decide(call: ToolCall): Promise<ToolVerdict> {
    const { ledger, judge } = this.#options;
    // Asking the agent for what was spent takes a moment, before every call: only where it counts.
    const spent = limitsSpending(ledger.record.limits)
      ? (await this.#process.used()).turn.spent
      : NOTHING_SPENT;
    this.#look(usedBy(spent, { turns: this.#process.steps }));
    if (this.#reached !== undefined)
      return { verdict: 'deny-and-end-turn', reason: limitText(this.#reached) };
    const verdict = await judge(call, ledger.record);
    if (verdict.verdict !== 'allow')
      ledger.note('tool:denied', { tool: call.tool, input: call.input, reason: verdict.reason });
    return verdict;
  }

  /** Why a command is not given to the agent; undefined when it is. */
  async #refusalOf(command: string): Promise<string | undefined> {
    const { ledger, judge } = this.#options;
    try {
      const verdict = await judge(await this.#process.commandCall(command), ledger.record);
      return verdict.verdict === 'allow' ? undefined : verdict.reason;
    } catch (error) {
      return asCahootsError(error).message;
    }
  }

  #endOf(turn: TurnResult): TurnEnd {
    const prompt = { ...this.prompt, turn: turnsTogether(this.prompt.turn, turn) };
    if (this.#process.hasEnded) return { prompt, ended: this.#outcomeOfEnd(turn) };
    const ended = outcomeOf(turn, this.#reached);
    if (turn.status !== 'failed' || turn.failure.kind !== 'usage-limit') return { prompt, ended };
    return { prompt, ended, planLimit: { resetsAtMs: turn.failure.resetsAtMs } };
  }

  /** Of a turn that the process ended in: what it was stopped for is not its fault. */
  #outcomeOfEnd(turn: TurnResult): PromptOutcome {
    const wasStopped = ['stopping', 'stopped'].includes(this.#options.ledger.record.state.state);
    const isCutOff = turn.status === 'failed' && turn.failure.kind === 'agent-ended';
    return wasStopped && isCutOff ? { outcome: 'interrupted' } : outcomeOf(turn, this.#reached);
  }

  /** Interrupts the turn once a limit of time is reached; until what it returns is called. */
  #watchTime(): () => void {
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      const leftMs = this.#timeLeftMs();
      if (leftMs === undefined) return;
      this.#look(NOTHING_USED);
      // A timer may be early by the clock, and none can be set for a month: it is looked at again.
      if (this.#reached === undefined) {
        timer = setTimeout(look, Math.min(Math.max(1, Math.ceil(leftMs)), MAX_TIMER_MS));
      } else this.#process.interrupt().catch(this.#options.onFault);
    };
    look();
    return () => clearTimeout(timer);
  }

  #timeLeftMs(): number | undefined {
    const { ledger } = this.#options;
    const allowedMs = timeLeftMs(ledger.record.limits, { turn: this.#before, session: ledger.used });
    return allowedMs === undefined ? undefined : allowedMs - this.#passedMs();
  }

  /** Looks whether a limit is reached now; the first one that was stays. Its time counts up to now. */
  #look(used: Used): void {
    const { ledger } = this.#options;
    const now = { ...used, minutes: this.#passedMs() / 60_000 };
    // What earlier goes at this prompt used is counted with the session already.
    this.#reached ??= limitReached(ledger.record.limits, {
      turn: usedTogether(this.#before, now),
      session: usedTogether(ledger.used, now),
    });
  }

  #passedMs(): number {
    return this.#options.clock.now() - this.#startedAtMs;
  }
}
