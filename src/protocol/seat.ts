import * as z from 'zod/mini';
import { isSeatId, type SeatId } from './ids.ts';

export const SEAT_KINDS = ['live', 'managed', 'shell'] as const;
/** Who sits on a seat: a session that a person opened, one that we started, or a person or script at a prompt. */
export type SeatKind = (typeof SEAT_KINDS)[number];

export const SEAT_STATES = ['idle', 'busy', 'waiting', 'listening', 'away'] as const;
/** What the session on a seat is doing; `waiting` is for a person, `away` is nobody there. */
export type SeatState = (typeof SEAT_STATES)[number];

export const ATTENTION_LEVELS = ['open', 'quiet', 'closed'] as const;
/**
 * What may reach the session. `open`: queries wake it. `quiet`: nothing but answers to its own questions wakes it, the
 * rest comes with its next step. `closed`: queries and notes of others are held.
 */
export type Attention = (typeof ATTENTION_LEVELS)[number];

export const processIdentitySchema = z.object({ pid: z.int(), start: z.string(), host: z.string() });

/** Unknown keys are kept, so that an older program that rewrites the file does not lose a newer one's facts. */
export const seatRecordSchema = z.looseObject({
  sessionId: z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' }),
  projectName: z.string(),
  projectPath: z.string(),
  startedAt: z.string(),
  lastHeartbeat: z.string(),
  status: z.string(),
  capabilities: z._default(z.array(z.string()), []),
  name: z.string(),
  kind: z.enum(SEAT_KINDS),
  state: z._default(z.enum(SEAT_STATES), 'away'),
  attention: z._default(z.enum(ATTENTION_LEVELS), 'open'),
  machine: z._default(z.string(), ''),
  agent: z.optional(z.string()),
  conversation: z.optional(z.string()),
  /** Earlier conversations of this seat, newest last. */
  pastConversations: z._default(z.array(z.string()), []),
  transcript: z.optional(z.string()),
  holder: z.optional(z.nullable(processIdentitySchema)),
  generation: z._default(z.int(), 0),
  version: z.optional(z.string()),
  permissionMode: z.optional(z.string()),
  deliveryPath: z.optional(z.string()),
  about: z.optional(z.string()),
  /** A seat of a session that no person started: it goes when that session ends. */
  ephemeral: z.optional(z.boolean()),
  /** A shell seat that its owner left: nobody is there until it is used again. */
  stopped: z.optional(z.boolean()),
  peerTurns: z.optional(z.looseObject({ lastHour: z.int(), cap: z.int() })),
});
/** What `seat.json` says: v1's manifest keys and ours. */
export type SeatRecord = z.infer<typeof seatRecordSchema>;

/** The keys of a session-bridge v1 manifest that we rely on. */
export const v1ManifestSchema = z.looseObject({
  sessionId: z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' }),
  projectName: z._default(z.string(), 'unknown'),
  projectPath: z._default(z.string(), ''),
  startedAt: z._default(z.string(), ''),
  lastHeartbeat: z._default(z.string(), ''),
  status: z._default(z.string(), 'active'),
});
export type V1Manifest = z.infer<typeof v1ManifestSchema>;

/** Most bytes of a `seat.json` or manifest that is read. */
export const MAX_SEAT_FILE_BYTES = 256 * 1024;
