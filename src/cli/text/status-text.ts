import type { ManagedSessionRecord, PromptRecord, Used } from '../../protocol/managed-session.ts';
import { amountText, usedBy } from '../../protocol/used.ts';
import { oneLine, shortened } from './printable.ts';
import { durationText, moneyText, stateText } from './session-text.ts';
import { timeAgo } from './time-text.ts';

const SHOWN_CHARACTERS = 80;
const LIMITS = ['costUsd', 'turns', 'tokens', 'minutes'] as const;

/** How a managed session is, as labels with what is to be said; the last prompts say what it works on. */
export function managedStatusText(
  session: ManagedSessionRecord,
  { prompts, nowMs }: { prompts: readonly PromptRecord[]; nowMs: number },
): readonly (readonly [label: string, value: string])[] {
  const { spent, turns, activeMs, limits } = session;
  const used = usedBy(spent, { turns, minutes: activeMs / 60_000 });
  const open = prompts.filter(({ ended }) => ended === undefined);
  const works = open.find(({ startedAtMs }) => startedAtMs !== undefined);
  const queued = open.filter((prompt) => prompt !== works);
  return [
    ['state', stateText(session, nowMs)],
    ['preset', session.preset],
    ['model', session.model ?? 'the default of the agent'],
    ['conversation', session.conversation],
    [
      'spent',
      `${moneyText(spent.costUsd)}, ${amountText('tokens', used.tokens)} tokens, ${turns} turns, ${durationText(activeMs)} at work`,
    ],
    ...LIMITS.flatMap((limit) => {
      const allowed = limits.session[limit];
      if (allowed === undefined) return [];
      return [
        [
          `limit of ${WORDS[limit]}`,
          `${amountText(limit, used[limit])} of ${amountText(limit, allowed)}`,
        ] as const,
      ];
    }),
    ...LIMITS.flatMap((limit) => {
      const allowed = limits.turn[limit];
      return allowed === undefined
        ? []
        : [[`of each prompt`, `at most ${amountText(limit, allowed)} ${WORDS[limit]}`] as const];
    }),
    ...(works === undefined ? [] : [['works on', shortened(works.text, SHOWN_CHARACTERS)] as const]),
    ...queued.map((prompt) => ['queued', shortened(prompt.text, SHOWN_CHARACTERS)] as const),
    ...(session.forkOf === undefined ? [] : [['copy of', oneLine(session.forkOf)] as const]),
    ['changed', timeAgo(new Date(session.changedAtMs).toISOString(), nowMs)],
  ];
}

const WORDS: Readonly<Record<keyof Used, string>> = {
  costUsd: 'cost',
  turns: 'turns',
  tokens: 'tokens',
  minutes: 'minutes',
};
