import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** A process that is still there. */
export interface LiveProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly command: string;
}

interface ProcessRow extends LiveProcess {
  /** The session that the process belongs to; 0 where the system does not tell. */
  readonly sessionId: number;
  readonly environment: string;
  /** In ticks since boot; empty where the system does not tell. Tells a process from a later one with its number. */
  readonly startTime: string;
}

/** A process that was started: its number and when it started, as far as the system tells. */
export interface ProcessRoot {
  readonly pid: number;
  readonly startTime: string;
}

/** Notes a process that has just been started. */
export function rootOf(pid: number): ProcessRoot {
  return { pid, startTime: process.platform === 'linux' ? (readProcRow(pid)?.startTime ?? '') : '' };
}

/** True while the process itself lives, and not another one that got its number. */
export function isAlive({ pid, startTime }: ProcessRoot): boolean {
  if (process.platform !== 'linux') return isSignalable(pid);
  const row = readProcRow(pid);
  return row !== undefined && (startTime === '' || row.startTime === startTime);
}

/**
 * Every live process that descends from the given roots: started by them (also through several generations), in a group
 * or terminal session of theirs, or carrying `mark` in the environment that it was started with. On Linux it is read
 * from /proc; elsewhere from `ps`, where a process that left its group and lost its parent is found by `mark` alone.
 */
export async function listLiveProcesses({
  roots,
  mark,
}: {
  roots: Iterable<ProcessRoot>;
  mark: string;
}): Promise<readonly LiveProcess[]> {
  const rows = process.platform === 'linux' ? readProc() : await readPs();
  const known = knownIds(roots, rows);
  const found = new Set<ProcessRow>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const row of rows) {
      if (row.pid === process.pid || found.has(row)) continue;
      const related = [row.pid, row.parentPid, row.groupId, row.sessionId].some((id) => known.has(id));
      if (!related && !row.environment.includes(mark)) continue;
      found.add(row);
      known.add(row.pid);
    }
  }
  return [...found].map(({ pid, parentPid, groupId, command }) => ({ pid, parentPid, groupId, command }));
}

/** The ids to look for; a root whose number a later process has is gone, and so is its group. */
function knownIds(roots: Iterable<ProcessRoot>, rows: readonly ProcessRow[]): Set<number> {
  const startTimes = new Map(rows.map((row) => [row.pid, row.startTime]));
  const isReused = ({ pid, startTime }: ProcessRoot): boolean =>
    startTime !== '' && (startTimes.get(pid) ?? startTime) !== startTime;
  return new Set([...roots].filter((root) => !isReused(root)).map((root) => root.pid));
}

/** One line per process, for messages. */
export function describeProcesses(processes: readonly LiveProcess[]): string {
  return processes
    .map((row) => `  ${row.pid} (parent ${row.parentPid}) ${row.command.slice(0, 160)}`)
    .join('\n');
}

function readProc(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcRow(Number(name)))
    .filter((row) => row !== undefined);
}

function readProcRow(pid: number): ProcessRow | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  // The name in brackets may hold spaces and brackets, so the fields are counted from the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid, groupId, sessionId] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  const command = readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return {
    pid,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    command: command || stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    environment: readIfThere(`/proc/${pid}/environ`),
    startTime: fields[19] ?? '',
  };
}

/** The file's text; empty when the process has gone in the meantime or is another user's. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return '';
    throw error;
  }
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

async function readPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)(
    'ps',
    ['-A', '-E', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,command='],
    {
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parentPid, groupId, state = '', command = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state.startsWith('Z')) return [];
    return [
      {
        pid: Number(pid),
        parentPid: Number(parentPid),
        groupId: Number(groupId),
        sessionId: 0,
        command,
        environment: command,
        startTime: '',
      },
    ];
  });
}
