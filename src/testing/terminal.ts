import type { IPty } from '@lydell/node-pty';
import type { Terminal as Emulator } from '@xterm/headless';
import { importPty, importTerminalEmulator } from './optional-import.ts';
import { waitFor } from './wait-for.ts';

/** How a process ended. */
export interface ExitFacts {
  readonly code: number | null;
  readonly signal: number | string | null;
}

/** A key that is pressed by its name. */
export type Key = keyof typeof KEYS;

/** A process in a pseudo-terminal, with the screen that a person would see. */
export interface Terminal {
  readonly pid: number;
  readonly exited: Promise<ExitFacts>;
  readonly hasExited: boolean;
  /** The visible text, one line per row, without trailing blanks. */
  screen(): string;
  /** Everything that the process has written, raw; for looking into failures. */
  raw(): string;
  /** Sends characters as typed. */
  type(text: string): void;
  press(key: Key): void;
  /** The first screen that matches; the error at the deadline shows the screen that was there instead. */
  waitForScreen(
    pattern: RegExp | ((screen: string) => boolean),
    options?: { timeoutMs?: number },
  ): Promise<string>;
  /** Closes the terminal as a closed window does: the process gets SIGHUP. Idempotent. */
  hangUp(): void;
}

/** Starts a program in a pseudo-terminal of its own. */
export async function startTerminal(options: {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  columns?: number;
  rows?: number;
}): Promise<Terminal> {
  const [{ spawn }, EmulatorClass] = await Promise.all([importPty(), importTerminalEmulator()]);
  const { file, args, cwd, env, columns = 150, rows = 45 } = options;
  const emulator = new EmulatorClass({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
  const pty = spawn(file, [...args], { name: env.TERM ?? 'xterm-256color', cols: columns, rows, cwd, env });
  return new PtyTerminal(pty, emulator);
}

const KEYS = {
  enter: '\r',
  newline: '\n',
  escape: '\u001b',
  tab: '\t',
  'shift-tab': '\u001b[Z',
  space: ' ',
  backspace: '\u007f',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  'ctrl-a': '\u0001',
  'ctrl-b': '\u0002',
  'ctrl-c': '\u0003',
  'ctrl-d': '\u0004',
  'ctrl-e': '\u0005',
  'ctrl-k': '\u000b',
  'ctrl-l': '\u000c',
  'ctrl-o': '\u000f',
  'ctrl-u': '\u0015',
} as const;

class PtyTerminal implements Terminal {
  readonly pid: number;
  readonly exited: Promise<ExitFacts>;
  hasExited = false;
  readonly #pty: IPty;
  readonly #emulator: Emulator;
  #raw = '';

  constructor(pty: IPty, emulator: Emulator) {
    this.#pty = pty;
    this.#emulator = emulator;
    this.pid = pty.pid;
    pty.onData((data) => {
      this.#raw = (this.#raw + data).slice(-RAW_LIMIT);
      emulator.write(data);
    });
    // The emulator answers what the program asks its terminal (cursor position, abilities), as a real one does.
    emulator.onData((data) => this.type(data));
    this.exited = new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        this.hasExited = true;
        resolve(signal ? { code: null, signal } : { code: exitCode, signal: null });
      });
    });
  }

  screen(): string {
    const { active } = this.#emulator.buffer;
    const rows = Array.from({ length: this.#emulator.rows }, (_, row) => {
      return active.getLine(active.viewportY + row)?.translateToString(true) ?? '';
    });
    return rows.join('\n').trimEnd();
  }

  raw(): string {
    return this.#raw;
  }

  type(text: string): void {
    if (!this.hasExited) this.#pty.write(text);
  }

  press(key: Key): void {
    this.type(KEYS[key]);
  }

  async waitForScreen(
    pattern: RegExp | ((screen: string) => boolean),
    { timeoutMs = 15_000 }: { timeoutMs?: number } = {},
  ): Promise<string> {
    const matches = typeof pattern === 'function' ? pattern : (screen: string) => screen.search(pattern) >= 0;
    return waitFor(
      () => {
        const screen = this.screen();
        return matches(screen) ? screen || ' ' : false;
      },
      {
        what: `a screen with ${String(pattern)}`,
        timeoutMs,
        explain: () => this.#framedScreen(),
        hopeless: () => (this.hasExited ? 'the process has exited' : undefined),
      },
    );
  }

  hangUp(): void {
    if (!this.hasExited) this.#pty.kill('SIGHUP');
  }

  #framedScreen(): string {
    return `the screen:\n${'-'.repeat(40)}\n${this.screen()}\n${'-'.repeat(40)}`;
  }
}

const RAW_LIMIT = 1_000_000;
