import { CahootsError } from '../../protocol/errors.ts';
import type { SeatId } from '../../protocol/ids.ts';
import type { FoundType } from '../../protocol/search.ts';

/** What has to be in a text: a word or phrase, or with `isBeginning` a word that begins so. */
export interface SearchTerm {
  readonly text: string;
  readonly isBeginning: boolean;
}

/** What a found entry has to be. */
export interface EntryFilter {
  /** Who sent or received it. */
  readonly peer?: SeatId;
  readonly type?: FoundType;
}

const MAX_CHARACTERS = 2_000;
const MAX_TERMS = 32;
/** So many words begin with fewer characters that the search would take long and say little. */
const MIN_BEGINNING = 3;
/** Without one the index has nothing to look for. */
const HAS_WORD = /[\p{L}\p{N}]/u;

/**
 * Reads what a person typed: words, and phrases in double quotes, all of which have to match. The last word may be the
 * beginning of one. Upper and lower case, accents and punctuation mean nothing.
 *
 * Throws `usage` where no word is left, or there are too many.
 */
export function readSearchWords(typed: string): SearchTerm[] {
  if (typed.length > MAX_CHARACTERS) throw tooMuch(`${typed.length} characters`, `${MAX_CHARACTERS}`);
  const clean = typed.toWellFormed().replace(/\p{Cc}/gu, ' ');
  const terms: SearchTerm[] = [];
  for (const { 1: phrase, 2: word } of clean.matchAll(/"([^"]*)"?|([^"\s]+)/g)) {
    const text = (phrase ?? word ?? '').trim();
    if (HAS_WORD.test(text)) terms.push({ text, isBeginning: false });
  }
  if (terms.length > MAX_TERMS) throw tooMuch(`${terms.length} words and phrases`, `${MAX_TERMS}`);
  const last = terms.pop();
  if (last === undefined) {
    throw new CahootsError('usage', 'There is no word to search for.', {
      remedy: 'Name words, or a phrase in double quotes: cahoots search login "version 2"',
    });
  }
  const isBeginning = /[^"\s]$/.test(clean) && last.text.length >= MIN_BEGINNING;
  return [...terms, { ...last, isBeginning }];
}

/** The terms in the language of the index, for its column `text`: nothing of them is taken for more than text. */
export function textMatch(terms: readonly SearchTerm[]): string {
  const quoted = terms.map(({ text, isBeginning }) => {
    const phrase = `"${text.replaceAll('"', '""')}"`;
    return isBeginning ? `${phrase} *` : phrase;
  });
  return `text : (${quoted.join(' ')})`;
}

/** The terms and the filter in the language of the index. */
export function entryMatch(terms: readonly SearchTerm[], { peer, type }: EntryFilter): string {
  const marks = [
    ...(peer === undefined ? [] : [peerMark(peer)]),
    ...(type === undefined ? [] : [typeMark(type)]),
  ];
  return [textMatch(terms), ...marks.map((mark) => `marks : "${mark}"`)].join(' AND ');
}

/** The word by which entries of a peer are found. */
export function peerMark(seat: SeatId): string {
  return `peer${seat}`;
}

/** The word by which entries of a type are found. */
export function typeMark(type: FoundType): string {
  return `type${type.replaceAll('-', '')}`;
}

function tooMuch(got: string, most: string): CahootsError {
  return new CahootsError('usage', `That is too much to search for: ${got}, at most ${most}.`, {
    remedy: 'Search for fewer words.',
    facts: { got },
  });
}
