import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../lib/errno.ts';

/** What the conversation's record shows of an offered text. */
export type ProofState = 'absent' | 'recorded' | 'seen';

export interface TrackedText {
  /** Every one of these must stand in one record of the main conversation. */
  readonly needles: readonly string[];
}

interface ChainRecord {
  readonly uuid: string;
  readonly parent: string | undefined;
  /** Whether the model wrote it: the host writes errors of its own in the model's place. */
  readonly isAssistant: boolean;
  readonly isToolResult: boolean;
  /** The API message that an assistant record is a part of: parallel tool calls are several records of one. */
  readonly apiMessage: string | undefined;
  readonly strings: readonly string[];
}

const READ_CHUNK_BYTES = 1024 * 1024;
/** A line that is cut by this is no JSON and passed over. */
const RECENT_BYTES = 1024 * 1024;
/** What an attachment may be to count: it is part of what the model is sent. */
const ATTACHMENTS = new Set(['queued_command', 'hook_additional_context']);

/**
 * Proves from Claude Code's own record of a conversation that the model has seen a text.
 *
 * Proof is an `assistant` record of the main chain with a record among its ancestors that holds the whole text. A record
 * of a tool's result may lie on a side branch when several tools ran at once; it then counts by the call it belongs to.
 * What the host writes in the model's place, such as an error of the API, is not the model's.
 * Records that only tell that something was queued, or what a hook printed, prove nothing: they are written before the
 * model is asked, and also when it never is (seen with 2.1.197 and 2.1.329). The order of lines is not the order of the
 * conversation, so only `parentUuid` is followed.
 */
export class ConversationProof {
  #path: string;
  #offset: number;
  #inode: bigint | undefined;
  #rest = Buffer.alloc(0);
  readonly #records = new Map<string, ChainRecord>();

  /** Looks at what is appended to `path` from now on; the file need not exist yet. */
  constructor(path: string) {
    this.#path = path;
    this.#offset = sizeOf(path);
  }

  /** Goes on with another file, from its beginning or from its present end; forgets the old one. */
  follow(path: string, from: 'beginning' | 'end'): void {
    if (path === this.#path && from === 'end') return;
    this.#path = path;
    this.#offset = from === 'end' ? sizeOf(path) : 0;
    this.#inode = undefined;
    this.#rest = Buffer.alloc(0);
    this.#records.clear();
  }

  get path(): string {
    return this.#path;
  }

  /** Reads what is new and tells for one text what is proved by now. */
  stateOf({ needles }: TrackedText): ProofState {
    this.#readNew();
    const holders = [...this.#records.values()].filter(
      (record) => !record.isAssistant && holdsAll(record, needles),
    );
    if (holders.length === 0) return 'absent';
    const holderIds = new Set(holders.map(({ uuid }) => uuid));
    const callIds = new Set(holders.flatMap((holder) => this.#toolCallOf(holder)));
    for (const record of this.#records.values()) {
      if (record.isAssistant && this.#follows(record, holderIds, callIds)) return 'seen';
    }
    return 'recorded';
  }

  /** Nothing is looked for any more: what was read is forgotten, what comes next is read from here on. */
  reset(): void {
    this.#records.clear();
    this.#rest = Buffer.alloc(0);
    this.#offset = sizeOf(this.#path);
  }

  /**
   * Passes over what the conversation grew by while nothing was looked for, however much that is. The last part is
   * kept: the record of the call whose result is waited for stands there.
   */
  skipAhead(): void {
    const recent = sizeOf(this.#path) - RECENT_BYTES;
    if (recent <= this.#offset) return;
    this.#records.clear();
    this.#rest = Buffer.alloc(0);
    this.#offset = recent;
  }

  #follows(assistant: ChainRecord, holders: ReadonlySet<string>, calls: ReadonlySet<string>): boolean {
    const visited = new Set<string>();
    let current = assistant.parent === undefined ? undefined : this.#records.get(assistant.parent);
    while (current !== undefined && !visited.has(current.uuid)) {
      if (holders.has(current.uuid)) return true;
      if (calls.has(current.uuid) && current.apiMessage !== assistant.apiMessage) return true;
      visited.add(current.uuid);
      current = current.parent === undefined ? undefined : this.#records.get(current.parent);
    }
    return false;
  }

  /** The assistant record with the call whose result this record is: only a result shares the fate of its call. */
  #toolCallOf(holder: ChainRecord): string[] {
    if (!holder.isToolResult) return [];
    const parent = holder.parent === undefined ? undefined : this.#records.get(holder.parent);
    return parent?.isAssistant ? [parent.uuid] : [];
  }

  #readNew(): void {
    const file = openIfThere(this.#path);
    if (file === undefined) return;
    try {
      const { size: bytes, ino } = fstatSync(file, { bigint: true });
      const size = Number(bytes);
      // A file that shrank or was replaced was written anew: whatever it holds is looked at from its beginning.
      const isReplaced = this.#inode !== undefined && this.#inode !== ino;
      if (isReplaced || size < this.#offset) this.follow(this.#path, 'beginning');
      this.#inode = ino;
      while (this.#offset < size) {
        const chunk = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, size - this.#offset));
        const count = readSync(file, chunk, 0, chunk.length, this.#offset);
        if (count === 0) break;
        this.#offset += count;
        this.#takeLines(Buffer.concat([this.#rest, chunk.subarray(0, count)]));
      }
    } finally {
      closeSync(file);
    }
  }

  #takeLines(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      const record = parseRecord(bytes.toString('utf8', start, end));
      if (record !== undefined) this.#records.set(record.uuid, record);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
  }
}

function parseRecord(line: string): ChainRecord | undefined {
  if (line === '') return undefined;
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isObject(raw) || typeof raw['uuid'] !== 'string' || raw['isSidechain'] === true) return undefined;
  const { uuid, parentUuid, logicalParentUuid, type, message, attachment } = raw;
  const parent = typeof parentUuid === 'string' ? parentUuid : logicalParentUuid;
  const apiMessage = isObject(message) && typeof message['id'] === 'string' ? message['id'] : undefined;
  const content =
    type === 'user'
      ? message
      : type === 'attachment' && countsAsAttachment(attachment)
        ? attachment
        : undefined;
  return {
    uuid,
    parent: typeof parent === 'string' ? parent : undefined,
    isAssistant: type === 'assistant' && !isByHost(raw),
    isToolResult: type === 'user' && isObject(message) && holdsToolResult(message['content']),
    apiMessage,
    strings: content === undefined ? [] : stringsIn(content),
  };
}

/** What the host says in the model's place when a request failed or was not made. */
function isByHost({ isApiErrorMessage, message }: Record<string, unknown>): boolean {
  return isApiErrorMessage === true || (isObject(message) && message['model'] === '<synthetic>');
}

function holdsToolResult(content: unknown): boolean {
  return (
    Array.isArray(content) && content.some((block) => isObject(block) && block['type'] === 'tool_result')
  );
}

function countsAsAttachment(attachment: unknown): boolean {
  return (
    isObject(attachment) && typeof attachment['type'] === 'string' && ATTACHMENTS.has(attachment['type'])
  );
}

function holdsAll(record: ChainRecord, needles: readonly string[]): boolean {
  return (
    record.strings.length > 0 &&
    needles.every((needle) => record.strings.some((text) => text.includes(canonical(needle))))
  );
}

/** 2.1.329 writes some closing tags differently into its record than they were given to it. */
function canonical(text: string): string {
  return text.replaceAll('<\\/', '</').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [canonical(value)];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return isObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}

function sizeOf(path: string): number {
  const file = openIfThere(path);
  if (file === undefined) return 0;
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}
