import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { suite, test } from 'node:test';
import { Output } from '../../../../src/cli/terminal/output.ts';
import { StandardStream } from '../../../../src/cli/terminal/standard-stream.ts';
import { CahootsError } from '../../../../src/protocol/errors.ts';

/** A stream that takes nothing until it is read, in place of standard output. */
function slowStream(): { stream: StandardStream; sink: PassThrough } {
  const sink = new PassThrough({ highWaterMark: 1 });
  return { stream: new StandardStream(1, () => sink as never), sink };
}

suite('standard output while something waits', () => {
  test('a write is done once it has been taken', async () => {
    const { stream, sink } = slowStream();
    const { signal } = new AbortController();
    const written = stream.write('hello', signal);
    assert.equal(String(sink.read()), 'hello');
    await written;
    assert.equal(stream.hasUnread, false);
  });

  test('a write that nobody takes ends when the run ends [M3]', async () => {
    const { stream, sink } = slowStream();
    sink.cork();
    const controller = new AbortController();
    const written = stream.write('hello', controller.signal);
    controller.abort();
    await assert.rejects(written, (error) => error instanceof CahootsError && error.code === 'cancelled');
    assert.equal(stream.hasUnread, true);
    await assert.rejects(stream.write('more', controller.signal), CahootsError);
  });

  test('a write to a stream that has ended rejects with the error of the system', async () => {
    const { stream, sink } = slowStream();
    sink.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await assert.rejects(stream.write('hello', new AbortController().signal));
  });
});

suite('output', () => {
  test('a program that asked for JSON is told nothing but results and errors', async () => {
    const [out, err] = [slowStream(), slowStream()];
    const { signal } = new AbortController();
    const output = new Output({ stdout: out.stream, stderr: err.stream, json: true, signal: () => signal });
    // Opened first, so that what follows does not go to the real standard error.
    assert.equal(err.stream.stream.writable, true);
    output.note('by the way');
    assert.equal(err.sink.read(), null);
    const printed = output.printJson({ a: 1 }, 2);
    assert.equal(String(out.sink.read()), '{"a":1}\n2\n');
    await printed;
    output.complain('this is wrong');
    assert.equal(String(err.sink.read()), 'this is wrong\n');
  });
});
