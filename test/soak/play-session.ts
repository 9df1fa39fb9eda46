import { setTimeout } from 'node:timers/promises';
import type { ManagedSessionRecord, PromptRecord } from '../../src/protocol/managed-session.ts';
import type { Random } from '../faults/random.ts';
import type { SoakBench } from './soak-bench.ts';

/** A prompt that was accepted, and what its giver saw of it. */
export interface Given {
  readonly id: string;
  readonly text: string;
  /** What the session is to say when nothing disturbs it. */
  readonly expected: string | undefined;
  readonly isDisturbed: boolean;
  readonly seen: PromptRecord;
}

const LONGEST_TURN_MS = 120_000;

/** Gives a session so many prompts, one after the other, and disturbs it by chance. */
export async function playSession(
  soak: SoakBench,
  session: ManagedSessionRecord,
  { turns, random }: { turns: number; random: Random },
): Promise<Given[]> {
  const given: Given[] = [];
  let kills = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const { text, expected } = task(random, `${session.name}-${turn}`);
    const { epoch } = soak;
    const prompt = await soak.give(session.name, text);
    if (prompt === undefined) continue;
    // Who is killed as a turn ends may die in the next one.
    const mayDie = kills < (kills = soak.killsOf(session));
    const isDisturbed = await disturb(soak, { session, random, mustEnd: expected === undefined });
    const seen = await endOf(soak, prompt);
    given.push({
      id: prompt.id,
      text,
      expected,
      isDisturbed: isDisturbed || mayDie || epoch !== soak.epoch,
      seen,
    });
  }
  return given;
}

function task(random: Random, word: string): { text: string; expected: string | undefined } {
  const kinds = [
    { text: `SAY ${word}`, expected: word },
    { text: `RUN echo ${word}`, expected: `RAN[${word}]` },
    { text: `RUN sleep 0.${random.between(1, 9)}; echo ${word}`, expected: `RAN[${word}]` },
    { text: `LOOP 2 echo ${word}`, expected: 'LOOPED' },
    { text: 'HANG', expected: undefined },
  ];
  return random.pick(kinds);
}

/** What happens to a session while it works; whether anything did that may change the end of its turn. */
async function disturb(
  soak: SoakBench,
  { session, random, mustEnd }: { session: ManagedSessionRecord; random: Random; mustEnd: boolean },
): Promise<boolean> {
  const [chance, pauseMs] = [random.next(), random.below(600)];
  await setTimeout(pauseMs);
  if (mustEnd || chance < 0.2) {
    if (chance < 0.1 && (await soak.killChild(session))) return true;
    if (await soak.steer(session.name, 'interrupt')) soak.deeds.interrupts += 1;
    return true;
  }
  if (chance < 0.3) return await soak.killChild(session);
  if (chance < 0.5 && (await soak.steer(session.name, 'pause'))) {
    soak.deeds.pauses += 1;
    await setTimeout(pauseMs);
    await soak.resume(session.name);
  }
  return false;
}

async function endOf(soak: SoakBench, { id }: PromptRecord): Promise<PromptRecord> {
  const deadline = performance.now() + LONGEST_TURN_MS;
  for (;;) {
    const path = `/v1/prompts/${id}?waitMs=2000`;
    const prompt = await soak.surely(() => soak.bench.call<PromptRecord>('GET', path));
    if (prompt.ended !== undefined || performance.now() >= deadline) return prompt;
  }
}
