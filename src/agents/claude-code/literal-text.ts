/**
 * Ends a mention right after its `@`. To the host it is a blank, so nothing of a name follows; other characters without
 * width would become part of the name, and a repository may hold a link of that name to any file.
 */
const AFTER_AT = '\ufeff';
/** Stands before a leading `/`. To the host it is no blank, so it is never trimmed away. */
const BEFORE_SLASH = '\u200b';

/**
 * Where Claude Code reads a mention of a file, an MCP resource or an agent: an `@` at the beginning, or after a blank or
 * one of four full-width signs. Seen in 2.1.197 and 2.1.332, which agree.
 */
const MENTION = /(^|[\s\u3002\u3001\uff1f\uff01])(@+)(?=\S)/g;
/** Words by which the host changes how it works on a prompt. */
const KEYWORD = /\bultra(?=(?:think|code|plan|review)\b)/gi;

/**
 * A text that a Claude Code without a switch for it takes as text: it opens no file, reads no resource and runs no command
 * for what stands in it.
 *
 * One character without width is added after each `@` that would be a mention, in a keyword, and before a leading `/`.
 * Everything else stays as it is, and a text that was made literal is not changed again. A part of a text that begins and
 * ends with visible text is written as in the whole.
 */
export function literalText(text: string): string {
  const mentionless = text
    .replace(MENTION, (_, before: string, ats: string) => before + ats.replaceAll('@', `@${AFTER_AT}`))
    .replace(KEYWORD, (word) => word + AFTER_AT);
  return mentionless.startsWith('/') ? BEFORE_SLASH + mentionless : mentionless;
}

const NOTE =
  '(cahoots: “@”, “/” or a keyword in this text would have made Claude Code open a file or run something. An invisible character that is not part of the text keeps it from that; leave it out where you use the text.)';

/** {@link literalText}, and where that changed anything a sentence that says so. */
export function literalPrompt(text: string): string {
  const literal = literalText(text);
  return literal === text ? text : `${literal}\n\n${NOTE}`;
}
