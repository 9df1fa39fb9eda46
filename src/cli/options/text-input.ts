import { fstatSync } from 'node:fs';
import { errnoOf } from '../../lib/errno.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { MAX_CONTENT_BYTES } from '../../protocol/message.ts';
import type { Call, Input } from '../command.ts';

/** A stream that is longer than this is not read on only to say how long it is. */
const MAX_COUNTED_BYTES = 64 * 1024 * 1024;

/** The text that an argument gives, as {@link textOrInput} reads it. */
export async function textFrom(call: Call, name: string): Promise<string> {
  return await textOrInput(call, call.argument(name));
}

/**
 * The text itself, or for `-` all of standard input, unchanged.
 *
 * Throws `content-too-large` with the size, without having kept more than a message may have, and `content-not-text` for
 * bytes that are no UTF-8.
 */
export async function textOrInput(call: Call, text: string): Promise<string> {
  if (text !== '-') return text;
  if (call.input.isTTY) call.output.note('Type the text; end it with Ctrl-D on a line of its own.');
  const known = sizeOfFile(call.input);
  if (known !== undefined && known > MAX_CONTENT_BYTES) throw tooLarge(known);
  return decode(await readAll(call.input));
}

async function readAll(input: Input): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_CONTENT_BYTES) chunks.push(chunk);
    if (bytes > MAX_COUNTED_BYTES) throw tooLarge(bytes, 'more than ');
  }
  if (bytes > MAX_CONTENT_BYTES) throw tooLarge(bytes);
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new CahootsError(
      'content-not-text',
      `Standard input has ${bytes.length} bytes that are no UTF-8 text.`,
      {
        remedy: 'Send text: convert it, or put the file where the peer can read it and send its path.',
        cause: error,
      },
    );
  }
}

/** A file says how long it is before it is read; what was read of it before does not count. */
function sizeOfFile(input: Input): number | undefined {
  try {
    const stat = fstatSync(input.fd);
    return stat.isFile() ? stat.size : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function tooLarge(bytes: number, about = ''): CahootsError {
  return new CahootsError(
    'content-too-large',
    `Standard input has ${about}${bytes} bytes; a message carries at most ${MAX_CONTENT_BYTES} (1 MiB).`,
    {
      remedy: 'Put it into a file and send the path, or send it in parts.',
      facts: { bytes, limit: MAX_CONTENT_BYTES },
    },
  );
}
