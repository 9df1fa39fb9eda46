import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf } from '../../lib/errno.ts';
import { describeUnread, type ReadResult, readRegular } from '../../lib/read-regular.ts';
import { describeSyntax } from '../../protocol/issues.ts';
import type { InstallContext } from '../install-context.ts';

const settingsSchema = z.looseObject({
  enabledPlugins: z.optional(z.record(z.string(), z.unknown())),
  extraKnownMarketplaces: z.optional(z.record(z.string(), z.unknown())),
  disableAllHooks: z.optional(z.unknown()),
  crossSessionInbound: z.optional(z.unknown()),
});

/** The person's own settings of Claude Code, as far as they matter here. */
export type HostSettings = z.infer<typeof settingsSchema>;

export type HostSettingsResult =
  | { readonly kind: 'settings'; readonly settings: HostSettings }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly reason: string };

const MAX_SETTINGS_BYTES = 4 * 1024 * 1024;

/** The file with the person's own settings of Claude Code. */
export function hostSettingsFile({ paths }: InstallContext): string {
  return join(paths.claudeConfigDir, 'settings.json');
}

/** Reads the person's settings of Claude Code; never throws for what stands in them. */
export function readHostSettings(context: InstallContext): HostSettingsResult {
  // Dotfile managers make it a link: it is read through one, unlike anything of ours.
  const found = readThroughLinks(hostSettingsFile(context));
  if (found.kind === 'missing') return { kind: 'missing' };
  if (found.kind !== 'text')
    return { kind: 'invalid', reason: `it is ${describeUnread(found, MAX_SETTINGS_BYTES)}` };
  try {
    const parsed = settingsSchema.safeParse(JSON.parse(found.text));
    return parsed.success
      ? { kind: 'settings', settings: parsed.data }
      : { kind: 'invalid', reason: 'it is no JSON object of settings' };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'invalid', reason: describeSyntax(error) };
  }
}

function readThroughLinks(path: string): ReadResult {
  try {
    return readRegular(realpathSync(path), MAX_SETTINGS_BYTES);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return { kind: code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'not-regular' };
  }
}
