import { CahootsError } from '../../protocol/errors.ts';
import { PRESETS, type Preset } from '../../protocol/preset.ts';
import type { Call } from '../command.ts';

/** The preset that a call names; undefined when it names none. Throws `usage` for one that there is not. */
export function presetFrom(call: Pick<Call, 'option'>): Preset | undefined {
  const text = call.option('preset');
  if (text === undefined) return undefined;
  const preset = PRESETS.find((candidate) => candidate === text);
  if (preset !== undefined) return preset;
  throw new CahootsError('usage', `There is no preset "${text.slice(0, 80)}".`, {
    remedy: `There are: ${PRESETS.join(', ')}.`,
    facts: { option: 'preset', got: text, known: PRESETS },
  });
}
