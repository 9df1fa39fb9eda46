import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { readRegular } from '../../lib/read-regular.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { describeIssues, describeSyntax } from '../../protocol/issues.ts';
import { allowanceSchema } from '../../protocol/managed-session.ts';
import { PRESETS } from '../../protocol/preset.ts';

const filled = z.string().check(z.minLength(1));

const taskSchema = z.strictObject({
  /** Of the session that works on it. */
  name: filled,
  prompt: filled,
  /** Relative to the folder of the plan; that folder where left out. */
  cwd: z._default(filled, '.'),
  model: z.optional(filled),
  system: z.optional(filled),
  preset: z.optional(z.enum(PRESETS)),
  limits: z.optional(
    z.strictObject({ session: z.optional(allowanceSchema), turn: z.optional(allowanceSchema) }),
  ),
});

const planSchema = z.strictObject({
  /** How many sessions work at once. */
  concurrency: z._default(z.int().check(z.positive()), 3),
  tasks: z.array(taskSchema).check(z.minLength(1)),
});
/** Tasks that do not depend on each other, each for a session of its own. */
export type BatchPlan = z.infer<typeof planSchema>;

export type BatchTask = BatchPlan['tasks'][number];

const MAX_PLAN_BYTES = 16 * 1024 * 1024;

/** Reads a plan from a JSON file, with its folders absolute. Throws `usage` with what is wrong with it. */
export function readBatchPlan(file: string): BatchPlan {
  const found = readRegular(file, MAX_PLAN_BYTES);
  if (found.kind !== 'text')
    throw unusable(file, found.kind === 'missing' ? 'it is not there' : 'it is no text');
  let raw: unknown;
  try {
    raw = JSON.parse(found.text);
  } catch (error) {
    throw unusable(file, describeSyntax(error));
  }
  const parsed = planSchema.safeParse(raw);
  if (!parsed.success) throw unusable(file, describeIssues(parsed.error.issues, { raw, root: 'plan' }));
  const { concurrency, tasks } = parsed.data;
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw unusable(file, `two tasks are called ${JSON.stringify(twice)}`);
  return { concurrency, tasks: tasks.map((task) => ({ ...task, cwd: resolve(dirname(file), task.cwd) })) };
}

function unusable(file: string, reason: string): CahootsError {
  return new CahootsError('usage', `The plan ${file} cannot be used: ${reason}.`, {
    remedy:
      'It is JSON such as {"concurrency": 2, "tasks": [{"name": "a", "prompt": "…"}]}; see: cahoots batch --help',
    facts: { file, reason },
  });
}
