import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { listPeers } from '../../src/directory/peers.ts';
import { waitFor } from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf } from '../figures.ts';
import { scratch } from '../scratch.ts';
import { inTurn, wholeProcess } from '../whole-process.ts';

const ATTENDANT = resolve(import.meta.dirname, '../../plugin/dist/attendant.js');
const ROUNDS = 20;

/** How fast the attendant answers its session, and what it weighs once it sits on its seat. */
export const attendantStart: BenchCase = {
  name: 'attendant-start',
  summary: 'attendant: start to the answered list of tools, and resident memory with a seat',
  async run(effort) {
    const rounds = Math.max(4, Math.round(ROUNDS * effort));
    // As for a person: what the first start compiled is there for the next ones.
    const home = scratch();
    const resident: number[] = [];
    const own: number[] = [];
    const [nothing = [], start = []] = await inTurn(
      rounds,
      () => wholeProcess({ file: process.execPath, args: ['-e', '0'], env: { PATH: process.env['PATH'] } }),
      async () => {
        const { startMs, residentMb, ownMb } = await startOnce(home.folder);
        resident.push(residentMb);
        own.push(ownMb);
        return startMs;
      },
    );
    home.dispose();
    return [
      { name: 'attendant: start → tools listed', unit: 'ms', figures: figuresOf(start), goal: 150 },
      { name: 'for comparison: node -e 0', unit: 'ms', figures: figuresOf(nothing) },
      { name: 'attendant: resident memory', unit: 'MB', figures: figuresOf(resident), goal: 70 },
      { name: 'attendant: memory of its own (proportional share)', unit: 'MB', figures: figuresOf(own) },
    ];
  },
};

async function startOnce(home: string): Promise<{ startMs: number; residentMb: number; ownMb: number }> {
  const place = scratch();
  const project = join(place.folder, 'project');
  mkdirSync(project);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    BRIDGE_DIR: place.root,
    CLAUDE_PROJECT_DIR: project,
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    CLAUDE_CODE_SESSION_ID: 'bench',
  };
  const client = new Client({ name: 'bench', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [ATTENDANT],
    env,
    stderr: 'ignore',
  });
  const start = performance.now();
  await client.connect(transport);
  await client.listTools();
  const startMs = performance.now() - start;
  try {
    await waitFor(() => listPeers(place.root, Date.now()).length === 1, { what: 'the seat' });
    return { startMs, ...memoryOf(transport.pid ?? 0) };
  } finally {
    await client.close();
    place.dispose();
  }
}

function memoryOf(pid: number): { residentMb: number; ownMb: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024;
  return { residentMb: mb('Rss'), ownMb: mb('Pss') };
}
