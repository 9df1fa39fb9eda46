import { existsSync, readFileSync } from 'node:fs';
import { waitFor } from './wait-for.ts';

/** The debug log that a `claude` process writes when its launch asks for it. */
export class DebugLog {
  readonly #path: string | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** The whole log so far; empty when none is written. */
  text(): string {
    return this.#path !== undefined && existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : '';
  }

  /** Resolves once the host says that it is connected with an MCP server, for example `plugin:my-plugin:my-server`. */
  async waitForServer(name: string, { timeoutMs = 15_000 }: { timeoutMs?: number } = {}): Promise<void> {
    if (this.#path === undefined) {
      throw new Error(`cannot wait for the server ${name} without the debug log: launch with debug: true`);
    }
    // Connected is not yet known by its tools: this line of the host comes after it has listed them (both versions).
    const listed = `MCP server "${name}": Channel notifications`;
    const mentions = (): string => {
      const lines = this.text().split('\n');
      return (
        lines.filter((line) => line.includes('MCP server')).join('\n') || 'the log mentions no MCP server'
      );
    };
    await waitFor(() => this.text().includes(listed), {
      what: `the tools of ${name}`,
      timeoutMs,
      explain: mentions,
    });
  }
}
