import * as z from 'zod/mini';
import { MESSAGE_TYPES } from './message.ts';

/** What a search finds: messages by their types, prompts to managed sessions, and the results of their turns. */
export const FOUND_TYPES = [...MESSAGE_TYPES, 'prompt', 'result'] as const;
export type FoundType = (typeof FOUND_TYPES)[number];

const text = z.string();

export const foundSchema = z.readonly(
  z.object({
    /** Of the message or prompt; a result has the id of its prompt. */
    id: text,
    type: z.enum(FOUND_TYPES),
    /** A seat, or for a prompt whoever gave it. */
    from: text,
    to: text,
    atMs: z.number(),
    /** The part of the text around the first places that match. */
    snippet: text,
    /** Where in the snippet a match begins and ends, in order. */
    matches: z.readonly(z.array(z.readonly(z.tuple([z.int(), z.int()])))),
  }),
);
/** One place where the words of a search were found. */
export type Found = z.infer<typeof foundSchema>;

const count = z.int();

export const purgeCountsSchema = z.readonly(
  z.object({
    /** Messages, each counted once however many copies there are. */
    messages: count,
    /** Lines of the journal of the mailboxes. */
    journalLines: count,
    /** Files in `rejected/` that are no messages. */
    rejectedFiles: count,
    prompts: count,
    /** Lines of the journals of managed sessions. */
    sessionLines: count,
    /** Messages and prompts that match but wait or are open, and so stay. */
    open: count,
  }),
);
/** What a purge erases, or would. */
export type PurgeCounts = z.infer<typeof purgeCountsSchema>;
