import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
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
  roots: Iterable<number>;
  mark: string;
}): Promise<readonly LiveProcess[]> {
  const rows = process.platform === 'linux' ? await readProc() : await readPs();
  const known = new Set(roots);
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

/** One line per process, for messages. */
export function describeProcesses(processes: readonly LiveProcess[]): string {
  return processes
    .map((row) => `  ${row.pid} (parent ${row.parentPid}) ${row.command.slice(0, 160)}`)
    .join('\n');
}

async function readProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = await Promise.all(pids.map(readProcRow));
  return rows.filter((row) => row !== undefined);
}

async function readProcRow(pid: number): Promise<ProcessRow | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets, so the fields are counted from the last bracket.
    const [state, parentPid, groupId, sessionId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    return {
      pid,
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      sessionId: Number(sessionId),
      command: command || stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      environment,
    };
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code))
    )
      return undefined;
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
      },
    ];
  });
}
