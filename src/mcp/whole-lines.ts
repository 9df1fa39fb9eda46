import { Transform, type TransformCallback } from 'node:stream';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Inside of a JSON text the quotes of this would be escaped: it stands only where a value of that key begins. */
const CALLS = '"calls":"';
/** No command's output and no edit of a manifest is as long. */
const MAX_CALLS_BYTES = 2 * 1024 * 1024;

/**
 * Passes the lines of a host on in pieces that end with a line, without the `calls` of a hook that are longer than 2 MiB.
 *
 * Those are pictures and documents that a batch of tools has read: nothing for us, and to parse them costs a quarter of a
 * second and hundreds of megabytes. The protocol's own reader copies what it has of a line with every piece of 64 KiB, and
 * ends the server at 10 MiB.
 */
export class WholeLines extends Transform {
  #pieces: Buffer[] = [];

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const lines = piece.subarray(0, end);
      this.push(
        this.#pieces.length === 0 ? lines : withoutLongCalls(Buffer.concat([...this.#pieces, lines])),
      );
      this.#pieces = [];
    }
    if (end < piece.length) this.#pieces.push(piece.subarray(end));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#pieces.length > 0) this.push(Buffer.concat(this.#pieces));
    done();
  }
}

function withoutLongCalls(lines: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = from; lines.length - at > MAX_CALLS_BYTES; ) {
    const found = lines.indexOf(CALLS, at);
    if (found < 0) break;
    const start = found + CALLS.length;
    at = endOfText(lines, start);
    if (at - start <= MAX_CALLS_BYTES) continue;
    kept.push(lines.subarray(from, start));
    from = at;
  }
  return kept.length === 0 ? lines : Buffer.concat([...kept, lines.subarray(from)]);
}

/** Where the quote stands that ends a JSON string: one with an even number of backslashes before it. */
function endOfText(text: Buffer, start: number): number {
  for (let at = text.indexOf(QUOTE, start); at >= 0; at = text.indexOf(QUOTE, at + 1)) {
    let before = at;
    while (before > start && text[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at;
  }
  return text.length;
}
