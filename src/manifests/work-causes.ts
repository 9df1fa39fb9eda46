import { basename } from 'node:path';
import type { WorkStep } from '../protocol/work-step.ts';
import { type Installed, installedBy } from './install-command.ts';
import type { Registry } from './package-id.ts';
import { registryOfManifest } from './project-packages.ts';

/** What a step of work did that may have to do with a package of a peer. */
export type WorkCause =
  | {
      readonly kind: 'edit';
      readonly registry: Registry;
      /** The manifest or lock file. */
      readonly path: string;
      /** What is new in it. */
      readonly text: string;
    }
  | { readonly kind: 'install'; readonly installed: readonly Installed[] }
  | { readonly kind: 'failure'; readonly text: string };

const MAX_EDIT_CHARACTERS = 262_144;

/** What in steps of work may concern a package. */
export function causesIn(steps: readonly WorkStep[]): WorkCause[] {
  return steps.flatMap((step) => (step.kind === 'command' ? ofCommand(step) : ofEdit(step)));
}

function ofCommand({ command, failedWith }: Extract<WorkStep, { kind: 'command' }>): WorkCause[] {
  const installed = installedBy(command);
  return [
    ...(installed.length > 0 ? [{ kind: 'install', installed } as const] : []),
    ...(failedWith === undefined ? [] : [{ kind: 'failure', text: failedWith } as const]),
  ];
}

function ofEdit({ path, before, after }: Extract<WorkStep, { kind: 'edit' }>): WorkCause[] {
  const registry = registryOfManifest(basename(path));
  if (registry === undefined) return [];
  const known = new Set(before.flatMap(linesOf));
  const text = after
    .flatMap(linesOf)
    .filter((line) => hasLongEntries(registry) || !known.has(line))
    .join('\n');
  return [{ kind: 'edit', registry, path, text: text.slice(0, MAX_EDIT_CHARACTERS) }];
}

/** Where a dependency takes several lines, the one with its name stays as it is when the version changes. */
function hasLongEntries(registry: Registry): boolean {
  return registry === 'maven' || registry === 'cargo';
}

/** Without a comma at their end, which comes and goes with the line after. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim().replace(/,$/, ''));
}
