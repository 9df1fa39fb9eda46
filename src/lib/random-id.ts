import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf } from './errno.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** The largest multiple of 36 below 256: bytes above it would favour the first letters. */
const FAIR_BYTES = 252;

/** A random text of `length` characters of `[a-z0-9]`, each equally likely. */
export function randomId(length: number): string {
  let id = '';
  while (id.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < FAIR_BYTES && id.length < length) id += ALPHABET[byte % ALPHABET.length];
    }
  }
  return id;
}

/** Read beforehand: an id takes a few bytes, and opening the source costs more than reading a page of it. */
const POOL_BYTES = 512;
let pool: Uint8Array = new Uint8Array();

/** Bytes that are given out once. */
function randomBytes(count: number): Uint8Array {
  if (pool.length < count) pool = freshBytes(Math.max(count, POOL_BYTES));
  const bytes = pool.subarray(0, count);
  pool = pool.subarray(count);
  return bytes;
}

/** From the system's own source: loading `node:crypto`, which asks the same one, takes longer than most commands run. */
function freshBytes(count: number): Uint8Array {
  const bytes = Buffer.alloc(count);
  let source: number;
  try {
    source = openSync('/dev/urandom', 'r');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return process.getBuiltinModule('node:crypto').randomBytes(count);
  }
  try {
    for (let read = 0; read < count; ) read += readSync(source, bytes, read, count - read, null);
  } finally {
    closeSync(source);
  }
  return bytes;
}
