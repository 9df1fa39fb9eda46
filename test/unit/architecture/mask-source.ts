const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** After these a slash begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[>]|\breturn|\btypeof|\bcase|\bin|\bof)\s*$/;

/**
 * Blanks the insides of comments, strings, templates and regular expressions; the length, the line breaks and the
 * quotes stay. Code inside `${}` of a template is blanked as well.
 */
export function maskSource(text: string): string {
  let masked = '';
  let at = 0;
  while (at < text.length) {
    const end = endOfOpaque(text, { at, before: masked });
    if (end === at) {
      masked += text.charAt(at);
      at += 1;
    } else {
      masked += blank(text.slice(at, end));
      at = end;
    }
  }
  return masked;
}

function endOfOpaque(text: string, { at, before }: { at: number; before: string }): number {
  const char = text.charAt(at);
  if (char === "'" || char === '"') return endOf(STRING, text, at);
  if (char === '`') return endOfTemplate(text, at);
  if (char !== '/') return at;
  const comment = endOf(COMMENT, text, at);
  if (comment > at) return comment;
  return BEFORE_REGEX.test(before.slice(-40)) ? endOf(REGEX, text, at) : at;
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function endOfTemplate(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '`') {
    if (text.charAt(at) === '\\') at += 2;
    else if (text.startsWith('${', at)) at = endOfHole(text, at + 2);
    else at += 1;
  }
  return Math.min(at + 1, text.length);
}

/** From after `${` to after its `}`, over strings, templates and braces in between. */
function endOfHole(text: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < text.length && depth > 0) {
    const end = endOfOpaque(text, { at, before: text.slice(Math.max(0, at - 40), at) });
    if (end > at) {
      at = end;
      continue;
    }
    if (text.charAt(at) === '{') depth += 1;
    if (text.charAt(at) === '}') depth -= 1;
    at += 1;
  }
  return at;
}

/** Comments vanish; of everything else the outer two characters stay. */
function blank(piece: string): string {
  const blanked = piece.replace(/[^\n]/g, ' ');
  if (piece.startsWith('//') || piece.startsWith('/*') || piece.length < 2) return blanked;
  return piece.charAt(0) + blanked.slice(1, -1) + piece.charAt(piece.length - 1);
}
