import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, stringOr } from './json.ts';
import { waitFor } from './wait-for.ts';

/** What a `claude` process states about itself in `$HOME/.claude/sessions/<pid>.json`. */
export interface HostRegistryEntry {
  readonly pid: number;
  readonly sessionId: string;
  readonly cwd: string;
  /** `idle`, `busy`, `waiting` (see `waitingFor`), `shell`; empty when not stated yet. */
  readonly status: string;
  /** For example `permission prompt`. */
  readonly waitingFor: string;
  /** The file as it stands. */
  readonly raw: JsonObject;
}

/** The registry entry of a process, or `undefined` while there is none (or it is just being written). */
export function readHostRegistry(home: string, pid: number): HostRegistryEntry | undefined {
  const raw = readJsonFile(join(home, '.claude', 'sessions', `${pid}.json`));
  if (raw === undefined) return undefined;
  return {
    pid,
    sessionId: stringOr(raw.sessionId),
    cwd: stringOr(raw.cwd),
    status: stringOr(raw.status),
    waitingFor: stringOr(raw.waitingFor),
    raw,
  };
}

/** The conversation's transcript file, or `undefined` before its first record. */
export function findTranscript(home: string, sessionId: string): string | undefined {
  const projects = join(home, '.claude', 'projects');
  if (sessionId === '' || !existsSync(projects)) return undefined;
  return readdirSync(projects)
    .map((project) => join(projects, project, `${sessionId}.jsonl`))
    .find((path) => existsSync(path));
}

/** The records of a JSON-lines file. A last line that is still being written is left out. */
export function readRecords(path: string): readonly JsonObject[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map(parseObject)
    .filter((record) => record !== undefined);
}

/** What is looked for in a record: a text anywhere in it, or any claim about it. */
export type RecordMatch = string | RegExp | ((record: JsonObject) => boolean);

/** The first record that matches. Hosts write their transcript some time after the screen shows what it says. */
export function waitForRecord(
  read: () => readonly JsonObject[] | Promise<readonly JsonObject[]>,
  match: RecordMatch,
  { timeoutMs = 10_000 }: { timeoutMs?: number } = {},
): Promise<JsonObject> {
  let count = 0;
  const findRecord = async (): Promise<JsonObject | undefined> => {
    const records = await read();
    count = records.length;
    return records.find((record) => recordMatches(record, match));
  };
  const explain = (): string => `the transcript has ${count} records`;
  return waitFor(findRecord, { what: `a record with ${String(match)}`, timeoutMs, explain });
}

function recordMatches(record: JsonObject, match: RecordMatch): boolean {
  if (typeof match === 'function') return match(record);
  const texts = textsWithin(record);
  return texts.some((text) => (typeof match === 'string' ? text.includes(match) : text.search(match) >= 0));
}

/** Every string in a value, decoded: in its JSON form quotes and line breaks would be escaped. */
function textsWithin(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsWithin);
  return isJsonObject(value) ? Object.values(value).flatMap(textsWithin) : [];
}

function readJsonFile(path: string): JsonObject | undefined {
  try {
    return parseObject(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Parses one JSON object; torn or foreign text gives `undefined`. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
