import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';
import { toMeteringError } from './failure.ts';
import type { FileOptions } from './file.ts';
import type { SpoolReply, SpoolRequest, SpoolState } from './protocol.ts';

type Answer = Extract<SpoolReply, { readonly ok: true }>;

export interface SpoolThread {
  /** Answered in order; rejects with a MeteringError. */
  readonly ask: (request: SpoolRequest, transfer?: readonly ArrayBuffer[]) => Promise<Answer>;
  /** After the latest answer. */
  readonly state: () => SpoolState;
  /** Aborts when the thread has ended by itself; the reason is SPOOL_THREAD_ENDED. */
  readonly lost: AbortSignal;
  readonly close: () => Promise<void>;
}

/** Opens the file in a thread of its own: an fsync must not hold up the program. */
export async function startThread(options: FileOptions): Promise<SpoolThread> {
  await leaveCodeForThread();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  let ended: Error | undefined;
  let state: SpoolState | undefined;
  let closing = false;
  const lost = new AbortController();
  const end = (why: string): void => {
    ended ??= toMeteringError({ reason: 'io', code: 'SPOOL_THREAD_ENDED', message: why }, options.file);
    for (const { reject } of waiting.splice(0)) reject(ended);
    if (!closing) lost.abort(ended);
  };
  worker.on('error', (error) => end(`the spool's thread failed: ${String(error)}`));
  worker.on('exit', () => end("the spool's thread has ended"));
  // answers are told apart by their order alone: without one of them none after it can be trusted
  worker.on('messageerror', (error) => {
    end(`an answer of the spool's thread is lost: ${String(error)}`);
    void worker.terminate();
  });
  worker.on('message', (reply: SpoolReply) => {
    const asked = waiting.shift();
    if (!reply.ok) return asked?.reject(toMeteringError(reply.failure, options.file));
    state = reply.state;
    asked?.resolve(reply);
  });
  const reply = (): Promise<Answer> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  // The thread speaks first: its answer says whether the file opened.
  const opened = (await reply()).state;
  return {
    ask: (request, transfer = []) => {
      if (ended) return Promise.reject(ended);
      const answer = reply();
      worker.postMessage(request, transfer);
      return answer;
    },
    state: () => state ?? opened,
    lost: lost.signal,
    close: async () => {
      closing = true;
      if (!ended) {
        const answer = reply();
        worker.postMessage({ kind: 'close' } satisfies SpoolRequest);
        await answer;
      }
      await worker.terminate();
    },
  };
}

/** A thread that strips types itself holds a compiler of its own, 12 MiB. Where compiled code is kept, it finds its modules there. */
async function leaveCodeForThread(): Promise<void> {
  if (!isMainThread || getCompileCacheDir() === undefined) return;
  await import('./worker.ts');
  flushCompileCache();
}
