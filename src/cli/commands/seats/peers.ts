import { peerList } from '../../../client/seats/peer-list.ts';
import { ownsText } from '../../../manifests/package-id.ts';
import type { CommandSpec } from '../../command.ts';
import { shortPath } from '../../text/short-path.ts';
import { table } from '../../text/table.ts';

export const peers: CommandSpec = {
  name: 'peers',
  group: 'Seats',
  summary: 'List the sessions and shells that can be written to, those who are here first',
  details: [
    'The kinds are live (a session that a person opened), managed (one that cahoots started), shell (a person or script at a prompt) and v1 (a session of session-bridge 0.1). The states are idle, busy, waiting (for a person), listening, and away.',
    "What a session's project provides is read from its manifests (npm, Cargo, Go, Python, Maven, Gradle). A peer that owns something which the project here depends on is marked so.",
  ],
  options: [{ name: 'managed', summary: 'only the sessions that cahoots started' }],
  json: '[{id, name, kind, state, path, machine, about, you, packages, dependency}]: you is true for the seat that speaks; packages are what the peer provides, as npm:lib; dependency is true if the project here depends on one of them',
  example: `$ cahoots peers
    NAME  ID      KIND   STATE  MACHINE  PATH             ABOUT
  * app   k3x9qa  shell  idle   laptop   ~/projects/app
    lib   p0c7zt  live   busy   laptop   ~/projects/lib   cutting version 2`,
  exit: {},
  run: async (call) => {
    const all = await peerList(call.context, call.as);
    const shown = call.flag('managed') ? all.filter(({ kind }) => kind === 'managed') : all;
    if (call.json) {
      await call.output.printJson(
        shown.map(({ id, name, kind, state, path, machine, about, you, packages, used }) => ({
          id,
          name,
          kind,
          state,
          path,
          machine,
          about,
          you,
          packages,
          dependency: used.length > 0,
        })),
      );
    } else if (shown.length === 0) {
      call.output.note('Nobody is here yet. A mailbox of your own: cahoots start');
    } else {
      const text = table(
        shown,
        [
          { title: ' ', cell: ({ you }) => (you ? '*' : ' ') },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'ID', cell: ({ id }) => id },
          { title: 'KIND', cell: ({ kind }) => kind },
          { title: 'STATE', cell: ({ state }) => state },
          { title: 'MACHINE', cell: ({ machine }) => machine },
          { title: 'PATH', cell: ({ path }) => shortPath(path, call.context.config.env) },
          { title: 'ABOUT', cell: ({ about, used }) => aboutPeer(about, used) },
        ],
        call.output,
      );
      await call.output.printStyled(text);
    }
  },
};

/** What a list says of a peer: its own words, and which of its packages the project here uses. */
function aboutPeer(about: string, used: readonly string[]): string {
  return [about, ownsText(used)].filter((text) => text !== '').join(' · ');
}
