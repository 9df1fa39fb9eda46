import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../../../lib/errno.ts';
import type { Proof, ProofState, TrackedText } from '../../proof.ts';

/** What every text that is looked for begins with: of all that a conversation holds, only strings with it are kept. */
const ENVELOPE = '<peer-message ';

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

/** Without O_NONBLOCK opening a pipe would wait for a writer for ever. */
const OPEN = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const LINE_BREAK = 0x0a;
const READ_CHUNK_BYTES = 1024 * 1024;
/** A line that is cut by this is no JSON and passed over. */
const RECENT_BYTES = 1024 * 1024;
/** What an attachment may be to count: it is part of what the model is sent. */
const ATTACHMENTS = new Set(['queued_command', 'hook_additional_context']);
/** A result that is offered next may belong to one of the latest calls. */
const KEPT_CALLS = 32;

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
export class ConversationProof implements Proof {
  #path: string;
  #offset: number;
  #inode: bigint | undefined;
  /** A line that has not ended yet, in the parts in which it was read. */
  #rest: Buffer[] = [];
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
    this.#rest = [];
    this.#records.clear();
  }

  get path(): string {
    return this.#path;
  }

  /** Reads what is new and tells for one text what is proved by now. */
  stateOf({ needles }: TrackedText): ProofState {
    this.#readNew();
    const records = [...this.#records.values()];
    const holders = records.filter((record) => !record.isAssistant && holdsAll(record, needles));
    const [first] = holders;
    if (first === undefined) return 'absent';
    const descent = new Descent(this.#records, {
      holders: new Set(holders.map(({ uuid }) => uuid)),
      calls: new Set(holders.flatMap((holder) => this.#toolCallOf(holder))),
    });
    const later = records.slice(records.indexOf(first) + 1).filter(({ isAssistant }) => isAssistant);
    if (records.some((record) => record.isAssistant && descent.provesBy(record))) return 'seen';
    return later.some((record) => descent.leavesOut(record)) ? 'abandoned' : 'recorded';
  }

  /** Nothing is looked for any more: what was read is forgotten. What comes next is read when it is needed. */
  reset(): void {
    this.#forget();
  }

  /**
   * Passes over what the conversation grew by while nothing was looked for, however much that is. The last part is
   * kept: the record of the call whose result is waited for stands there.
   */
  skipAhead(): void {
    const recent = sizeOf(this.#path) - RECENT_BYTES;
    if (recent <= this.#offset) return;
    this.#forget();
    this.#offset = recent;
    this.#rest = [];
  }

  /** All but the latest of what the model wrote: calls of it may still run. */
  #forget(): void {
    const latest = [...this.#records.values()].filter(({ isAssistant }) => isAssistant).slice(-KEPT_CALLS);
    this.#records.clear();
    for (const record of latest) this.#records.set(record.uuid, record);
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
      const stat = fstatSync(file, { bigint: true });
      if (!stat.isFile()) return;
      const { ino } = stat;
      const size = Number(stat.size);
      // A file that shrank or was replaced was written anew: whatever it holds is looked at from its beginning.
      const isReplaced = this.#inode !== undefined && this.#inode !== ino;
      if (isReplaced || size < this.#offset) this.follow(this.#path, 'beginning');
      this.#inode = ino;
      while (this.#offset < size) {
        const chunk = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, size - this.#offset));
        const count = readSync(file, chunk, 0, chunk.length, this.#offset);
        if (count === 0) break;
        this.#offset += count;
        this.#takeLines(chunk.subarray(0, count));
      }
    } finally {
      closeSync(file);
    }
  }

  #takeLines(chunk: Buffer): void {
    const last = chunk.lastIndexOf(LINE_BREAK);
    if (last === -1) {
      // Put together only once: a line may be much longer than a part.
      this.#rest.push(chunk);
      return;
    }
    const bytes = Buffer.concat([...this.#rest, chunk.subarray(0, last + 1)]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_BREAK); end !== -1; end = bytes.indexOf(LINE_BREAK, start)) {
      const record = parseRecord(bytes.toString('utf8', start, end));
      if (record !== undefined) this.#records.set(record.uuid, record);
      start = end + 1;
    }
    this.#rest = [Buffer.from(chunk.subarray(last + 1))];
  }
}

interface Ancestry {
  readonly hasHolder: boolean;
  /** The API messages of the calls among the ancestors whose results hold the text. */
  readonly callers: readonly (string | undefined)[];
}

const NOTHING_BEFORE: Ancestry = { hasHolder: false, callers: [] };

/** Who descends from the records that hold a text. Each record is looked at once, however long the conversation. */
class Descent {
  readonly #records: ReadonlyMap<string, ChainRecord>;
  readonly #holders: ReadonlySet<string>;
  readonly #calls: ReadonlySet<string>;
  readonly #known = new Map<string, Ancestry>();

  constructor(
    records: ReadonlyMap<string, ChainRecord>,
    { holders, calls }: { holders: ReadonlySet<string>; calls: ReadonlySet<string> },
  ) {
    this.#records = records;
    this.#holders = holders;
    this.#calls = calls;
  }

  /** Whether the model wrote it with the text before it. */
  provesBy(assistant: ChainRecord): boolean {
    const { hasHolder, callers } = this.#ancestryOf(assistant.parent);
    return hasHolder || callers.some((caller) => caller !== assistant.apiMessage);
  }

  /**
   * Whether the model wrote it without the text before it, as far as is known by now: the host may still be writing a
   * record between the two.
   */
  leavesOut(assistant: ChainRecord): boolean {
    const isSameAnswer = [...this.#calls].some(
      (call) => this.#records.get(call)?.apiMessage === assistant.apiMessage,
    );
    return !isSameAnswer && !this.provesBy(assistant);
  }

  #ancestryOf(uuid: string | undefined): Ancestry {
    const line: ChainRecord[] = [];
    const visited = new Set<string>();
    let next = uuid;
    let ancestry: Ancestry | undefined;
    while (next !== undefined && ancestry === undefined && !visited.has(next)) {
      visited.add(next);
      ancestry = this.#known.get(next);
      const record = ancestry === undefined ? this.#records.get(next) : undefined;
      if (record !== undefined) line.push(record);
      next = record?.parent;
    }
    let known = ancestry ?? NOTHING_BEFORE;
    for (const record of line.reverse()) {
      known = {
        hasHolder: known.hasHolder || this.#holders.has(record.uuid),
        callers: this.#calls.has(record.uuid) ? [...known.callers, record.apiMessage] : known.callers,
      };
      this.#known.set(record.uuid, known);
    }
    return known;
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

/**
 * 2.1.329 writes some closing tags differently into its record than they were given to it. Our own tags are not among
 * them: where one stands harmless in another message, it was that one's text, and proves nothing of this one.
 */
function canonical(text: string): string {
  return text
    .replaceAll('<\\/', '</')
    .replace(/&lt;(?!\W*peer-message)/gi, '<')
    .replaceAll('&gt;', '>');
}

/** Not by calling itself for each level: a record may be nested deeper than that goes. */
function stringsIn(value: unknown): string[] {
  const strings: string[] = [];
  const rest = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next === 'string') {
      if (next.includes(ENVELOPE)) strings.push(canonical(next));
    } else if (typeof next === 'object' && next !== null)
      for (const inner of Object.values(next)) rest.push(inner);
  }
  return strings;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, OPEN);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP') return undefined;
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
