import type { Server } from 'node:http';

const LAST_ANSWERS_MS = 5_000;

/** Answers what is under way, then closes; what has not come to its end within seconds is cut. */
export async function closeInTime(app: {
  readonly server: Pick<Server, 'closeAllConnections'>;
  readonly close: () => PromiseLike<unknown>;
}): Promise<void> {
  // a server that closes asks no longer whether a request comes to its end: a line that died in the middle of one would hold it up for ever
  const cut = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
