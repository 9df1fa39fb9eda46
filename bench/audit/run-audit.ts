import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClaudeBinary,
  type CleanHome,
  createCleanHome,
  type InteractiveClaude,
  type ModelApi,
  type ModelSession,
  startInteractiveClaude,
  startModelApi,
  waitFor,
} from '../../src/testing/index.ts';
import { liftLimits, rootOf } from '../lifted-limits.ts';
import { type ChattyModel, chattyModel, MESSAGES_PER_BURST } from './chatty-model.ts';
import { type Audit, countMessages, unprovedMessages } from './count-messages.ts';

const PLUGIN = resolve(import.meta.dirname, '../../plugin');
const START_MS = 60_000;
const TURN_MS = 180_000;
/** How long the last messages may take to be seen and proved once nobody sends any more. */
const DRAIN_MS = 180_000;
const BETWEEN_DRAINS_MS = 3_000;

export interface AuditRun {
  readonly binary: ClaudeBinary;
  readonly sessions: number;
  /** About how many messages they exchange, answers included. */
  readonly messages: number;
}

export interface AuditResult extends Audit {
  readonly seconds: number;
  /** Calls of our tools that ended in an error, as the models were told. */
  readonly toolErrors: readonly string[];
}

interface Member {
  readonly name: string;
  readonly claude: InteractiveClaude;
  readonly model: ModelSession;
  readonly chatty: ChattyModel;
}

/**
 * Starts real sessions on a scripted model and lets each send bursts to the others, first while they are idle between
 * bursts, then in the middle of other work; then waits until all is seen, and counts.
 */
export async function runAudit({ binary, sessions, messages }: AuditRun): Promise<AuditResult> {
  const api = await startModelApi();
  const home = createCleanHome();
  const members: Member[] = [];
  try {
    liftLimits(home);
    const names = Array.from({ length: sessions }, (_, index) => `seat-${index}`);
    // A host that runs forgets the projects that are made after its start.
    for (const name of names) home.project(name);
    for (const name of names) members.push(await startMember({ api, home, binary, name, names }));
    await waitFor(() => seatsByName(home).size === sessions, { what: 'every seat', timeoutMs: START_MS });
    const start = performance.now();
    const bursts = Math.max(2, Math.ceil(messages / sessions / MESSAGES_PER_BURST));
    const idle = Math.ceil(bursts / 2);
    for (let round = 0; round < idle; round += 1)
      await Promise.all(members.map(({ claude }) => turn(claude, `IDLE ${round}`)));
    await Promise.all(members.map(({ claude }) => turn(claude, `BUSY ${bursts - idle}`)));
    await drain(members, rootOf(home));
    const seconds = (performance.now() - start) / 1000;
    const bySeat = seatsByName(home);
    const models = new Map(members.map(({ name, model }) => [bySeat.get(name) ?? '', model]));
    const toolErrors = members.flatMap(({ chatty }) => chatty.errors);
    return { ...countMessages(rootOf(home), models), seconds, toolErrors };
  } finally {
    await Promise.all(members.map(({ claude }) => claude.stop()));
    await home.dispose();
    await api.close();
  }
}

async function startMember({
  api,
  home,
  binary,
  name,
  names,
}: {
  api: ModelApi;
  home: CleanHome;
  binary: ClaudeBinary;
  name: string;
  names: readonly string[];
}): Promise<Member> {
  const chatty = chattyModel(
    name,
    names.filter((other) => other !== name),
  );
  const model = api.session(name, chatty.rule);
  const claude = await startInteractiveClaude({
    binary,
    home,
    model,
    cwd: home.project(name),
    pluginDirs: [PLUGIN],
    debug: false,
    args: ['--allowedTools', 'Bash(sleep:*)', '--name', name],
  });
  await claude.waitUntilReady({ timeoutMs: START_MS });
  return { name, claude, model, chatty };
}

/** Says something to a session once it is at rest; when this resolves it may be at it, or queue it behind a peer's. */
async function turn(claude: InteractiveClaude, prompt: string): Promise<void> {
  await claude.waitUntilReady({ timeoutMs: TURN_MS });
  await claude.submit(prompt);
  await claude.waitUntilReady({ timeoutMs: TURN_MS });
}

/** Notes wake nobody: a word of the person's gives those that are left to their receivers. */
async function drain(members: readonly Member[], root: string): Promise<void> {
  const until = performance.now() + DRAIN_MS;
  while (performance.now() < until) {
    const to = new Set(unprovedMessages(root).map((message) => message.to));
    if (to.size === 0 && members.every(({ claude }) => claude.status() === 'idle')) return;
    if (to.size > 0) await Promise.all(members.map(({ claude }) => turn(claude, 'Is there anything else?')));
    await sleep(BETWEEN_DRAINS_MS);
  }
}

/** The seats whose attendants have told how they are reached, by name. */
function seatsByName(home: CleanHome): Map<string, string> {
  const seats = join(rootOf(home), 'seats');
  if (!existsSync(seats)) return new Map();
  const records = readdirSync(seats).flatMap((id) => {
    const record = join(seats, id, 'seat.json');
    return existsSync(record)
      ? [JSON.parse(readFileSync(record, 'utf8')) as { name: string; deliveryPath?: string }].map(
          ({ name, deliveryPath }) => ({ id, name, deliveryPath }),
        )
      : [];
  });
  return new Map(
    records.filter(({ deliveryPath }) => deliveryPath !== undefined).map(({ id, name }) => [name, id]),
  );
}
