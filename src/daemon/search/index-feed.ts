import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { unlessGone } from '../../lib/errno.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { journalFolder } from '../../mailbox/journal.ts';
import { type JournalPosition, readJournalAfter, readJournalEnd } from '../../mailbox/journal-tail.ts';
import { parseJson } from '../../protocol/json.ts';
import { type IndexedText, MessageTexts } from './message-texts.ts';
import type { Pacer } from './pacer.ts';
import { type PromptTexts, textsOf } from './prompt-texts.ts';
import type { SearchIndex } from './search-index.ts';

export interface IndexSources {
  readonly root: string;
  readonly prompts: PromptTexts;
  readonly pacer: Pacer;
}

const positionSchema = z.object({ day: z.string(), bytes: z.int() });
const lastPromptSchema = z.object({ id: z.string(), number: z.int() });

/** So many texts are kept in one step: fewer make more pieces of the index, which have to be put together. */
const TEXTS_PER_STEP = 2_000;
const PROMPTS_AT_ONCE = 100;
/** A journal that has grown by more is not read: looking through the folders takes less then. */
const MAX_JOURNAL_BYTES = 4 * 1024 * 1024;

/** Brings what there is into the index: once all of it, from then on what is new. */
export class IndexFeed {
  readonly messages: MessageTexts;
  readonly #sources: IndexSources;
  /** When an inbox was changed before it was last looked into. */
  readonly #inboxes = new Map<string, number>();

  constructor(sources: IndexSources) {
    this.#sources = sources;
    this.messages = new MessageTexts(sources.root);
  }

  /** Fills an empty index. Takes time with all there is, in small steps. */
  async fill(index: SearchIndex): Promise<void> {
    // Before the look: what comes meanwhile is in the journal after this.
    const { end } = readJournalEnd(this.#sources.root, 1);
    index.begin();
    await this.#takeFolders(index);
    await this.#takePrompts(index);
    if (end !== undefined) index.setFact('journal', JSON.stringify(end));
    await index.finish();
  }

  /** Takes in what has come since the last time. Takes time with that, and a look at each inbox. */
  async catchUp(index: SearchIndex): Promise<void> {
    index.begin();
    await this.#takeJournal(index);
    await this.#takeInboxes(index);
    await this.#takePrompts(index);
    index.commit();
  }

  /** The messages that no line of the journal told of, as after a full disk; to be added one by one. */
  async *missed(index: SearchIndex): AsyncGenerator<IndexedText> {
    for (const { id, folder } of this.messages.all()) {
      const missed = index.has(id) ? undefined : this.messages.readAt(folder, id);
      if (missed !== undefined) yield missed;
      await this.#sources.pacer.breathe();
    }
  }

  async #takeFolders(index: SearchIndex): Promise<void> {
    let count = 0;
    for await (const { entry, text } of this.missed(index)) {
      index.add(entry, text);
      count += 1;
      if (count % TEXTS_PER_STEP !== 0) continue;
      index.commit();
      index.begin();
    }
  }

  async #takeJournal(index: SearchIndex): Promise<void> {
    const { root, pacer } = this.#sources;
    const from = parseJson(index.fact('journal') ?? '', positionSchema);
    if (bytesAfter(root, from) > MAX_JOURNAL_BYTES) {
      const { end } = readJournalEnd(root, 1);
      await this.#takeFolders(index);
      if (end !== undefined) index.setFact('journal', JSON.stringify(end));
      return;
    }
    const { entries, end } = readJournalAfter(root, from);
    for (const { message: id, from: sender, to } of entries) {
      if (index.has(id)) continue;
      const found = this.messages.read({ id, from: sender, to });
      if (found !== undefined) index.add(found.entry, found.text);
      await pacer.breathe();
    }
    if (end !== undefined && (end.day !== from?.day || end.bytes !== from.bytes))
      index.setFact('journal', JSON.stringify(end));
  }

  /** What v1 sends is in no journal before somebody has read it. */
  async #takeInboxes(index: SearchIndex): Promise<void> {
    for (const folder of allSeatFolders(this.#sources.root)) {
      await this.#sources.pacer.breathe();
      const changedMs = unlessGone(() => lstatSync(folder.inbox).mtimeMs, 0);
      if (this.#inboxes.get(folder.id) === changedMs) continue;
      for (const id of this.messages.waitingAt(folder)) {
        const found = index.has(id) ? undefined : this.messages.readAt(folder, id);
        if (found !== undefined) index.add(found.entry, found.text);
      }
      // A change within the same tick of the clock would not be noticed.
      if (Date.now() - changedMs > 1_000) this.#inboxes.set(folder.id, changedMs);
    }
  }

  async #takePrompts(index: SearchIndex): Promise<void> {
    const { prompts, pacer } = this.#sources;
    for (const id of index.unfinished()) {
      const prompt = prompts.get(id);
      if (prompt !== undefined && prompt.ended === undefined) continue;
      for (const { entry, text } of prompt === undefined ? [] : textsOf(prompt)) index.add(entry, text);
      index.setUnfinished(id, false);
      await pacer.breathe();
    }
    const last = parseJson(index.fact('prompts') ?? '', lastPromptSchema);
    // Numbers are used again once the highest were removed: then all are looked at, and those that are known left out.
    let number = last !== undefined && prompts.numberOf(last.id) === last.number ? last.number : 0;
    for (;;) {
      const next = prompts.after(number, PROMPTS_AT_ONCE);
      for (const { prompt } of next) {
        if (index.has(prompt.id)) continue;
        for (const { entry, text } of textsOf(prompt)) index.add(entry, text);
        if (prompt.ended === undefined) index.setUnfinished(prompt.id, true);
        await pacer.breathe();
      }
      const newest = next.at(-1);
      if (newest === undefined) return;
      number = newest.number;
      index.setFact('prompts', JSON.stringify({ id: newest.prompt.id, number }));
    }
  }
}

function bytesAfter(root: string, from: JournalPosition | undefined): number {
  const folder = journalFolder(root);
  const days = unlessGone(() => readdirSync(folder), []).filter(
    (day) => from === undefined || day >= from.day,
  );
  const sizes = days.map((day) => unlessGone(() => lstatSync(join(folder, day)).size, 0));
  return sizes.reduce((sum, size) => sum + size, 0) - (from?.bytes ?? 0);
}
