import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, stringOr } from './json.ts';

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
