import { lstatSync, realpathSync, rmSync } from 'node:fs';
import { currentHolder } from '../../directory/seat-hold.ts';
import { removeFacade } from '../../mailbox/facade.ts';
import { isThere, requireOwnFolder } from '../../mailbox/seat-folder.ts';
import type { InstallContext } from '../install-context.ts';
import { halfErasedSeats } from '../uninstall/erase-seat.ts';
import { staleWakeFolders } from '../wake-folders.ts';
import { abandonedSeats } from './check-mail.ts';
import { isLoose, makePrivate, scanRoot } from './root-scan.ts';

/**
 * Sets the modes of our files, and removes façades and wake folders of ended sessions and temporary files of killed
 * writers. Mail that v1 left in a façade is taken into the seat first. Returns what was done, as sentences.
 *
 * Does nothing to a root that is not this user's.
 */
export function repair({ paths: { root }, clock }: InstallContext): string[] {
  if (!isThere(root)) return [];
  const real = realpathSync(root);
  requireOwnFolder(real);
  const nowMs = clock.now();
  const done: string[] = [];
  if (isLoose(lstatSync(real)) && makePrivate(real)) done.push(`made ${root} private`);
  const { loose, temporary } = scanRoot(root, nowMs);
  for (const path of loose) if (makePrivate(path)) done.push(`made ${path} private`);
  for (const path of [...temporary, ...staleWakeFolders(root, nowMs), ...halfErasedSeats(root)]) {
    rmSync(path, { recursive: true, force: true });
    done.push(`removed ${path}`);
  }
  for (const folder of abandonedSeats(root)) {
    // Somebody may have taken the seat meanwhile.
    if (currentHolder(folder)?.free === false) continue;
    removeFacade(root, folder);
    done.push(`removed the façade of ${folder.id}; its mail is kept`);
  }
  return done;
}
