import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** `up`: from who dialled to the server behind. */
export type Direction = 'up' | 'down';

/** One connection through the proxy, and what can be done to it. */
export interface Link {
  readonly id: number;
  /** Ends both sides in good order. */
  readonly cut: () => void;
  /** RST to both sides. */
  readonly reset: () => void;
  /** From now on bytes of this direction vanish; both sides believe that the other is slow. */
  readonly swallow: (direction: Direction) => void;
}

/** What happens to bytes on their way. */
export interface Weather {
  /** Milliseconds that each chunk waits; later ones wait behind it. */
  readonly delayMs?: (direction: Direction) => number;
  /** At most so many bytes at once, each a moment after the other. */
  readonly trickleBytes?: number;
  /** New connections are accepted and never answered. */
  readonly halfOpen?: boolean;
  /** Sees bytes before they go on, and may hold them; `drop`: these do not go on. */
  readonly onBytes?: (bytes: Buffer, direction: Direction, link: Link) => Ruling | Promise<Ruling>;
}

export type Ruling = 'drop' | undefined;
export type ProxyFault = 'cut' | 'reset' | 'swallowed' | 'dropped' | 'delayed' | 'trickled' | 'halfOpened';

export interface Proxy {
  readonly port: number;
  readonly setWeather: (weather: Weather) => void;
  readonly links: () => readonly Link[];
  /** How often each fault bit: on a living connection, or on bytes that were there. */
  readonly fired: () => Readonly<Partial<Record<ProxyFault, number>>>;
  readonly close: () => Promise<void>;
}

const TRICKLE_MS = 2;

/** A TCP proxy before a server on this machine that misbehaves on command. */
export async function startProxy(upstream: number, first: Weather = {}): Promise<Proxy> {
  let weather = first;
  let ids = 0;
  const fired: Partial<Record<ProxyFault, number>> = {};
  const note = (fault: ProxyFault): void => void (fired[fault] = (fired[fault] ?? 0) + 1);
  const open = new Map<Link, readonly Socket[]>();

  const pump = async (from: Socket, to: Socket, direction: Direction, link: LinkState): Promise<void> => {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (link.silent.has(direction) || (await weather.onBytes?.(chunk, direction, link)) === 'drop') {
        note('dropped');
        continue;
      }
      // the hook may have silenced what it saw
      if (link.silent.has(direction)) continue;
      const delay = weather.delayMs?.(direction) ?? 0;
      if (delay > 0) {
        note('delayed');
        await wait(delay);
      }
      await pass(chunk, to);
    }
    to.end();
  };

  const pass = async (chunk: Buffer, to: Socket): Promise<void> => {
    const size = weather.trickleBytes ?? chunk.length;
    for (let at = 0; at < chunk.length; at += size) {
      if (at > 0) {
        note('trickled');
        await wait(TRICKLE_MS);
      }
      if (to.destroyed) return;
      if (!to.write(chunk.subarray(at, at + size)) && !to.destroyed)
        await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (weather.halfOpen) {
      note('halfOpened');
      client.resume().on('error', ignore);
      const link = linkOf(ids++, [client], open, note);
      client.once('close', () => open.delete(link));
      return;
    }
    const behind = connect({ port: upstream, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay();
    const link = linkOf(ids++, [client, behind], open, note);
    const end = (): void => {
      open.delete(link);
      client.destroy();
      behind.destroy();
    };
    for (const socket of [client, behind]) socket.on('error', end).once('close', end);
    pump(client, behind, 'up', link).catch(end);
    pump(behind, client, 'down', link).catch(end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    port: address.port,
    setWeather: (next) => {
      weather = next;
    },
    links: () => [...open.keys()],
    fired: () => ({ ...fired }),
    close: async () => {
      server.close();
      for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

interface LinkState extends Link {
  readonly silent: Set<Direction>;
}

function linkOf(
  id: number,
  sockets: readonly Socket[],
  open: Map<Link, readonly Socket[]>,
  note: (fault: ProxyFault) => void,
): LinkState {
  const silent = new Set<Direction>();
  const end = (fault: ProxyFault, how: (socket: Socket) => void): void => {
    if (!open.delete(link)) return;
    note(fault);
    sockets.forEach(how);
  };
  const link: LinkState = {
    id,
    silent,
    cut: () => end('cut', (socket) => socket.destroy()),
    reset: () => end('reset', (socket) => socket.resetAndDestroy()),
    swallow: (direction) => {
      if (!open.has(link) || silent.has(direction)) return;
      silent.add(direction);
      note('swallowed');
    },
  };
  open.set(link, sockets);
  return link;
}

const ignore = (): void => undefined;

/** Whether a client of PostgreSQL ends its transaction with these bytes. */
export const isCommit = (bytes: Buffer): boolean => /commit\0/i.test(bytes.toString('latin1'));
/** Whether these bytes move the offset, the first statement of the ledger's transaction. */
export const isOffsetMove = (bytes: Buffer): boolean => bytes.toString('latin1').includes('update log_offset');
