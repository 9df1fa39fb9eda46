/** A fix whose test is shown to be red without it. */
export interface Fix {
  /** What a user was harmed by. */
  readonly fault: string;
  readonly file: string;
  /** The fix as it stands in the file, once. */
  readonly fixed: string;
  /** The same place as it was, or as somebody might write it again. */
  readonly broken: string;
  readonly test: string;
  /** The test that has to be red then, by its whole title. */
  readonly title: string;
}

/** Newest last. Who mends a fault that a user could meet adds it here. */
export const FIXES: readonly Fix[] = [
  {
    fault: 'a mention in mail put a file into the request',
    file: 'src/agents/claude-code/literal-text.ts',
    fixed: '.replace(MENTION, (_, before: string, ats: string) =>',
    broken: '.replace(/(?!)()()/g, (_, before: string, ats: string) =>',
    test: 'test/unit/agents/claude-code/literal-text.test.ts',
    title:
      'has nothing left in it that the host would read as a mention, keyword or command [FA1] [FA2] [X2]',
  },
  {
    fault: 'a text that begins with / ran a command',
    file: 'src/agents/claude-code/literal-text.ts',
    fixed: "mentionless.startsWith('/') ?",
    broken: "mentionless.startsWith('//') ?",
    test: 'test/unit/agents/claude-code/literal-text.test.ts',
    title:
      'has nothing left in it that the host would read as a mention, keyword or command [FA1] [FA2] [X2]',
  },
  {
    fault: 'after /clear a session was resumed in the conversation that it had left',
    file: 'src/supervisor/managed-session.ts',
    fixed: '{ ...this.record, conversation, startedIn }',
    broken: '{ ...this.record, startedIn }',
    test: 'test/unit/supervisor/managed-session.test.ts',
    title: 'follows its agent into another conversation, and goes on in that one [FA4] [D4]',
  },
  {
    fault: 'a limit was passed when no call of a tool came after it',
    file: 'src/supervisor/running-turn.ts',
    fixed: '} else this.#process.interrupt().catch(this.#options.onFault);',
    broken: '}',
    test: 'test/unit/supervisor/managed-session.test.ts',
    title: 'ends a turn whose time is up [D1]',
  },
  {
    fault: 'a command that was gone at its turn took the whole session with it',
    file: 'src/supervisor/running-turn.ts',
    fixed: 'return asCahootsError(error).message;',
    broken: 'throw asCahootsError(error);',
    test: 'test/unit/supervisor/managed-session.test.ts',
    title: 'fails a command that its agent does not know any more, and goes on with what comes after',
  },
  {
    fault: 'a live session answered the pings of a blocked peer',
    file: 'src/mail/reception.ts',
    fixed: "if (decision.kind === 'refuse') this.#refuse",
    broken: "if (decision.kind === 'refuse' && !isControl(pending)) this.#refuse",
    test: 'test/unit/mail/reception.test.ts',
    title: '[S2] lets nothing of a blocked peer through, pings and ends of sessions neither',
  },
  {
    fault: 'two sessions could answer each other’s pings for ever',
    file: 'src/mail/ping.ts',
    fixed: 'ping.inReplyTo !== null || hasJustSent(ping, { root, clock, folder })',
    broken: 'ping.inReplyTo !== null',
    test: 'test/unit/mail/ping.test.ts',
    title:
      '[S2] that names none, as those of v1 do, is answered once a minute: two never ping each other for ever',
  },
  {
    fault: 'a question that was called off stayed open when the model took its mail by itself',
    file: 'src/attendant/queries-in-hand.ts',
    fixed: "if (message.step === 'cancelled' && message.inReplyTo !== null)",
    broken: 'if (message.inReplyTo === message.id)',
    test: 'test/unit/attendant/queries-in-hand.test.ts',
    title: 'are not open any more once their sender calls them off, by whichever path that comes',
  },
];
