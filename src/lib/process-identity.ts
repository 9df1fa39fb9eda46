import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { errnoOf } from './errno.ts';
import { shortHash } from './short-hash.ts';

/** One process for all time: a pid alone is given again to another process later. */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * Start time in the kernel's ticks since boot. Where the system does not tell it cheaply (macOS, Windows), what the
   * process says itself, in seconds since the epoch; `0` of a process that was not asked.
   */
  readonly start: string;
  /** Eight hex digits that name the pid namespace in which `pid` means something, and the boot where that has a name. */
  readonly host: string;
}

/** Whether a process is there: `unknown` when its pid belongs to another boot, container or machine. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** A clock is corrected by so much without anybody noticing. */
const CLOCK_DRIFT_S = 120;

let here: string | undefined;

/**
 * Names this boot and pid namespace in eight hex digits; the same for every process that shares both. Where a boot has no
 * name it says nothing of the boot: a time of boot, the only mark there is, differs from look to look.
 */
export function hostKey(): string {
  here ??= shortHash(hostFacts());
  return here;
}

function hostFacts(): string {
  const byName = `${process.platform}\0${hostname()}`;
  if (process.platform !== 'linux') return byName;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}\0${readlinkSync('/proc/self/ns/pid')}`;
  } catch (error) {
    // A sandbox may hide these files.
    if (errnoOf(error) === undefined) throw error;
    return byName;
  }
}

/** The identity of the process `pid` of this machine, or undefined when there is none. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (pid === process.pid) return thisProcess();
  const start = startOf(pid);
  return start === undefined ? undefined : { pid, start, host: hostKey() };
}

let self: ProcessIdentity | undefined;

/** The identity of the running process. */
export function thisProcess(): ProcessIdentity {
  self ??= { pid: process.pid, start: ownStart(), host: hostKey() };
  return self;
}

function ownStart(): string {
  return hasStartTimes() ? (startOf(process.pid) ?? '0') : String(Math.round(nowS() - process.uptime()));
}

/**
 * Tells whether the process of that identity still runs. A pid that was given again counts as dead; where the system
 * tells no start times, one of before the boot is `unknown`, for its age to decide.
 */
export function livenessOf(identity: ProcessIdentity): Liveness {
  if (identity.host !== hostKey()) return 'unknown';
  const start = startOf(identity.pid);
  if (start === undefined) return 'dead';
  if (!hasStartTimes()) return isOfBeforeBoot(identity) ? 'unknown' : 'alive';
  return identity.start === '0' || start === '0' || start === identity.start ? 'alive' : 'dead';
}

function hasStartTimes(): boolean {
  return process.platform === 'linux';
}

/** Clocks are set, and times of boot with them: who is taken for older than the boot by mistake is not taken for dead. */
function isOfBeforeBoot({ start }: ProcessIdentity): boolean {
  return start !== '0' && Number(start) < nowS() - uptime() - CLOCK_DRIFT_S;
}

function nowS(): number {
  return Date.now() / 1000;
}

/**
 * {@link livenessOf} for many identities at about the same time: processes that are not there cost nothing each. What it
 * tells is as old as the call that made it.
 */
export function livenessNow(): (identity: ProcessIdentity) => Liveness {
  const pids = runningPids();
  if (pids === undefined) return livenessOf;
  const known = new Map<string, Liveness>();
  return (identity) => {
    if (identity.host !== hostKey()) return 'unknown';
    if (!pids.has(String(identity.pid))) return 'dead';
    const key = `${identity.pid} ${identity.start}`;
    const liveness = known.get(key) ?? livenessOf(identity);
    known.set(key, liveness);
    return liveness;
  };
}

function runningPids(): ReadonlySet<string> | undefined {
  if (process.platform !== 'linux') return undefined;
  const names = new Set(readdirSync('/proc'));
  // Where the listing hides processes it says nothing about them.
  return names.has(String(process.pid)) ? names : undefined;
}

/** The parent of process `pid`, where the system tells it cheaply (Linux), else undefined. */
export function parentOf(pid: number): number | undefined {
  const field = statFields(pid)?.[1];
  return field === undefined ? undefined : Number(field);
}

function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return exists(pid) ? '0' : undefined;
  const fields = statFields(pid);
  // A zombie has ended: it only waits for its parent to read its exit status.
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return fields[19];
}

/** The fields of /proc/<pid>/stat from the third one (state) on; proc(5) names them. */
function statFields(pid: number): string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
