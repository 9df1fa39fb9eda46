import type { ShellInvocation, ShellText } from './shell-command.ts';

/** Why a shell text is more than looking; undefined when it only looks. Its paths are judged elsewhere. */
export function moreThanLooking({ invocations, redirects, isPlain }: ShellText): string | undefined {
  if (!isPlain) return 'it is more than plain commands';
  if (redirects.some(({ target }) => target !== '/dev/null')) return 'it redirects';
  for (const { name, words } of invocations) {
    if (name === undefined) return 'it runs what is computed';
    if (words.some((word) => word === undefined)) return 'a word of it is computed';
    const certain = words as readonly string[];
    const looks = name === 'git' ? gitLooks(certain) : programLooks(name, certain);
    if (!looks)
      return `${[name, ...certain].join(' ').slice(0, 60)} is not among the commands that only look`;
  }
  return undefined;
}

/** Programs that change nothing, with the options by which they would. */
const PROGRAMS: Readonly<Record<string, RegExp | undefined>> = {
  ls: undefined,
  pwd: undefined,
  cat: undefined,
  head: undefined,
  tail: undefined,
  wc: undefined,
  nl: undefined,
  // Over a whole folder it would show files of secrets: `rg` and `git grep` leave out what is hidden or not tracked.
  grep: /^(-[a-zA-Z]*[rR]|--(recursive|dereference-recursive|directories))|^-d$/,
  stat: undefined,
  du: undefined,
  basename: undefined,
  dirname: undefined,
  echo: undefined,
  true: undefined,
  rg: /^--(pre|hostname-bin|search-zip|hidden|no-ignore|unrestricted)|^-[a-zA-Z]*[zu.]/,
  sort: /^(-[a-zA-Z]*[oT]|--(output|temporary-directory|compress-program|files0-from))/,
  cut: undefined,
  find: /^-(exec|execdir|ok|okdir|delete|fprint|fprint0|fprintf|fls|files0-from)$/,
};

function programLooks(name: string, words: readonly string[]): boolean {
  if (!Object.hasOwn(PROGRAMS, name)) return false;
  const changing = PROGRAMS[name];
  return changing === undefined || !words.some((word) => changing.test(word));
}

/** What of git only looks. None of it takes the options by which git writes a file or runs a program. */
const GIT: ReadonlySet<string> = new Set([
  'status',
  'log',
  'diff',
  'show',
  'blame',
  'ls-files',
  'ls-tree',
  'rev-parse',
  'describe',
  'shortlog',
  'grep',
  'merge-base',
]);
const GIT_RUNS = /^(--(output|ext-diff|open-files-in-pager|upload-pack|exec|textconv)\b|-O)/;

function gitLooks(words: readonly ShellInvocation['words'][number][]): boolean {
  const certain = words.flatMap((word) => word ?? []);
  // Options before the command say where git looks and what it runs: only those that say neither.
  const index = certain.findIndex((word) => !['--no-pager', '-P'].includes(word));
  return GIT.has(certain[index] ?? '') && !certain.some((word) => GIT_RUNS.test(word));
}
