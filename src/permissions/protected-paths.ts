import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { errnoOf } from '../lib/errno.ts';

/** Where a session works, and what is not for it. */
export interface Surroundings {
  /** The folder that the session works in, absolute. */
  readonly cwd: string;
  readonly home: string;
  /** Folders that are ours or the host's own, absolute: mailboxes, the daemon's files, settings of Claude Code. */
  readonly ours: readonly string[];
}

/** What is done with a path. */
export type Access = 'read' | 'write';

/** Why a path is not for a session; undefined when it is. `path` may be relative to the session's folder, or begin with `~`. */
export function protectedBecause(
  path: string,
  { access, around }: { access: Access; around: Surroundings },
): string | undefined {
  if (path.includes('\0')) return 'it names a path that no file can have';
  if (/^~[^/]/.test(path)) return `${path} may be in the home of somebody else`;
  const named = resolve(around.cwd, withHome(path, around.home));
  // What a link leads to counts, and where the folder itself is.
  const [cwd, target] = [around.cwd, named].map(realPath) as [string, string];
  if (!isWithin(target, cwd))
    return `${path} is outside of the folder that this session works in (${around.cwd})`;
  if (around.ours.some((folder) => isWithin(target, realPath(folder))))
    return `${path} belongs to cahoots itself`;
  for (const candidate of new Set([relative(cwd, target), relative(around.cwd, named)])) {
    const reason = protectedName(candidate, access);
    if (reason !== undefined) return `${path} ${reason}`;
  }
  return undefined;
}

/** Why a path within the folder is protected by its name. */
export function protectedName(path: string, access: Access): string | undefined {
  const parts = path.split(/[\\/]/).filter(Boolean);
  if (parts.some((part) => part.toLowerCase() === '.git')) return 'is internal to git';
  if (parts.some((part) => SECRET_FOLDERS.has(part.toLowerCase()))) return 'is in a folder of secrets';
  if (isSecret(parts.at(-1)?.toLowerCase() ?? '')) return 'holds secrets, by its name';
  if (access === 'write' && isOfAgent(parts))
    return 'says what sessions may do, and is not for them to change';
  return undefined;
}

const SECRET_FOLDERS: ReadonlySet<string> = new Set([
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.gcloud',
  '.kube',
  '.docker',
]);
const SECRET_FILES: ReadonlySet<string> = new Set([
  '.claude.json',
  '.npmrc',
  '.yarnrc',
  '.pypirc',
  '.netrc',
  '_netrc',
  '.pgpass',
  '.my.cnf',
  '.htpasswd',
  '.git-credentials',
  '.vault-token',
  '.terraformrc',
  'credentials',
  'credentials.json',
  'secrets.json',
  'secrets.yml',
  'secrets.yaml',
  'service-account.json',
  'terraform.tfvars',
]);
const SECRET_ENDS = /\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg|ppk|tfstate)$/;
const EXAMPLE = /\.(example|sample|template|dist|defaults?)$/;

function isSecret(name: string): boolean {
  if (EXAMPLE.test(name)) return false;
  if (name === '.env' || name.startsWith('.env.') || name.endsWith('.env') || name === '.envrc') return true;
  if (/^id_(rsa|dsa|ecdsa|ed25519)\b/.test(name) && !name.endsWith('.pub')) return true;
  return SECRET_FILES.has(name) || SECRET_ENDS.test(name);
}

/** Settings by which an agent is permitted, extended or started. */
function isOfAgent(parts: readonly string[]): boolean {
  const lower = parts.map((part) => part.toLowerCase());
  return lower.includes('.claude') || lower.at(-1) === '.mcp.json' || lower.includes('.husky');
}

function withHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/** Where a path really leads: links of what is there are followed, the rest is taken as it is. */
function realPath(path: string): string {
  const rest: string[] = [];
  for (let there = path; ; there = dirname(there)) {
    try {
      return join(realpathSync(there), ...rest);
    } catch (error) {
      const code = errnoOf(error);
      // A circle of links leads nowhere.
      if (code === 'ELOOP') return '/';
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      // A link to what is not there yet leads to where that would be made.
      if (lstatSync(there, { throwIfNoEntry: false })?.isSymbolicLink() === true)
        return realPath(join(resolve(dirname(there), readlinkSync(there)), ...rest));
      if (there === dirname(there)) return path;
      rest.unshift(basename(there));
    }
  }
}
