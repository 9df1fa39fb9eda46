// Writes the kept figures of `bench/results` into docs/performance.md, below its mark.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, tableOf } from './figures.ts';

interface Result {
  readonly case: string;
  readonly at: string;
  readonly effort?: number;
  readonly machine: {
    readonly cores: number;
    readonly memoryGb: number;
    readonly kernel: string;
    readonly node: string;
    readonly loadBefore?: number;
  };
  readonly rows?: readonly Row[];
  /** Written as it is, where what was counted is no series of measurements. */
  readonly table?: string;
}

const MARK = '<!-- figures -->';
const results = join(import.meta.dirname, 'results');
const page = join(import.meta.dirname, '../docs/performance.md');
const parts = readdirSync(results)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as Result)
  .map(({ case: name, at, effort, machine, rows = [], table = tableOf(rows) }) => {
    const part = effort === undefined ? '' : `, effort ${effort}`;
    const load = machine.loadBefore === undefined ? '' : `, load average before ${machine.loadBefore}`;
    const where = `${at.slice(0, 10)}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}${part}${load}`;
    return `## ${name}

${where}

\`\`\`
${table}
\`\`\`
`;
  });
const text = readFileSync(page, 'utf8');
writeFileSync(page, `${text.slice(0, text.indexOf(MARK) + MARK.length)}\n\n${parts.join('\n')}`);
