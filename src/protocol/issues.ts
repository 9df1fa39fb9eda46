import type * as z from 'zod/mini';

const SHOWN_ISSUES = 3;
const SHOWN_VALUE_CHARACTERS = 60;

/**
 * Says in one line what is wrong with `raw`: for each of the first issues the key, what was expected and what was there.
 *
 * The text holds no control characters and stays short, however long the offending values are.
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  { raw, root }: { raw: unknown; root: string },
): string {
  return issues
    .slice(0, SHOWN_ISSUES)
    .map((issue) => `${shortened(issue.path.map(String).join('.')) || root}: ${describeIssue(issue, raw)}`)
    .join('; ');
}

/** Says why a text is no JSON, on one line: the parser's own words quote the text as it is. */
export function describeSyntax(error: unknown): string {
  return onOneLine(error instanceof Error ? error.message : String(error));
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string {
  if (issue.code === 'unrecognized_keys')
    return `unknown key ${issue.keys.slice(0, SHOWN_ISSUES).map(shown).join(', ')}`;
  return `expected ${expectation(issue)}, got ${shown(valueAt(raw, issue.path))}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return shortened(JSON.stringify(value));
}

function shortened(text: string): string {
  const line = onOneLine(text);
  return line.length <= SHOWN_VALUE_CHARACTERS
    ? line
    : `${line.slice(0, SHOWN_VALUE_CHARACTERS).toWellFormed()}…`;
}

function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').toWellFormed();
}
