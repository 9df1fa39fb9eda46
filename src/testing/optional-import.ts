type Headless = Pick<typeof import('@xterm/headless'), 'Terminal'>;

/** Loads the pseudo-terminal library, or throws an error that says what to install. */
export function importPty(): Promise<typeof import('@lydell/node-pty')> {
  return import('@lydell/node-pty').catch(missing('@lydell/node-pty'));
}

/** Loads the terminal emulator, or throws an error that says what to install. */
export async function importTerminalEmulator(): Promise<Headless> {
  const loaded: Headless & { default?: Headless } = await import('@xterm/headless').catch(missing('@xterm/headless'));
  // It is a CommonJS bundle: what it exports arrives under `default`.
  return loaded.default ?? loaded;
}

function missing(name: string) {
  return (cause: unknown): never => {
    throw new Error(`an interactive session needs the package ${name}: run npm install --save-dev @lydell/node-pty @xterm/headless`, {
      cause,
    });
  };
}
