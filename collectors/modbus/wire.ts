import type { Duplex } from 'node:stream';
import type { Clock } from '#platform';

/** A stream of bytes that leads to a line: a socket, a serial port. */
export interface ByteStream {
  readonly stream: Duplex;
  /** At once and for good. Idempotent. */
  readonly close: () => void;
}

export interface Wire {
  readonly isOpen: () => boolean;
  readonly write: (bytes: Buffer) => void;
  /** What has come and was not taken yet; its end, where that is much. */
  readonly take: () => Buffer;
  /** Resolves when something is there to be taken, when the wire is closed, or when the deadline has passed. */
  readonly stirs: (deadline: Deadline) => Promise<void>;
  readonly close: () => void;
}

export interface Deadline {
  readonly passed: () => boolean;
  readonly whenPassed: (then: () => void) => void;
  readonly cancel: () => void;
}

/** One for all: an error made anew for each reply costs more than the reply. */
const CANCELLED = new Error('cancelled');
const NOTHING = Buffer.alloc(0);
/** Whoever talks while nobody reads must not fill the memory: a frame has 256 bytes at most. */
const MOST_HEARD = 4_096;

export function deadlineIn(ms: number, clock: Clock): Deadline {
  const cancelled = new AbortController();
  let passed = false;
  let then: (() => void) | undefined;
  clock.sleep(ms, cancelled.signal).then(
    () => {
      passed = true;
      then?.();
    },
    () => undefined,
  );
  return {
    passed: () => passed,
    whenPassed: (next) => {
      then = next;
    },
    cancel: () => cancelled.abort(CANCELLED),
  };
}

export function wireOver({ stream, close }: ByteStream): Wire {
  let heard: Buffer = NOTHING;
  let open = true;
  let stirred: (() => void) | undefined;
  const end = (): void => {
    open = false;
    stirred?.();
  };
  // a late error must not end the process: its `close` event follows and is what we act on
  stream.on('error', () => undefined);
  stream.on('data', (bytes: Buffer) => {
    heard = heard.length === 0 ? bytes : Buffer.concat([heard, bytes]).subarray(-MOST_HEARD);
    stirred?.();
  });
  stream.on('end', end).on('close', end);
  const isOpen = (): boolean => open && stream.writable;
  return {
    isOpen,
    write: (bytes) => void stream.write(bytes),
    take: () => {
      const taken = heard;
      heard = NOTHING;
      return taken;
    },
    stirs: (deadline) =>
      new Promise((resolve) => {
        if (heard.length > 0 || !isOpen() || deadline.passed()) return resolve();
        stirred = resolve;
        deadline.whenPassed(resolve);
      }),
    close: () => {
      end();
      close();
    },
  };
}
