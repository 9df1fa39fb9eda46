import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { wholeProcess } from '../whole-process.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const SDK = '@anthropic-ai/claude-agent-sdk';
const MB = 2 ** 20;
const ROUNDS = 3;

/** What a user installs, and how long that takes; asks the package registry, so the network counts. */
export const installSize: BenchCase = {
  name: 'install-size',
  summary: 'npm install --global of the packed package, and of the Agent SDK beside it, with an empty cache',
  async run(effort) {
    const folder = mkdtempSync(join(tmpdir(), 'cahoots-bench-'));
    try {
      const tarball = packed(folder);
      const { devDependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
        devDependencies: Record<string, string>;
      };
      const sdk = `${SDK}@${devDependencies[SDK]}`;
      const installs: readonly (readonly [string, readonly string[]])[] = [
        ['messages only: cahoots', [tarball]],
        [`managed sessions with an own claude: the SDK, --cpu=none`, [sdk, '--cpu=none']],
        ['managed sessions with the claude of the SDK: the SDK', [sdk]],
      ];
      const nothing: number[] = [];
      const times = installs.map((): number[] => []);
      const sizes = installs.map((): number[] => []);
      for (let round = 0; round < Math.max(1, Math.round(ROUNDS * effort)); round += 1) {
        nothing.push(await npm(['--version']));
        for (const [index, [, args]] of installs.entries()) {
          const prefix = join(folder, 'prefix');
          times[index]?.push(await install(args, { prefix, cache: join(folder, 'cache') }));
          sizes[index]?.push(sizeOf(prefix) / MB);
          if (index === 0) requireAlone(prefix);
          rmSync(prefix, { recursive: true });
          rmSync(join(folder, 'cache'), { recursive: true, force: true });
        }
      }
      const row = (name: string, unit: 'ms' | 'MB', values: readonly number[]): Row => ({
        name,
        unit,
        figures: figuresOf(values),
      });
      return [
        row('the packed package', 'MB', [lstatSync(tarball).size / MB]),
        ...installs.map(([name], index) => row(name, 'MB', sizes[index] ?? [])),
        ...installs.map(([name], index) => row(name, 'ms', times[index] ?? [])),
        row('for comparison: npm --version', 'ms', nothing),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function packed(folder: string): string {
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: PROJECT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(answer) as [{ filename: string }];
  return join(folder, filename);
}

async function install(
  args: readonly string[],
  { prefix, cache }: { prefix: string; cache: string },
): Promise<number> {
  const where = ['--prefix', prefix, '--cache', cache, '--no-audit', '--no-fund'];
  return await npm(['install', '--global', ...where, ...args]);
}

async function npm(args: readonly string[]): Promise<number> {
  return await wholeProcess({ file: 'npm', args, env: process.env });
}

/** Who only sends messages gets no `claude` and no Agent SDK. */
function requireAlone(prefix: string): void {
  const modules = join(prefix, 'lib/node_modules');
  const beside = readdirSync(modules).filter((name) => name !== 'cahoots');
  if (beside.length === 0 && !existsSync(join(modules, 'cahoots/node_modules'))) return;
  throw new Error(`cahoots brought other packages: ${beside.join(', ')}`);
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => lstatSync(join(folder, path)))
    .reduce((sum, { size }) => sum + size, 0);
}
