import { lineAt, type SourceFile } from './source-files.ts';

/** An id of a requirement in the title of a test. */
export interface Citation {
  readonly id: string;
  readonly place: string;
}

const TITLED = /\b(?:test|it|suite|describe)(?:\.\w+)?\(\s*(?=['"`])/g;
const CITED = /\[([A-Z]\d+)\]/g;

/** The ids in the titles of all tests and suites of a file, in order. Skipped and planned tests cite nothing. */
export function citationsIn(file: SourceFile): Citation[] {
  return [...file.code.matchAll(TITLED)].flatMap((match) => {
    if (/\.(?:skip|todo)/.test(match[0])) return [];
    const start = match.index + match[0].length;
    const end = file.code.indexOf(file.code.charAt(start), start + 1);
    const title = file.text.slice(start, end);
    const place = `${file.path}:${lineAt(file.code, start)}`;
    return [...title.matchAll(CITED)].map((cited) => ({ id: cited[1] ?? '', place }));
  });
}
