// The daemon as it is built, which writes at each SIGUSR2 what it has in use, after a collection of garbage.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const { BENCH_DAEMON = '', XDG_RUNTIME_DIR = '' } = process.env;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
process.on('SIGUSR2', () => {
  // What a first collection has let go of may hold more that the second one finds.
  collect();
  collect();
  writeFileSync(join(XDG_RUNTIME_DIR, 'memory.json'), JSON.stringify(process.memoryUsage()));
});
await import(BENCH_DAEMON);
