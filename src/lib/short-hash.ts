/**
 * Eight hex digits that depend on every character of a text: FNV-1a, enough to tell a few hosts apart, no protection
 * against anybody. Loading a cryptographic hash would take longer than most commands run.
 */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
