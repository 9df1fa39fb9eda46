import { ownsText } from '../../manifests/package-id.ts';

/** What a list says of a peer: its own words, and which of its packages the project here uses. */
export function aboutPeer(about: string, used: readonly string[]): string {
  return [about, ownsText(used)].filter((text) => text !== '').join(' · ');
}
