import { join, resolve } from 'node:path';
import { CLI } from '../fixtures/cli.ts';
import { bundled, cleanEnv, startCommand } from '../fixtures/run-program.ts';
import type { Player, RoundBench } from './round.ts';
import { wordsOfListen } from './words.ts';

/** The built `cahoots listen --follow` on a shell seat; it ends when no message came for a moment. */
export function cliListener(
  bench: RoundBench,
  { root, seat, at }: { root: string; seat: string; at: number | undefined },
): Player {
  const env = cleanEnv({
    HOME: join(bench.folder, 'home'),
    BRIDGE_DIR: root,
    PROJECT_DIR: join(bench.folder, seat),
    XDG_CACHE_HOME: resolve(import.meta.dirname, '../../.cache'),
    ...bench.faultEnv(at),
  });
  const words = [process.execPath, '--import', bundled('fault-preload.ts'), CLI];
  const listening = ['listen', '--follow', '--json', '--wait', '0.3', '--as', seat];
  const program = startCommand(bench.lifetime, [...words, ...listening], { env, cwd: bench.folder });
  const ended = program.ended.then((run) => {
    const error = /\{"error":\{"code":"([a-z-]+)"/.exec(run.stdout)?.[1];
    const isTold =
      run.code !== null && error !== undefined && (error === 'wait-timeout' || bench.ledger.hadStorageFaults);
    const stdout = wordsOfListen(run.stdout)
      .map(({ id, isRepeat, hash }) => `took ${id} ${Number(isRepeat)} ${hash}\n`)
      .join('');
    // That the time was up is how it ends; a storage that fails is told by a typed error.
    return { ...run, stdout, stderr: run.stderr + run.stdout.slice(-500), code: isTold ? 0 : run.code };
  });
  return { role: 'receiver', program: { ...program, ended } };
}
