import type { HookAnswer, HookCall } from '../agents/live-host.ts';
import type { MailDesk, TakenMail } from './mail-desk.ts';
import { noteOffered, type SessionParts, wakesNow } from './session-parts.ts';
import { mailForHook, takesContext } from './wake-rules.ts';

export interface HookAnswersOptions {
  readonly parts: SessionParts;
  /** Takes the session's seat, if it has none. */
  readonly takeSeat: () => void;
  /** Looks at everything once more. */
  readonly pump: () => void;
}

/** Answers the hooks of the host: with mail where this moment of the conversation can take some, else with nothing. */
export class HookAnswers {
  readonly #options: HookAnswersOptions;

  constructor(options: HookAnswersOptions) {
    this.#options = options;
  }

  /** Answers one call. Never throws: the host would show an error to the person. */
  async answer(call: HookCall): Promise<HookAnswer> {
    try {
      return await this.#answer(call);
    } catch (error) {
      this.#options.parts.onFault(error);
      return {};
    }
  }

  async #answer(call: HookCall): Promise<HookAnswer> {
    const { host, life, subagentCalls, dependencies } = this.#options.parts;
    if (call.moment === 'tool-call') {
      subagentCalls.note(call);
      return { allowsTool: true };
    }
    if (call.agent !== '') return {};
    this.#learn(call);
    if (life.isClosed || !host.takesSeat) return {};
    // What kept the session from its seat at its start may have been mended.
    if (life.desk === undefined && !life.hasLeft) this.#options.takeSeat();
    if (life.desk === undefined) return {};
    if (call.moment === 'prompt') dependencies.start();
    const hint =
      call.work === undefined ? undefined : await dependencies.lineFor(call.conversation, call.work);
    // It may have left its seat meanwhile.
    if (life.desk === undefined) return {};
    const mail = this.#mailAt(call, life.desk);
    const answer = this.#say(call, { hint, mail });
    this.#options.pump();
    return answer;
  }

  #learn(call: HookCall): void {
    const { host, activity } = this.#options.parts;
    // The end of a conversation names the one that is not shown any more.
    if (call.moment !== 'conversation-end')
      host.learn({
        conversation: call.conversation,
        transcript: call.transcript,
        permissionMode: call.permissionMode,
      });
    activity.noteHook(call.moment);
  }

  /** What the model is given at this moment; what it was given before is settled first. */
  #mailAt(call: HookCall, desk: MailDesk): TakenMail | undefined {
    const { parts } = this.#options;
    const nowMs = parts.clock.now();
    parts.life.followConversation();
    desk.settleSeen();
    desk.offers.noteTaken(call.prompt ?? '', nowMs);
    desk.offers.passBoundary(nowMs);
    if (!takesContext(call.moment)) return undefined;
    parts.waker.withdrawFailed(desk);
    const mayWake = wakesNow(parts, desk);
    const mail = mailForHook(call.moment, { desk, cap: parts.cap, nowMs, mayWake });
    mail?.confirm();
    noteOffered(parts, mail?.messages ?? []);
    return mail;
  }

  #say(
    { moment }: HookCall,
    { hint, mail }: { hint: string | undefined; mail: TakenMail | undefined },
  ): HookAnswer {
    const { notices } = this.#options.parts;
    const context = [notices.takeForModel(moment), hint, mail?.text]
      .filter((text) => text !== undefined)
      .join('\n\n');
    const notice = takesContext(moment) ? notices.takeForPerson() : '';
    return {
      ...(context === '' ? {} : { context }),
      ...(notice === '' ? {} : { notice: `cahoots: ${notice}` }),
    };
  }
}
