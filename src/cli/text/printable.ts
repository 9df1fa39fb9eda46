/** Characters that turn the direction of the text around them, so that it reads differently from what it says. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A peer's text as it may be shown on a terminal: it cannot do anything there, and nothing of it is hidden. */
export function printable(text: string): string {
  if (isPlain(text)) return text;
  return text
    .replaceAll('\r\n', '\n')
    .replace(/\p{Cc}/gu, visible)
    .replace(DIRECTIONS, escaped);
}

/** JSON that says the same and has nothing in it that can act on a terminal: what JSON itself leaves as it is is escaped. */
export function printableJson(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, escaped).replace(DIRECTIONS, escaped);
}

/** A peer's text on one line, for a table or a header line. */
export function oneLine(text: string): string {
  if (isPlain(text)) return text;
  return printable(text.replace(/[\t\r\n\u0085\u2028\u2029]+/g, ' '));
}

/** The first characters of a text on one line, with an ellipsis when there is more. */
export function shortened(text: string, characters: number): string {
  // A mebibyte need not be looked at for the sake of its first words.
  const start = oneLine(text.slice(0, characters * 2)).trim();
  const isShort = text.length <= characters * 2 && start.length <= characters;
  return isShort ? start : `${start.slice(0, characters - 1).toWellFormed()}…`;
}

/** Nearly all of a long table is; looking further at each cell would take longer than reading the seats. */
function isPlain(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}

/** Line break and tab stay; the other C0 controls have pictures of their own in Unicode. */
function visible(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\n' || character === '\t') return character;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : `\\x${code.toString(16)}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
