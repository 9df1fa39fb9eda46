import * as z from 'zod/mini';
import { isSeatId, type SeatId } from './ids.ts';
import { parseJson } from './json.ts';

const SEAT_KINDS = ['live', 'managed', 'shell'] as const;
/** Who sits on a seat: a session that a person opened, one that we started, or a person or script at a prompt. */
export type SeatKind = (typeof SEAT_KINDS)[number];

const SEAT_STATES = ['idle', 'busy', 'waiting', 'listening', 'away'] as const;
/** What the session on a seat is doing; `waiting` is for a person, `away` is nobody there. */
export type SeatState = (typeof SEAT_STATES)[number];

export const ATTENTION_LEVELS = ['open', 'quiet', 'closed'] as const;
/**
 * What may reach the session. `open`: queries wake it. `quiet`: nothing but answers to its own questions wakes it, the
 * rest comes with its next step. `closed`: queries and notes of others are held.
 */
export type Attention = (typeof ATTENTION_LEVELS)[number];

// One of each for all keys: making schemas is a good part of what a short process does.
const seatId = z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' });
const text = z.string();
const optionalText = z.optional(text);
const textOrEmpty = z._default(text, '');
const texts = z._default(z.array(text), []);
const integer = z.int();
const optionalFlag = z.optional(z.boolean());

export const processIdentitySchema = z.object({ pid: integer, start: text, host: text });

/** One of `values`. A word that a newer version has put there is taken for `other`: the rest of its record holds. */
function oneOf<Value extends string>(values: readonly Value[], other: NoInfer<Value>) {
  return z.pipe(
    text,
    z.transform((word): Value => values.find((value) => value === word) ?? other),
  );
}

/** Unknown keys are kept, so that an older program that rewrites the file does not lose a newer one's facts. */
export const seatRecordSchema = z.looseObject({
  sessionId: seatId,
  projectName: text,
  projectPath: text,
  startedAt: text,
  lastHeartbeat: text,
  status: text,
  capabilities: texts,
  name: text,
  kind: oneOf(SEAT_KINDS, 'live'),
  state: z._default(oneOf(SEAT_STATES, 'away'), 'away'),
  attention: z._default(oneOf(ATTENTION_LEVELS, 'open'), 'open'),
  machine: textOrEmpty,
  agent: optionalText,
  conversation: optionalText,
  /** Earlier conversations of this seat, newest last. */
  pastConversations: texts,
  transcript: optionalText,
  holder: z.optional(z.nullable(processIdentitySchema)),
  generation: z._default(integer, 0),
  version: optionalText,
  permissionMode: optionalText,
  /** How many turns of its session have ended since the seat was taken. */
  turns: z.optional(integer),
  deliveryPath: optionalText,
  about: optionalText,
  /** What the session's project provides to others, as `npm:my-library`. */
  packages: z.optional(z.array(text)),
  /** A seat of a session that no person started: it goes when that session ends. */
  ephemeral: optionalFlag,
  /** A shell seat that its owner left: nobody is there until it is used again. */
  stopped: optionalFlag,
  peerTurns: z.optional(
    z.looseObject({ lastHour: integer, cap: integer, times: z.optional(z.readonly(z.array(z.number()))) }),
  ),
});
/** What `seat.json` says: v1's manifest keys and ours. */
export type SeatRecord = z.infer<typeof seatRecordSchema>;

const anything = z.unknown();

/**
 * Reads what a `seat.json` says; undefined when it is no such record.
 *
 * A listing reads thousands of them. The schema takes longer than all the rest of it, so a record that it would take as
 * it is, as ours always are, is recognised without it.
 */
export function parseSeatRecord(text: string): SeatRecord | undefined {
  const raw: unknown = parseJson(text, anything);
  if (isWholeRecord(raw)) return raw;
  const parsed = seatRecordSchema.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}

const TEXTS = [
  'projectName',
  'projectPath',
  'startedAt',
  'lastHeartbeat',
  'status',
  'name',
  'machine',
] as const;
const OPTIONAL_TEXTS = [
  'agent',
  'conversation',
  'transcript',
  'version',
  'permissionMode',
  'deliveryPath',
  'about',
] as const;

/** Whether the schema would take `raw` as it is. May be false for a record that it would take, never the reverse. */
function isWholeRecord(raw: unknown): raw is SeatRecord {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return false;
  const record = raw as Readonly<Record<string, unknown>>;
  return (
    isSeatId(record['sessionId']) &&
    TEXTS.every((key) => typeof record[key] === 'string') &&
    OPTIONAL_TEXTS.every((key) => record[key] === undefined || typeof record[key] === 'string') &&
    isTextList(record['capabilities']) &&
    isTextList(record['pastConversations']) &&
    isOneOf(SEAT_KINDS, record['kind']) &&
    isOneOf(SEAT_STATES, record['state']) &&
    isOneOf(ATTENTION_LEVELS, record['attention']) &&
    Number.isSafeInteger(record['generation']) &&
    (record['holder'] === undefined || record['holder'] === null || isIdentity(record['holder'])) &&
    (record['ephemeral'] === undefined || typeof record['ephemeral'] === 'boolean') &&
    (record['packages'] === undefined || isTextList(record['packages'])) &&
    (record['stopped'] === undefined || typeof record['stopped'] === 'boolean') &&
    (record['turns'] === undefined || Number.isSafeInteger(record['turns'])) &&
    (record['peerTurns'] === undefined || isPeerTurns(record['peerTurns']))
  );
}

function isPeerTurns(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { lastHour, cap, times } = value as Readonly<Record<string, unknown>>;
  const areTimes = times === undefined || (Array.isArray(times) && times.every(Number.isFinite));
  return Number.isSafeInteger(lastHour) && Number.isSafeInteger(cap) && areTimes;
}

function isIdentity(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 3) return false;
  const { pid, start, host } = value as Readonly<Record<string, unknown>>;
  return Number.isSafeInteger(pid) && typeof start === 'string' && typeof host === 'string';
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isOneOf(values: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && values.includes(value);
}

/** The keys of a session-bridge v1 manifest that we rely on. */
export const v1ManifestSchema = z.looseObject({
  sessionId: seatId,
  projectName: z._default(text, 'unknown'),
  projectPath: textOrEmpty,
  startedAt: textOrEmpty,
  lastHeartbeat: textOrEmpty,
  status: z._default(text, 'active'),
});
export type V1Manifest = z.infer<typeof v1ManifestSchema>;

/** Most bytes of a `seat.json` or manifest that is read. */
export const MAX_SEAT_FILE_BYTES = 256 * 1024;
