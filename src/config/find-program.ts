import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { errnoOf } from '../lib/errno.ts';
import type { Environment } from './trusted-environment.ts';

/** The programs of that name on the `PATH`, in its order; folders that npm adds for its own scripts are left out. */
export function programsOnPath(name: string, env: Environment): string[] {
  const path = env['PATH'] ?? env['Path'] ?? '';
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder) && !isAddedByNpm(folder));
  return [...new Set(folders)].flatMap((folder) =>
    namesOf(name)
      .map((file) => join(folder, file))
      .filter(isProgram),
  );
}

/** Whether there is a file at `path` that this user may run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** `npx` and `npm run` put folders in front that no session will have. */
function isAddedByNpm(folder: string): boolean {
  return /[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder) || /[\\/]node-gyp-bin[\\/]?$/.test(folder);
}

function namesOf(name: string): string[] {
  return process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
}
