import { DataType, type NodeState, startTestServer } from './server.ts';

/** A server of its own process, to be killed: arguments: its port and a folder for its certificates; one meter m1 whose energy counts seconds. */
const nodes = new Map<string, NodeState>();
const now = (): number => Math.floor(Date.now() / 1_000);
const tick = (): void => {
  nodes.set('m1.Energy', { value: now(), type: DataType.Double, sourceAt: now() * 1_000 });
  nodes.set('m1.Volume', { value: [0, now() % 1_000], type: DataType.UInt64, sourceAt: now() * 1_000 });
  nodes.set('m1.Power', { value: 5, type: DataType.Float, sourceAt: now() * 1_000 });
};
tick();
setInterval(tick, 100);
await startTestServer({ port: Number(process.argv[2]), folder: process.argv[3] ?? '', nodes });
process.stdout.write('ready\n');
