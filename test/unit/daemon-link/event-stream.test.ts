import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { eventStream, type StreamedEvent } from '../../../src/daemon-link/event-stream.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

/** The socket of a server that answers every call by `answer`. */
async function served(
  t: TestContext,
  answer: (response: ServerResponse) => Promise<void>,
): Promise<{ socket: string }> {
  const server = createServer((_, response) => void answer(response));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = join(tempFolder(t), 's');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket };
}

async function collected(stream: AsyncIterable<StreamedEvent>): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const never = { signal: new AbortController().signal };

suite('a stream of events', () => {
  test('is read in whatever pieces it comes, and ends with the daemon’s end', async (t) => {
    const bytes = Buffer.from(
      'event: a\ndata: {"text":"ü 😀"}\n\nevent: b\ndata: 1\ndata: 2\n\ndata: last\n\n',
    );
    const place = await served(t, async (response) => {
      for (const byte of bytes) {
        response.write(Buffer.of(byte));
        await setImmediate();
      }
      response.end();
    });
    assert.deepEqual(await collected(eventStream(place, '/', never)), [
      { name: 'a', data: '{"text":"ü 😀"}' },
      { name: 'b', data: '1\n2' },
      { name: 'message', data: 'last' },
    ]);
  });

  test('that breaks off is closed, one that nobody serves unreachable [M3]', async (t) => {
    const place = await served(t, async (response) => {
      response.write('event: a\ndata: 1\n\n', () => response.destroy());
    });
    await assert.rejects(collected(eventStream(place, '/', never)), { code: 'closed' });
    const nobody = { socket: join(tempFolder(t), 'none') };
    await assert.rejects(collected(eventStream(nobody, '/', never)), { code: 'daemon-unreachable' });
  });

  test('ends without a word when its signal aborts, whenever that is', async (t) => {
    const place = await served(t, async (response) => {
      response.write('event: a\ndata: 1\n\n');
    });
    const stop = new AbortController();
    for await (const { name } of eventStream(place, '/', { signal: stop.signal })) {
      assert.equal(name, 'a');
      stop.abort();
    }
    assert.deepEqual(await collected(eventStream(place, '/', { signal: stop.signal })), []);
    const silent = await served(t, async () => undefined);
    const later = new AbortController();
    const nothing = collected(eventStream(silent, '/', { signal: later.signal }));
    await setImmediate();
    later.abort();
    assert.deepEqual(await nothing, []);
  });
});
