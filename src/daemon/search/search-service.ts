import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../lib/clock.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { Found } from '../../protocol/search.ts';
import { IndexFeed } from './index-feed.ts';
import { Pacer } from './pacer.ts';
import { PromptTexts, textsOf } from './prompt-texts.ts';
import { isUseless, removeSearchDatabase } from './search-database.ts';
import { type IndexQuery, type NumberedIndexEntry, SearchIndex } from './search-index.ts';

export interface SearchOptions {
  readonly root: string;
  /** The index's file. */
  readonly path: string;
  /** The daemon's database, where the prompts are. */
  readonly database: DatabaseSync;
  readonly clock: Clock;
  /** How long past messages are kept, as the person's settings say now. */
  readonly keepMs: () => number;
  readonly onFault: (error: unknown) => void;
}

/** How long a search may take, and who waits for it. */
export interface SearchWait {
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

const FOUND_AT_ONCE = 50;
const OLD_AT_ONCE = 100;
const SWEEP_MS = 24 * 60 * 60 * 1000;
/** SQLite's own number of a full disk. */
const FULL = 13;

/**
 * Finds words in all messages, prompts and results of a root.
 *
 * Its index is made when somebody searches for the first time, and brought up to date at every search; between searches
 * it does nothing. The index only says where to look: what is found is read where it lies, so that what was erased, or
 * has gone with its age, is never found. A file that is missing, damaged or of another shape is made anew.
 */
export class SearchService {
  readonly #options: SearchOptions;
  readonly #pacer = new Pacer();
  readonly #prompts: PromptTexts;
  #feed: IndexFeed;
  #index: SearchIndex | undefined;
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  /** What is done with the index is done one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#prompts = new PromptTexts(options.database);
    this.#feed = this.#newFeed();
  }

  /**
   * The newest texts in which all terms are, the newest first. Rejects with `wait-timeout` when the index is not made
   * within `waitMs` (that goes on), with `cancelled`, `closed`, `node-too-old` or `storage-full`.
   */
  async search(query: IndexQuery, { limit, waitMs, signal }: SearchWait): Promise<Found[]> {
    const search = this.#alone(() => (signal.aborted ? [] : this.#search(query, limit)));
    return await this.#within(search, { waitMs, signal });
  }

  /**
   * Runs what erases texts while there is no index that could hold them. Afterwards it is made anew, without anybody
   * waiting: of what was erased nothing is left in its file.
   */
  async whileForgotten<T>(erase: () => Promise<T>): Promise<T> {
    const erased = await this.#alone(() => {
      this.#throwAway();
      return erase();
    });
    this.#alone(() => this.#upToDate()).catch(this.#options.onFault);
    return erased;
  }

  /** Ends what is going on at its next step; resolves once the file is closed. Idempotent. */
  async close(): Promise<void> {
    this.#pacer.end();
    await this.#work;
    this.#index?.close();
    this.#index = undefined;
  }

  #newFeed(): IndexFeed {
    const { root } = this.#options;
    return new IndexFeed({ root, prompts: this.#prompts, pacer: this.#pacer });
  }

  #alone<T>(work: () => T | Promise<T>): Promise<T> {
    const run = this.#work.then(() => this.#pacer.breathe()).then(work);
    this.#work = run.catch(() => undefined);
    return run;
  }

  async #within<T>(work: Promise<T>, { waitMs, signal }: Pick<SearchWait, 'waitMs' | 'signal'>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(this.#stillBuilding()), waitMs);
    const onAbort = (): void => late.reject(givenUp());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #search(query: IndexQuery, limit: number): Promise<Found[]> {
    for (let isAgain = false; ; isAgain = true) {
      try {
        const index = await this.#upToDate();
        const found = await this.#find(index, { query, limit });
        this.#sweepNowAndThen(index);
        return found;
      } catch (error) {
        if (isAgain || !isUseless(error)) throw asStorageFault(error);
        this.#throwAway();
      }
    }
  }

  async #upToDate(): Promise<SearchIndex> {
    this.#index ??= new SearchIndex(this.#options.path);
    const index = this.#index;
    try {
      await (index.isFinished ? this.#feed.catchUp(index) : this.#feed.fill(index));
      return index;
    } catch (error) {
      // It is opened again as it was before, or made anew.
      index.close();
      this.#index = undefined;
      this.#feed = this.#newFeed();
      throw error;
    }
  }

  async #find(index: SearchIndex, { query, limit }: { query: IndexQuery; limit: number }): Promise<Found[]> {
    const found: Found[] = [];
    let below: number | undefined;
    while (found.length < limit) {
      const entries = index.find(query, {
        limit: Math.min(FOUND_AT_ONCE, limit - found.length),
        ...(below !== undefined && { below }),
      });
      below = entries.at(-1)?.number;
      if (below === undefined) break;
      found.push(...this.#read(index, { entries, query }));
      await this.#pacer.breathe();
    }
    return found;
  }

  /** What the entries say now; those of which nothing is left are removed. */
  #read(
    index: SearchIndex,
    { entries, query }: { entries: readonly NumberedIndexEntry[]; query: IndexQuery },
  ): Found[] {
    const texts = entries.map((entry) => this.#textOf(entry));
    const snippets = index.snippets(
      texts.map((text) => text ?? ''),
      query.terms,
    );
    return entries.flatMap(({ number, ...entry }, place) => {
      const [text, snippet] = [texts[place], snippets[place]];
      if (snippet !== undefined) return [{ ...entry, ...snippet }];
      index.remove(number);
      // Somebody wrote something else into the file.
      if (text !== undefined) index.add(entry, text);
      return [];
    });
  }

  #textOf({ id, type, from, to }: NumberedIndexEntry): string | undefined {
    if (type !== 'prompt' && type !== 'result') return this.#feed.messages.read({ id, from, to })?.text;
    const prompt = this.#prompts.get(id);
    return prompt && textsOf(prompt).find(({ entry }) => entry.type === type)?.text;
  }

  /** After the first answer, and once a day: takes in what the journal did not tell, removes what has gone with its age. */
  #sweepNowAndThen(index: SearchIndex): void {
    if (performance.now() - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = performance.now();
    this.#sweep(index).catch((error: unknown) => {
      // It was closed meanwhile, with the daemon or to be made anew.
      if (this.#index === index) this.#options.onFault(error);
    });
  }

  async #sweep(index: SearchIndex): Promise<void> {
    for await (const { entry, text } of this.#feed.missed(index)) {
      if (this.#index !== index) return;
      index.add(entry, text);
    }
    const beforeMs = this.#options.clock.now() - this.#options.keepMs();
    for (let after = 0; ; ) {
      await this.#pacer.breathe();
      if (this.#index !== index) return;
      const old = index.oldest(beforeMs, { after, limit: OLD_AT_ONCE });
      for (const entry of old) if (this.#textOf(entry) === undefined) index.remove(entry.number);
      const last = old.at(-1);
      if (last === undefined) return;
      after = last.number;
    }
  }

  #throwAway(): void {
    this.#index?.close();
    this.#index = undefined;
    this.#feed = this.#newFeed();
    removeSearchDatabase(this.#options.path);
  }

  #stillBuilding(): CahootsError {
    const taken = this.#index?.size ?? 0;
    return new CahootsError('wait-timeout', `The index is still being made (texts so far: ${taken}).`, {
      remedy: 'That goes on by itself: search again in a while.',
      facts: { building: true, taken },
    });
  }
}

function givenUp(): CahootsError {
  return new CahootsError('cancelled', 'The search was given up.', { remedy: 'Search again.' });
}

function asStorageFault(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || (Number(error.errcode) & 0xff) !== FULL)
    return error;
  return new CahootsError('storage-full', 'The disk is full: the index for searches cannot be written.', {
    remedy: 'Free some space and search again.',
    cause: error,
  });
}
