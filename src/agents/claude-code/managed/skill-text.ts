import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Expansion } from '../../../protocol/tool-call.ts';

export interface SkillTextContext {
  /** Where the text lies. */
  readonly file: string;
  /** What the call adds: the host puts it into the text, and reads both together. */
  readonly args: string;
  readonly cwd: string;
  readonly home: string;
}

/** Commands that the host runs while it reads the text (2.1.197 and 2.1.332): in a fenced block, or in one line. */
const BLOCK = /```!\s*\n?([\s\S]*?)\n?```/g;
const INLINE = /(?<=^|\s)!`([^`]+)`/gm;
/** Files, resources and agents that it reads into the conversation; see `literal-text.ts`. */
const MENTION = /(?:^|[\s\u3002\u3001\uff1f\uff01])@(?:"([^"]+)"|([^\s"]\S*))/g;
/** Keys of the head of a skill by which it runs commands at other moments. */
const HOOKS = /(?:^|[\s"'{,?])hooks["']?\s*:/m;

/** What the host opens and runs when it reads the text of a skill or command. */
export function expansionOf(text: string, { file, args, cwd, home }: SkillTextContext): Expansion {
  const head = /^\ufeff?---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? '';
  if (HOOKS.test(head)) return { kind: 'unknown', reason: `${file} has hooks of its own` };
  const whole = `${text}\n${args}`;
  const runs = [...whole.matchAll(BLOCK), ...whole.matchAll(INLINE)].map(([, command = '']) =>
    command.trim(),
  );
  const opens: string[] = [];
  for (const [, quoted, bare] of whole.matchAll(MENTION)) {
    const mention = quoted ?? bare ?? '';
    if (mention.includes('$'))
      return { kind: 'unknown', reason: `${file} mentions a file by what is computed: @${mention}` };
    const paths = namesIn(mention).map((name) => placeOf(name, { cwd, home }));
    const there = paths.filter((path) => existsSync(path));
    opens.push(...there);
    // A server's resource is named by the server and an address.
    if (there.length === 0 && /^[^:\s]+:[^:\s]/.test(mention))
      return { kind: 'unknown', reason: `${file} mentions a resource of a server: @${mention}` };
  }
  return { kind: 'files', opens, runs };
}

/** What a mention may name: the host leaves out what is no part of a word at the end, and the lines that are wanted. */
function namesIn(mention: string): string[] {
  const shorter = mention.replace(/\W+$/, '');
  return [...new Set([mention, shorter, mention.replace(/#.*$/, ''), shorter.replace(/#.*$/, '')])].filter(
    (name) => name !== '',
  );
}

function placeOf(name: string, { cwd, home }: Pick<SkillTextContext, 'cwd' | 'home'>): string {
  return name === '~' || name.startsWith('~/') ? join(home, name.slice(1)) : resolve(cwd, name);
}
