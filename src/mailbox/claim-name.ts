import { join } from 'node:path';
import type { ProcessIdentity } from '../lib/process-identity.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';

/** Who took a message: a process, and the generation in which it held the seat (0 for a seat without holder). */
export interface ClaimOwner {
  readonly process: ProcessIdentity;
  readonly generation: number;
}

export interface ClaimName {
  readonly id: MessageId;
  readonly owner: ClaimOwner;
}

const SEPARATOR = '~';

/** The path of a message that `owner` has taken: the name says who, so that one rename claims it. */
export function claimPath(folder: string, { id, owner }: ClaimName): string {
  const { pid, start, host } = owner.process;
  return join(folder, `${[id, pid, start, host, owner.generation].join(SEPARATOR)}.json`);
}

/** Reads a file name made by {@link claimPath}; undefined for any other. */
export function parseClaimName(fileName: string): ClaimName | undefined {
  const match = /^([^~]+)~(\d{1,10})~(\d{1,20})~([0-9a-f]{8})~(\d{1,9})\.json$/.exec(fileName);
  if (match === null) return undefined;
  const [, id, pid, start, host, generation] = match;
  if (!isMessageId(id) || start === undefined || host === undefined) return undefined;
  return { id, owner: { process: { pid: Number(pid), start, host }, generation: Number(generation) } };
}

/** Whether two owners are the same process in the same generation. */
export function sameOwner(a: ClaimOwner, b: ClaimOwner): boolean {
  return (
    a.generation === b.generation &&
    a.process.pid === b.process.pid &&
    a.process.start === b.process.start &&
    a.process.host === b.process.host
  );
}
