import {
  type Arbitrary,
  array,
  constantFrom,
  double,
  integer,
  letrec,
  oneof,
  string,
  tuple,
  uint8Array,
} from 'fast-check';
import { hostileText } from './hostile-text.ts';

const KEYS = ['__proto__', 'constructor', 'prototype', 'toJSON', 'then', 'length', 'id', '', '0'] as const;
const NUMBERS = [
  '-0',
  '1e999',
  '-1e999',
  '9007199254740993',
  '-1',
  '0.1',
  '1e-999',
  '1E400',
  '123456789012345678901',
] as const;

/** JSON text of any shape: duplicate keys, `__proto__`, numbers that are no double, half characters, deep nesting. */
export const jsonText: Arbitrary<string> = letrec<{ value: string; leaf: string }>((tie) => ({
  leaf: oneof(
    constantFrom('null', 'true', 'false', '""', '[]', '{}', '"\\ud800"', '"\\u0000"'),
    constantFrom(...NUMBERS),
    hostileText.map((text) => JSON.stringify(text)),
    double({ noNaN: true, noDefaultInfinity: true }).map(String),
    constantFrom(10, 33, 200, 9_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
    constantFrom(10, 40, 3_000).map((depth) => '{"a":'.repeat(depth) + '0' + '}'.repeat(depth)),
  ),
  value: oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    array(tuple(oneof(constantFrom(...KEYS), string({ maxLength: 6 })), tie('value')), { maxLength: 4 }).map(
      asObject,
    ),
  ),
})).value;

function asObject(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

type Entries = readonly (readonly [string, string])[];
type Step = (entries: Entries) => Entries;

/** A valid object with some of its keys removed, exchanged, given twice, or of another type, as JSON text. */
export function mutated(valid: Readonly<Record<string, unknown>>): Arbitrary<string> {
  const entries: Entries = Object.entries(valid).map(([key, value]) => [key, JSON.stringify(value)]);
  const at = integer({ min: 0, max: entries.length - 1 });
  const step: Arbitrary<Step> = oneof(
    at.map(
      (index): Step =>
        (list) =>
          list.filter((_, other) => other !== index),
    ),
    tuple(at, jsonText).map(
      ([index, value]): Step =>
        (list) =>
          list.map((entry, other) => (other === index ? [entry[0], value] : entry)),
    ),
    tuple(at, jsonText).map(
      ([index, value]): Step =>
        (list) => [...list, [list[index]?.[0] ?? 'x', value]],
    ),
    tuple(constantFrom(...KEYS), jsonText).map(
      ([key, value]): Step =>
        (list) => [[key, value], ...list],
    ),
    tuple(at, at).map(
      ([one, other]): Step =>
        (list) =>
          list.map((entry, index) => [
            entry[0],
            list[index === one ? other : index === other ? one : index]?.[1] ?? '0',
          ]),
    ),
  );
  return array(step, { maxLength: 3 }).map((steps) =>
    asObject(steps.reduce<Entries>((list, next) => next(list), entries)),
  );
}

/** What a file holds after a kill, a fault of the disk or a hand: cut, with other bits, with bytes that are no UTF-8. */
export function damaged(text: Arbitrary<string>): Arbitrary<Buffer> {
  const place = integer({ min: 0, max: 10_000 });
  return tuple(
    text,
    oneof(
      { weight: 3, arbitrary: constantFrom<(bytes: Buffer) => Buffer>((bytes) => bytes) },
      place.map((cut) => (bytes: Buffer) => bytes.subarray(0, cut % (bytes.length + 1))),
      tuple(place, integer({ min: 0, max: 7 })).map(
        ([where, bit]) =>
          (bytes: Buffer) =>
            flipped(bytes, where, bit),
      ),
      tuple(place, uint8Array({ maxLength: 4 })).map(
        ([where, more]) =>
          (bytes: Buffer) =>
            Buffer.concat([
              bytes.subarray(0, where % (bytes.length + 1)),
              more,
              bytes.subarray(where % (bytes.length + 1)),
            ]),
      ),
    ),
  ).map(([value, damage]) => damage(Buffer.from(value)));
}

/** The same as the text that a reader takes it for. */
export function damagedText(text: Arbitrary<string>): Arbitrary<string> {
  return damaged(text).map((bytes) => bytes.toString('utf8'));
}

function flipped(bytes: Buffer, where: number, bit: number): Buffer {
  if (bytes.length === 0) return bytes;
  const other = Buffer.from(bytes);
  const index = where % bytes.length;
  other[index] = (other[index] ?? 0) ^ (1 << bit);
  return other;
}
