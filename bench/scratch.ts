import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSeatRecord } from '../src/directory/seat-record.ts';
import { freshRecord } from '../src/directory/take-seat.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createSeatFolder, openRoot, type SeatFolder } from '../src/mailbox/seat-folder.ts';
import { isSeatId } from '../src/protocol/ids.ts';

/** A mailbox root of its own for one measurement; `dispose` removes it. */
export interface Scratch {
  readonly folder: string;
  readonly root: string;
  seat(id: string, name: string): SeatFolder;
  dispose(): void;
}

export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'cahoots-bench-'));
  const root = join(folder, 'root');
  openRoot(root);
  return {
    folder,
    root,
    seat(id, name) {
      if (!isSeatId(id)) throw new Error(`${id} is no seat id`);
      const made = createSeatFolder(root, id);
      writeSeatRecord(
        made,
        freshRecord({ clock: systemClock, projectPath: join(folder, name), version: 'bench' }, id, {
          name,
          kind: 'shell',
        }),
      );
      return made;
    },
    dispose() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
