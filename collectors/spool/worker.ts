import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type FileOptions, openSpoolFile } from './file.ts';
import type { SpoolFileHandle } from './operate.ts';
import { type SpoolFailure, SpoolFileError, type SpoolReply, type SpoolRequest } from './protocol.ts';

/** The spool's thread: does what it is asked, one request after the other, and knows no time and no retries. */
if (parentPort) serve(parentPort, workerData as FileOptions);

function serve(port: MessagePort, options: FileOptions): void {
  const send = (reply: SpoolReply): void => {
    const block = reply.ok ? reply.block : undefined;
    port.postMessage(reply, block ? [block.bytes.buffer, block.ends.buffer, block.appendedAt.buffer] : []);
  };
  const attempt = (work: () => SpoolReply): boolean => {
    try {
      send(work());
      return true;
    } catch (error) {
      send({ ok: false, failure: toFailure(error) });
      return false;
    }
  };
  let file: SpoolFileHandle | undefined;
  const opened = attempt(() => {
    file = openSpoolFile(options);
    return { ok: true, state: file.state() };
  });
  const handle = file;
  if (!opened || !handle) return;
  port.on('message', (request: SpoolRequest) => {
    attempt(() => answer(handle, request));
    if (request.kind === 'close') port.close();
  });
}

function answer(file: SpoolFileHandle, request: SpoolRequest): SpoolReply {
  switch (request.kind) {
    case 'append':
      file.append(request.groups);
      return { ok: true, state: file.state() };
    case 'read': {
      const block = file.read(request.from, request.limit, request.devices);
      return { ok: true, state: file.state(), block };
    }
    case 'acknowledge':
      file.acknowledge(request);
      return { ok: true, state: file.state() };
    case 'trim': {
      const removed = file.trim(request.below, request.before, request.limit);
      return { ok: true, state: file.state(), removed };
    }
    case 'skip':
      file.skip(request.below);
      return { ok: true, state: file.state() };
    case 'close': {
      const state = file.state();
      file.close();
      return { ok: true, state };
    }
  }
}

function toFailure(error: unknown): SpoolFailure {
  if (error instanceof SpoolFileError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') {
    return { reason: 'sqlite', code: error.errcode, message };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  return { reason: 'io', code, message };
}
