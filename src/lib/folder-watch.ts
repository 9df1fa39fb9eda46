import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { errnoOf } from './errno.ts';

export interface FolderWatchOptions {
  /** Called after anything may have changed in one of the folders; never while another call of it runs. */
  readonly onChange: () => void;
  /** Called also this often without any event: events are a hint that some file systems never give. */
  readonly rescanMs: number;
  /** How often to look when the system has no watch to give. */
  readonly pollMs: number;
}

/** Tells when something changes in folders, by file-system events where there are any. */
export interface FolderWatch {
  /** `events`, or `polling` when at least one folder could not be watched. */
  readonly mode: 'events' | 'polling';
  /** Stops watching. May be called more than once; `onChange` is not called afterwards. */
  close(): void;
}

/**
 * Watches folders for new, changed and removed entries (not below them).
 *
 * A folder that does not exist, was deleted, or cannot be watched because the system's watches are used up, is looked
 * at every `pollMs` instead, and watched again as soon as that works; one that another folder has replaced is noticed
 * on the next re-scan. Never throws for such a reason.
 */
export function watchFolders(folders: readonly string[], options: FolderWatchOptions): FolderWatch {
  return new Watches(folders, options);
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: bigint | undefined;
}

class Watches implements FolderWatch {
  readonly #folders: readonly string[];
  readonly #options: FolderWatchOptions;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #closed = false;

  constructor(folders: readonly string[], options: FolderWatchOptions) {
    this.#folders = folders;
    this.#options = options;
    for (const folder of folders) this.#open(folder);
    this.#waitForTick();
  }

  get mode(): 'events' | 'polling' {
    return this.#watched.size === this.#folders.length ? 'events' : 'polling';
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const folder of this.#folders) this.#drop(folder);
  }

  #waitForTick(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { rescanMs, pollMs } = this.#options;
    this.#timer = setTimeout(() => this.#tick(), this.mode === 'events' ? rescanMs : pollMs);
  }

  #tick(): void {
    for (const folder of this.#folders) {
      // An own event tells that the folder itself went, none that one above it was renamed.
      const watched = this.#watched.get(folder);
      if (watched === undefined || watched.inode !== inodeOf(folder)) this.#open(folder);
    }
    this.#notify();
    this.#waitForTick();
  }

  #notify(): void {
    if (this.#closed || this.#scheduled) return;
    this.#scheduled = true;
    // One call for a burst of events: a rename alone gives two.
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#options.onChange();
    });
  }

  #open(folder: string): void {
    this.#drop(folder);
    try {
      const inode = inodeOf(folder);
      const watcher = watch(folder, { persistent: true }, (event, name) => {
        // A deleted or renamed folder reports its own name and then never anything again; an entry in it may have the
        // same name, and then opening it anew does no harm.
        if (event === 'rename' && name === basename(folder) && !this.#closed) {
          this.#open(folder);
          this.#waitForTick();
        }
        this.#notify();
      });
      watcher.on('error', () => {
        this.#drop(folder);
        this.#waitForTick();
        this.#notify();
      });
      this.#watched.set(folder, { watcher, inode });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }

  #drop(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }
}

/** Undefined for a folder that cannot be looked at now, for whatever reason: it is polled until it can. */
function inodeOf(folder: string): bigint | undefined {
  try {
    return statSync(folder, { bigint: true }).ino;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
