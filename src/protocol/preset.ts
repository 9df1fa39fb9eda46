export const PRESETS = ['read-only', 'review', 'edit', 'full', 'plan'] as const;
/** A named set of permissions of a managed session. */
export type Preset = (typeof PRESETS)[number];
