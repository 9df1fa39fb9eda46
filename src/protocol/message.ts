import * as z from 'zod/mini';
import { isDeeperThan, MAX_DEPTH } from '../lib/json-depth.ts';
import { isMessageId, isSeatId, type MessageId, type SeatId } from './ids.ts';
import { describeIssues, describeSyntax } from './issues.ts';

/** Most bytes of UTF-8 that the content of one message may have: 1 MiB. */
export const MAX_CONTENT_BYTES = 1024 * 1024;
/** Most bytes of a message file: each byte of content may become six in JSON (`\u0000`), and the envelope is small. */
export const MAX_MESSAGE_FILE_BYTES = 6 * MAX_CONTENT_BYTES + 64 * 1024;
/** The version of the envelope that this program writes and the highest that it reads. */
export const MESSAGE_FORMAT = 1;

/**
 * A `progress` tells how the work stands that a query with `request` asked for. A `notice` is what a seat tells itself:
 * what became of a message that it sent, what a peer that it watches did.
 */
export const MESSAGE_TYPES = [
  'query',
  'response',
  'note',
  'ping',
  'session-ended',
  'progress',
  'notice',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What a `progress` tells: the peer has taken the work on, is at it, will not do it; or the asker calls it off. */
export const WORK_STEPS = ['accepted', 'working', 'declined', 'cancelled'] as const;
export type WorkStep = (typeof WORK_STEPS)[number];

/**
 * Whether the session that sent a message asks a person before it acts (`asks`) or skips permissions (`bypasses`).
 * A claim of the sender: processes of one user cannot prove it to each other.
 */
export const PERMISSION_CLASSES = ['asks', 'bypasses'] as const;
export type PermissionClass = (typeof PERMISSION_CLASSES)[number];

/** A host's rule for messages of other sessions; `parity` is its default: equal permission classes pass. */
export type InboundRule = 'accept' | 'hold' | 'refuse' | 'parity';

const seatId = z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' });
const messageId = z.custom<MessageId>(isMessageId, {
  error: 'expected "msg-" and twelve characters of [a-z0-9]',
});
const count = z.int().check(z.nonnegative());
const optionalCount = z.optional(count);
const text = z.string();
// One for all keys: making schemas is a good part of what a short process does.
const optionalText = z.optional(text);

const metadata = z.looseObject({
  urgency: optionalText,
  fromProject: optionalText,
  fromName: optionalText,
  fromKind: optionalText,
  fromMachine: optionalText,
  fromConversation: optionalText,
  /** The conversation that the sender had in mind; a newer one on the same seat is told so. */
  toConversation: optionalText,
  permissionClass: z.optional(z.enum(PERMISSION_CLASSES)),
  /** For a response: whether the asked conversation gave it, a newer one on its seat, or a fork of it. */
  answeredBy: z.optional(z.enum(['same', 'newer', 'fork'])),
});

/** What other processes wrote: v1's keys are needed, ours are optional, unknown ones are kept. */
export const messageSchema = z.looseObject({
  id: messageId,
  from: seatId,
  to: seatId,
  type: z.enum(MESSAGE_TYPES),
  timestamp: text,
  status: text,
  content: text,
  inReplyTo: z.nullable(messageId),
  metadata: z._default(metadata, {}),
  format: optionalCount,
  seq: optionalCount,
  expiresAfterMs: optionalCount,
  thread: z.optional(messageId),
  hops: optionalCount,
  place: optionalCount,
  expectsReply: z.optional(z.boolean()),
  /** With a query: it asks for work to be done, not only for an answer. */
  request: z.optional(z.boolean()),
  /** With a progress. */
  step: z.optional(z.enum(WORK_STEPS)),
  /** How often earlier owners put this message before the session without proof that it was seen. */
  repeat: optionalCount,
});

/**
 * One message, as it lies in a mailbox.
 *
 * `seq` counts the sender's messages from 1 and gives their order; `thread` is the id of the first message of the
 * conversation, in which this is the message number `place`; `hops` counts how many questions led to this message; `expiresAfterMs` runs from the arrival on the
 * receiver's machine.
 */
export type Message = z.infer<typeof messageSchema>;

export type ParsedMessage =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly reason: string; readonly from?: SeatId; readonly id?: MessageId };

export interface ExpectedEnvelope {
  /** The id that the file name gives. */
  readonly id: MessageId;
  /** The seat in whose mailbox it lies. */
  readonly to: SeatId;
}

/** Parses the text of a message file; never throws. A reason names the key, what was expected and what was there. */
export function parseMessage(text: string, expected: ExpectedEnvelope): ParsedMessage {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${describeSyntax(error)}` };
  }
  if (isDeeperThan(raw, MAX_DEPTH)) return { ok: false, reason: `nested more than ${MAX_DEPTH} levels deep` };
  const sender = claimedSender(raw);
  const newer = newerFormat(raw);
  if (newer !== undefined) {
    return {
      ok: false,
      reason: `format ${newer} is newer than ${MESSAGE_FORMAT}, the highest that this version reads`,
      ...sender,
    };
  }
  const parsed = messageSchema.safeParse(raw);
  if (!parsed.success)
    return { ok: false, reason: describeIssues(parsed.error.issues, { raw, root: 'message' }), ...sender };
  const message = parsed.data;
  if (message.id !== expected.id)
    return {
      ok: false,
      reason: `id: expected ${expected.id} as in the file name, got ${message.id}`,
      ...sender,
    };
  if (message.to !== expected.to)
    return { ok: false, reason: `to: expected ${expected.to}, got ${message.to}`, ...sender };
  const bytes = Buffer.byteLength(message.content);
  if (bytes > MAX_CONTENT_BYTES)
    return { ok: false, reason: `content: ${bytes} bytes, at most ${MAX_CONTENT_BYTES}`, ...sender };
  return { ok: true, message };
}

function claimedSender(raw: unknown): { from?: SeatId; id?: MessageId } {
  if (typeof raw !== 'object' || raw === null) return {};
  const from = 'from' in raw && isSeatId(raw.from) ? { from: raw.from } : {};
  const id = 'id' in raw && isMessageId(raw.id) ? { id: raw.id } : {};
  return { ...from, ...id };
}

function newerFormat(raw: unknown): number | undefined {
  if (typeof raw !== 'object' || raw === null || !('format' in raw)) return undefined;
  return typeof raw.format === 'number' && raw.format > MESSAGE_FORMAT ? raw.format : undefined;
}
