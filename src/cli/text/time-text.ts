import { oneLine } from './printable.ts';

/** The local time of a moment, with its date when that is another day than `nowMs`: `14:03:22`, `2026-11-20 14:03:22`. */
export function localTime(iso: string, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return oneLine(iso.slice(0, 30));
  const time = at.toTimeString().slice(0, 8);
  return dayOf(at) === dayOf(new Date(nowMs)) ? time : `${dayOf(at)} ${time}`;
}

/** How long ago a moment was, in the largest unit that fits: `just now`, `3 minutes ago`. */
export function timeAgo(iso: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return 'never';
  const [count, unit] = inLargestUnit(seconds);
  if (count < 1 || unit === 'second') return 'just now';
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

function inLargestUnit(seconds: number): [number, string] {
  if (seconds < 60) return [seconds, 'second'];
  if (seconds < 3600) return [Math.floor(seconds / 60), 'minute'];
  if (seconds < 48 * 3600) return [Math.floor(seconds / 3600), 'hour'];
  return [Math.floor(seconds / 86_400), 'day'];
}

function dayOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
