import { startFieldServer } from './modbus-server.ts';

/** So many Modbus TCP lines with meters that answer, in a process of its own; tells their ports. Ends by being killed. */
const lines = Number(process.argv[2] ?? '1');
const servers = await Promise.all(
  Array.from({ length: lines }, () => startFieldServer(undefined, (unit, _fc, address) => (address === 10 ? 0 : unit))),
);
process.send?.(servers.map(({ port }) => port));
