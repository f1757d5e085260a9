import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { requestError } from '#domain';
import type { Clock } from '#platform';

/** Open server-sent event streams of one server: bounded, kept alive, ended together. */
export interface Streams {
  /** Takes over the reply; `start` gets `send` and gives the way to stop. Throws TOO_MANY_STREAMS. */
  readonly open: (reply: ServerResponse, headers: Headers, start: (send: Send) => () => void) => void;
  readonly count: () => number;
  readonly closeAll: () => void;
}

type Headers = Readonly<Record<string, string | number | string[] | undefined>>;
export type Send = (event: string, data: unknown) => void;

export const MAX_STREAMS = 64;
const EVENT_STREAM = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
} as const;
/** An event and no comment, which a browser keeps to itself: the page notices by its absence that a network went away without a word. */
const HEARTBEAT_MS = 15_000;
/** A reader this far behind is let go; its browser reconnects and starts from a fresh snapshot. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

export function createStreams(clock: Clock, max = MAX_STREAMS): Streams {
  const open = new Set<() => void>();
  return {
    open: (reply, headers, start) => {
      if (open.size >= max) {
        throw requestError('TOO_MANY_STREAMS', `${max} live streams are open`, { cure: 'close some pages' });
      }
      for (const [name, value] of Object.entries({ ...headers, ...EVENT_STREAM }))
        if (value !== undefined) reply.setHeader(name, value);
      reply.writeHead(200);
      const end = attach(reply, clock, start, () => open.delete(end));
      open.add(end);
      // also where the reader has gone before now
      finished(reply, end);
    },
    count: () => open.size,
    closeAll: () => {
      for (const end of open) end();
    },
  };
}

function attach(reply: ServerResponse, clock: Clock, start: (send: Send) => () => void, ended: () => void): () => void {
  const over = new AbortController();
  let stop = (): void => {};
  const end = (): void => {
    if (over.signal.aborted) return;
    over.abort(new Error('stream ended'));
    ended();
    stop();
    reply.end();
  };
  const write = (text: string): void => {
    if (over.signal.aborted) return;
    reply.write(text);
    if (reply.writableLength > MAX_BEHIND_BYTES) end();
  };
  write('retry: 2000\n\n');
  stop = start((event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  void beat(clock, over.signal, () => write('event: beat\ndata: {}\n\n'));
  return end;
}

async function beat(clock: Clock, signal: AbortSignal, write: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(HEARTBEAT_MS, signal);
    } catch {
      // the only reason to wake early is the end of the stream
      return;
    }
    write();
  }
}
