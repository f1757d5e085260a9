import { createServer, type Server } from 'node:net';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { modbusTcpOwn } from '../../../collectors/modbus/tcp-own.ts';
import { modbusTcp } from '../../../collectors/modbus/tcp.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import { rtuBus } from '../../support/modbus-rtu-bus.ts';
import { startFieldServer, wordOf } from '../../support/modbus-server.ts';
import { collectorContract } from './collector-contract.ts';

const MODEL = modbusModel([litres('a', 0), litres('b', 100)], { maxWords: 10 });

const TRANSPORTS = { 'our own': modbusTcpOwn, 'modbus-serial': modbusTcp };

for (const [name, openerOf] of Object.entries(TRANSPORTS)) {
  collectorContract(`modbus-tcp by ${name}`, async () => {
    let server = await startFieldServer();
    const { host, port } = server;
    return {
      collector: (context) =>
        createModbusCollector(
          lineTo({ host, port }),
          [{ id: 'm1', connection: 'line', model: MODEL.id, intervalMs: 50, unit: 5 }],
          new Map([[MODEL.id, MODEL]]),
          context,
          {
            unitBackoff: { minMs: 20, maxMs: 40 },
            lineBackoff: { minMs: 10, maxMs: 40 },
            open: openerOf(lineTo({ host, port })),
          },
        ),
      whole: { a: wordOf(5, 3, 0), b: wordOf(5, 3, 100) },
      down: () => server.close(),
      up: async () => {
        server = await startFieldServer(undefined, undefined, port);
      },
      openConnections: () => server.openNow(),
      close: () => server.close(),
    };
  });
}

/** The same behind a serial server: RTU frames through its socket. */
collectorContract('modbus-rtu-tcp', async () => {
  const bus = rtuBus();
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((socket) => bus.attach(socket));
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  const stop = (server: Server): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      bus.hangUp();
    });
  let server = await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    collector: (context) =>
      createModbusCollector(
        { kind: 'modbus-rtu-tcp', id: 'line', host: '127.0.0.1', port, timeoutMs: 100, pauseMs: 0 },
        [{ id: 'm1', connection: 'line', model: MODEL.id, intervalMs: 50, unit: 5 }],
        new Map([[MODEL.id, MODEL]]),
        context,
        { unitBackoff: { minMs: 20, maxMs: 40 }, lineBackoff: { minMs: 10, maxMs: 40 } },
      ),
    whole: { a: wordOf(5, 3, 0), b: wordOf(5, 3, 100) },
    down: () => stop(server),
    up: async () => {
      server = await listen(port);
    },
    openConnections: bus.attached,
    close: () => stop(server),
  };
});
