import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to a server that can be cut, or lose the answers: bytes are handed on as they come. */
export interface BadLine {
  readonly port: number;
  /** `up`; `down`: connections are reset; `deaf`: requests arrive, answers are lost. */
  readonly set: (state: 'up' | 'down' | 'deaf') => void;
  /** Answers that were lost, connections that were cut. */
  readonly bitten: () => { readonly lost: number; readonly cut: number };
  readonly close: () => Promise<void>;
}

export async function badLine(target: number): Promise<BadLine> {
  const sockets = new Set<Socket>();
  let state: 'up' | 'down' | 'deaf' = 'up';
  const bitten = { lost: 0, cut: 0 };
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    hold(near);
    if (state === 'down') {
      bitten.cut += 1;
      return void near.resetAndDestroy();
    }
    const far = connect(target, '127.0.0.1');
    hold(far);
    let greeted = 0;
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      greeted += data.length;
      // the handshake passes; what is lost is the answer to what was sent
      if (state !== 'deaf' || greeted < 3_000) return void near.write(data);
      bitten.lost += 1;
      near.destroy();
      far.destroy();
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // it listens on TCP
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      state = next;
      if (next !== 'down') return;
      bitten.cut += sockets.size;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    bitten: () => bitten,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
