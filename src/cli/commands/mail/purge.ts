import type { PurgeCounts } from '../../../protocol/search.ts';
import type { CommandSpec } from '../../command.ts';

export const purge: CommandSpec = {
  name: 'purge',
  group: 'This machine',
  summary: 'Erase what was said, for good',
  details: [
    'Handled messages with what the journal tells of them, files that were rejected, and the prompts of managed sessions that have come to their end, with their results; from the files, the database of the daemon and the index alike. What waits or is open stays: messages that nobody has handled, questions without an answer, prompts that are worked on. So do seats and sessions.',
    'It says what it would erase and asks before it does. The records that Claude Code itself keeps of conversations, and the mail of session-bridge v1, are not touched.',
  ],
  options: [
    { name: 'peer', value: 'seat', summary: 'only what this seat sent or received' },
    { name: 'older-than', value: 'duration', summary: 'only what is older: 30d, 12h' },
    { name: 'yes', summary: 'go ahead without a question' },
    { name: 'dry-run', summary: 'only say what would be erased' },
  ],
  json: '{messages, journalLines, rejectedFiles, prompts, sessionLines, open, dryRun}: how many of each were erased, or with --dry-run would be; open is how many match but stay',
  example: `$ cahoots purge --older-than 30d
This will be erased:
  212 messages, with 803 lines of the journal
  14 prompts, with 391 lines about them
3 that match are open and stay.
Erase them for good? [y/N]`,
  exit: { 0: 'erased, or there was nothing', 1: 'you said no' },
  run: async (call) => {
    const { confirm, durationOption, purgeAll } = await import('../../lazy/search.ts');
    const request = {
      peer: call.option('peer'),
      olderThanMs: durationOption(call, 'older-than'),
      signal: call.signal,
    };
    const isDryRun = call.flag('dry-run');
    if (isDryRun || !call.flag('yes')) {
      const plan = await purgeAll(call.context, { ...request, dryRun: true });
      if (!call.json) await call.output.print(planText(plan));
      else if (isDryRun || isNothing(plan)) await call.output.printJson({ ...plan, dryRun: isDryRun });
      if (isDryRun || isNothing(plan)) return 0;
      if (!(await confirm(call, 'Erase them for good?'))) {
        call.output.note('Nothing was erased.');
        return 1;
      }
    }
    const erased = await purgeAll(call.context, { ...request, dryRun: false });
    if (call.json) await call.output.printJson({ ...erased, dryRun: false });
    else await call.output.print(['Erased:', ...parts(erased)].join('\n'));
    return 0;
  },
};

function planText(plan: PurgeCounts): string {
  const stays = plan.open === 0 ? [] : [`${plan.open} that match are open and stay.`];
  if (isNothing(plan)) return ['There is nothing to erase.', ...stays].join('\n');
  return ['This will be erased:', ...parts(plan), ...stays].join('\n');
}

function isNothing(counts: PurgeCounts): boolean {
  const { messages, journalLines, rejectedFiles, prompts, sessionLines } = counts;
  return messages + journalLines + rejectedFiles + prompts + sessionLines === 0;
}

function parts({ messages, journalLines, rejectedFiles, prompts, sessionLines }: PurgeCounts): string[] {
  const mail = `${counted(messages, 'message')}, with ${counted(journalLines, 'line')} of the journal`;
  const told = `${counted(prompts, 'prompt')}, with ${counted(sessionLines, 'line')} about them`;
  return [
    ...(messages + journalLines === 0 ? [] : [mail]),
    ...(rejectedFiles === 0 ? [] : [counted(rejectedFiles, 'rejected file')]),
    ...(prompts + sessionLines === 0 ? [] : [told]),
  ].map((line) => `  ${line}`);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
