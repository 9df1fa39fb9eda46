import type { ShellInvocation, ShellText } from './shell-command.ts';

/** Why a shell text is more than looking; undefined when it only looks. Its paths are judged elsewhere. */
export function moreThanLooking({ invocations, redirects, isPlain }: ShellText): string | undefined {
  if (!isPlain) return 'it is more than plain commands';
  if (redirects.some(({ target }) => target !== '/dev/null')) return 'it redirects';
  for (const { name, words } of invocations) {
    if (name === undefined) return 'it runs what is computed';
    if (words.some((word) => word === undefined)) return 'a word of it is computed';
    const certain = words as readonly string[];
    if (!looks(name, certain))
      return `${[name, ...certain].join(' ').slice(0, 60)} is not among the commands that only look`;
  }
  return undefined;
}

/**
 * The folders, as they are written, that a command searches through by itself, so that it shows files that it does not
 * name; the session's folder (`.`) where it is not certain which.
 */
export function searchedFolders({ name, words }: ShellInvocation): readonly string[] {
  if (name !== 'rg' || words.includes('--files')) return [];
  const certain = words.flatMap((word) => word ?? []);
  // What follows such an option may be what it is set to, and no word of its own.
  const isUncertain = certain.some((word) => /^-[a-zA-Z]*[ABCmejMrE]$|^--[a-z-]+$/.test(word));
  const places = certain.filter((word) => !word.startsWith('-')).slice(1);
  return isUncertain || places.length === 0 ? ['.'] : places;
}

/**
 * What of a program only looks: the letters of its short options (further characters of such a word are what an option is
 * set to, where the letter is in `takes`), and the whole names of its long ones. Programs take any beginning of a long
 * option for it, so what is not written out here is denied.
 */
interface Options {
  readonly letters?: string;
  readonly takes?: string;
  readonly long?: string;
}

const PROGRAMS: Readonly<Record<string, Options>> = {
  ls: {
    letters: 'aAlhtrRSs1dFpinoGgmxXcuvkHL',
    long: 'all almost-all human-readable recursive reverse size sort time classify directory inode color full-time',
  },
  pwd: { letters: 'LP' },
  cat: { letters: 'nbsETvAet', long: 'number number-nonblank squeeze-blank show-all show-ends show-tabs' },
  head: { letters: 'qv', takes: 'nc0123456789', long: 'lines bytes quiet silent verbose' },
  tail: { letters: 'qv', takes: 'nc0123456789', long: 'lines bytes quiet silent verbose' },
  wc: { letters: 'lwcmL', long: 'lines words bytes chars max-line-length' },
  nl: { takes: 'bfhnwsvid', letters: 'p' },
  grep: {
    letters: 'ivnclLoHhwxqsEFPGabTyz',
    takes: 'ABCme',
    long: 'ignore-case no-ignore-case invert-match line-number count files-with-matches files-without-match only-matching with-filename no-filename word-regexp line-regexp quiet silent no-messages extended-regexp fixed-strings perl-regexp basic-regexp regexp after-context before-context context max-count color colour byte-offset text null',
  },
  stat: { letters: 'Lft', takes: 'c', long: 'format printf file-system terse dereference' },
  du: {
    letters: 'shackmbx0',
    takes: 'd',
    long: 'summarize human-readable all total max-depth bytes apparent-size',
  },
  basename: { letters: 'az', takes: 's', long: 'multiple suffix zero' },
  dirname: { letters: 'z', long: 'zero' },
  echo: { letters: 'neE' },
  true: {},
  rg: {
    letters: 'inlcwvoFSsHNhPUIxqp',
    takes: 'ABCmejMrE',
    long: 'ignore-case case-sensitive smart-case line-number no-line-number files-with-matches files-without-match count count-matches word-regexp line-regexp invert-match only-matching fixed-strings with-filename no-filename pcre2 multiline regexp after-context before-context context max-count max-depth max-columns replace heading no-heading column color json stats files trim sort sortr vimgrep quiet',
  },
  sort: {
    letters: 'rnufbdghiMsVcCz',
    takes: 'kt',
    long: 'reverse numeric-sort unique ignore-case ignore-leading-blanks dictionary-order general-numeric-sort human-numeric-sort ignore-nonprinting month-sort stable version-sort check key field-separator zero-terminated',
  },
  cut: {
    letters: 'nsz',
    takes: 'bcdf',
    long: 'bytes characters delimiter fields complement only-delimited output-delimiter zero-terminated',
  },
};

/** What of `find` only looks; it takes no abbreviations. */
const FIND: ReadonlySet<string> = new Set(
  '-name -iname -path -ipath -wholename -regex -iregex -regextype -type -xtype -maxdepth -mindepth -depth -mtime -mmin -atime -amin -ctime -cmin -newer -size -empty -perm -user -group -links -inum -readable -writable -executable -not -o -or -a -and -print -print0 -ls -prune -quit -true -false -mount -xdev -follow -L -P -H'.split(
    ' ',
  ),
);

const GIT: ReadonlySet<string> = new Set(
  'status log diff show blame ls-files ls-tree rev-parse describe shortlog grep merge-base'.split(' '),
);
const GIT_OPTIONS: Options = {
  // Of every command but grep, for which -O starts a program and -f reads a file.
  letters: 'abcdeghijklmnpqrstuvwxyzABCDEFGHIKLMNPQRSTUVWXYZ',
  takes: '0123456789',
  long: 'abbrev abbrev-commit abbrev-ref after all all-match always and author basic-regexp before branch branches break cached cherry cherry-pick color color-words column committer compact-summary contains context count cumulative date date-order decorate deleted diff-filter dirstat dirty email error-unmatch exact-match exclude-standard extended-regexp files-with-matches files-without-match find-copies find-renames first-parent fixed-strings follow fork-point format full-history full-index full-name function-context git-dir graph grep group heading histogram ignore-all-space ignore-blank-lines ignore-case ignore-space-at-eol ignore-space-change ignored invert-grep invert-match is-ancestor left-only left-right line-number line-porcelain long max-count max-depth merge-base merges min-parents minimal modified name-only name-status name no-abbrev no-abbrev-commit no-color no-decorate no-ext-diff no-heading no-merges no-patch no-renames no-textconv not null numbered numstat octopus oneline only-matching or others patch patch-with-stat patience perl-regexp pickaxe-all pickaxe-regex porcelain pretty quiet raw recursive regexp-ignore-case relative remotes reverse right-only root shortstat short show-function show-notes show-number show-prefix show-signature show-stash show-toplevel since skip source stage staged stat summary symbolic-full-name tags text topo-order unified until untracked-files verbose verify word-diff word-regexp',
};
const GIT_GREP_LETTERS = 'abcehilnopqrvwyzEFGHILPW';

function looks(name: string, words: readonly string[]): boolean {
  if (name === 'git') return gitLooks(words);
  if (name === 'find') return words.every((word) => !word.startsWith('-') || FIND.has(word));
  const options = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  return options !== undefined && takeOnly(words, options);
}

function gitLooks(words: readonly string[]): boolean {
  // Options before the command say where git looks and what it runs: only those that say neither.
  const index = words.findIndex((word) => !['--no-pager', '-P'].includes(word));
  const command = words[index] ?? '';
  if (!GIT.has(command)) return false;
  const rest = words.slice(index + 1);
  if (command === 'grep')
    return takeOnly(rest, { ...GIT_OPTIONS, letters: GIT_GREP_LETTERS, takes: 'ABCem0123456789' });
  // A search for a text (-S, -G) or a range (-L) is set in the same word.
  return takeOnly(rest, { ...GIT_OPTIONS, takes: `${GIT_OPTIONS.takes ?? ''}SGLUCMn` });
}

/** Whether every option among the words is one of those; what follows `--` is none. */
function takeOnly(words: readonly string[], { letters = '', takes = '', long = '' }: Options): boolean {
  const names = new Set(long.split(' '));
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).every((word) => {
    if (!word.startsWith('-') || word === '-') return true;
    if (word.startsWith('--')) return names.has(word.slice(2).split('=')[0] ?? '');
    return shortOnly(word.slice(1), { letters, takes });
  });
}

function shortOnly(text: string, { letters, takes }: { letters: string; takes: string }): boolean {
  for (const letter of text) {
    if (takes.includes(letter)) return true;
    if (!letters.includes(letter)) return false;
  }
  return true;
}
