import { type FSWatcher, watch } from 'node:fs';
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
 * A folder that does not exist, is deleted and made again, or cannot be watched because the system's watches are used
 * up, is looked at on the next re-scan instead, and watched again as soon as that works. Never throws for such a reason.
 */
export function watchFolders(folders: readonly string[], options: FolderWatchOptions): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  let closed = false;
  let scheduled = false;

  const notify = (): void => {
    if (closed || scheduled) return;
    scheduled = true;
    // One call for a burst of events: a rename alone gives two.
    setImmediate(() => {
      scheduled = false;
      if (!closed) options.onChange();
    });
  };
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const openMissing = (): void => {
    for (const folder of folders) if (!watchers.has(folder)) openOne(folder);
  };
  const openOne = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: true }, (event, name) => {
        // A deleted folder reports its own name and then never anything again.
        if (event === 'rename' && name !== null && folder.endsWith(name)) drop(folder);
        notify();
      });
      watcher.on('error', () => {
        drop(folder);
        notify();
      });
      watchers.set(folder, watcher);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  };

  openMissing();
  const mode = () => (watchers.size === folders.length ? 'events' : 'polling');
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    openMissing();
    notify();
    timer = setTimeout(tick, mode() === 'events' ? options.rescanMs : options.pollMs);
  };
  timer = setTimeout(tick, mode() === 'events' ? options.rescanMs : options.pollMs);

  return {
    get mode() {
      return mode();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const folder of folders) drop(folder);
    },
  };
}
