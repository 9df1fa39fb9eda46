import type * as Pty from '@lydell/node-pty';
import type * as Headless from '@xterm/headless';

/** The class of the terminal emulator. */
export type EmulatorClass = typeof Headless.Terminal;

/** Loads the pseudo-terminal library, or throws an error that says what to install. */
export function importPty(): Promise<typeof Pty> {
  return import('@lydell/node-pty').catch(missing('@lydell/node-pty'));
}

/** Loads the terminal emulator, or throws an error that says what to install. */
export async function importTerminalEmulator(): Promise<EmulatorClass> {
  const loaded: { Terminal?: EmulatorClass; default?: { Terminal?: EmulatorClass } } = await import(
    '@xterm/headless'
  ).catch(missing('@xterm/headless'));
  // It is a CommonJS bundle: what it exports arrives under `default`, whatever its types say.
  const emulator = loaded.default?.Terminal ?? loaded.Terminal;
  if (emulator === undefined) throw new Error('@xterm/headless exports no Terminal: install version 6');
  return emulator;
}

function missing(name: string) {
  return (cause: unknown): never => {
    throw new Error(
      `an interactive session needs the package ${name}: run npm install --save-dev @lydell/node-pty @xterm/headless`,
      {
        cause,
      },
    );
  };
}
