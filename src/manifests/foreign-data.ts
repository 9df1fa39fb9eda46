/** What a manifest says, of which nothing is known yet. */
export type Table = Readonly<Record<string, unknown>>;

/** Whether a value is a table with keys. */
export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What lies behind some keys; undefined as soon as one is not there. */
function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (isTable(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

/** The table behind some keys; an empty one when there is none. */
export function tableAt(value: unknown, ...keys: readonly string[]): Table {
  const found = valueAt(value, ...keys);
  return isTable(found) ? found : {};
}

/** The text behind some keys, as a list of one; an empty list when there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): readonly string[] {
  const found = valueAt(value, ...keys);
  return typeof found === 'string' ? [found] : [];
}

/** The texts of the list behind some keys. */
export function textsAt(value: unknown, ...keys: readonly string[]): readonly string[] {
  const found: unknown = valueAt(value, ...keys);
  return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : [];
}

/** What a JSON text says; undefined when it is none. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a TOML text says; undefined when it is none. The parser is loaded by the first one. */
export async function parseTomlText(text: string | undefined): Promise<unknown> {
  if (text === undefined) return undefined;
  const { parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
