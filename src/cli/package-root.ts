import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package, wherever in it the running file lies. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'plugin', '.claude-plugin', 'plugin.json'))) {
    if (folder === dirname(folder))
      throw new Error(`${fileURLToPath(import.meta.url)} is not in the package cahoots`);
    folder = dirname(folder);
  }
  return folder;
}
