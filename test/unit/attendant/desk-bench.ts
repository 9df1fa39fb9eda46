import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConversationProof } from '../../../src/agents/claude-code/live/conversation-proof.ts';
import { MailDesk } from '../../../src/attendant/mail-desk.ts';
import { limitsFrom } from '../../../src/config/settings.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { ReceiptWriter } from '../../../src/mail/receipt-writer.ts';
import type { Draft } from '../../../src/mailbox/post.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { InboundRule, Message, PermissionClass } from '../../../src/protocol/message.ts';
import type { Attention } from '../../../src/protocol/seat.ts';
import { DAY_MS, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';
import { type Transcript, transcriptAt } from '../agents/claude-code/live/transcript.ts';

/** The mail of one seat `bbbbbb` over real folders, a peer `aaaaaa` that writes to it, and a conversation. */
export interface DeskBench extends TempRoot {
  readonly me: SeatFolder;
  readonly peer: SeatFolder;
  readonly desk: MailDesk;
  readonly transcript: Transcript;
  /** What the desk is told of the session; a test changes it. */
  readonly session: {
    conversation: string;
    attention: Attention;
    permissionClass: PermissionClass;
    rule: InboundRule;
  };
  /** Pings and ends of sessions that the desk handed on. */
  readonly control: Message[];
  /** A message of the peer to this seat: a query of the same permission class, with some keys replaced. */
  readonly mail: (draft?: Partial<Draft>) => Message;
  /** The states that the sender knows of, each with its reason or path. */
  readonly states: (message: Pick<Message, 'id'>, sender?: SeatFolder) => string[];
  /** Another owner of the same seat. */
  readonly deskOf: (generation: number) => MailDesk;
}

export function deskBench(t: TestContext): DeskBench {
  const bench = tempRoot(t);
  const [me, peer] = [bench.seat('bbbbbb'), bench.seat('aaaaaa')];
  const transcript = transcriptAt(join(bench.root, '..', 'transcripts', 'c-now.jsonl'));
  const session: DeskBench['session'] = {
    conversation: 'c-now',
    attention: 'open',
    permissionClass: 'asks',
    rule: 'parity',
  };
  const control: Message[] = [];
  const deskOf = (generation: number): MailDesk =>
    new MailDesk({
      root: bench.root,
      clock: bench.clock,
      folder: me,
      owner: { process: thisProcess(), generation },
      expiresAfterMs: 7 * DAY_MS,
      limits: limitsFrom({}),
      receipts: new ReceiptWriter({ root: bench.root, clock: bench.clock, folder: me }),
      literal: (_path, text) => text,
      proof: new ConversationProof(transcript.path),
      session: () => session,
      onControl: (message) => control.push(message),
      onSeen: () => undefined,
    });
  return {
    ...bench,
    me,
    peer,
    transcript,
    session,
    control,
    desk: deskOf(1),
    deskOf,
    mail: (draft = {}) =>
      bench.send(peer, me, {
        type: 'query',
        content: 'what broke?',
        metadata: { fromName: 'app', permissionClass: 'asks' },
        ...draft,
      }),
    states: ({ id }, sender = peer) => statesOf(sender, id).map(stateText),
  };
}

function stateText({ state, path, reason }: ReturnType<typeof statesOf>[number]): string {
  return [state, path ?? reason].filter((part) => part !== undefined).join(': ');
}

/** The ids of messages, pending or taken. */
export function idsOf(messages: readonly { readonly id: MessageId }[] | undefined): MessageId[] {
  return (messages ?? []).map(({ id }) => id);
}
