import { openBenchLog } from './broker.ts';
import { deviceId, encodeFrameOf, type Fleet } from './fleet.ts';
import { ownCpu } from './meter.ts';

/** `send`: frames [from, to) of the fleet in the order of time, so many a second. */
export interface Order {
  readonly fleet: Fleet;
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
}

export interface Delivered {
  readonly seconds: number;
  readonly cpu: number;
  /** Longest time that a chunk was behind its time, seconds. */
  readonly behind: number;
}

const CHUNK_MS = 50;

/** A producer of its own process. */
const [brokers = '', partitions = '8'] = process.argv.slice(2);
const log = await openBenchLog(brokers.split(','), Number(partitions));
const producer = await log.producer();

async function send({ fleet, from, to, perSecond }: Order): Promise<Delivered> {
  const [started, cpu] = [performance.now(), ownCpu()];
  let behind = 0;
  for (let sent = from; sent < to;) {
    const due = started + ((sent - from) / perSecond) * 1_000;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    else behind = Math.max(behind, -wait / 1_000);
    const until = Math.min(to, sent + Math.max(1, Math.round((perSecond * CHUNK_MS) / 1_000)));
    const chunk = Array.from({ length: until - sent }, (_, i) => {
      const [step, device] = [Math.floor((sent + i) / fleet.devices), (sent + i) % fleet.devices];
      return { device: deviceId(device), value: encodeFrameOf(fleet, device, step) };
    });
    await producer.append(chunk);
    sent = until;
  }
  return { seconds: (performance.now() - started) / 1_000, cpu: ownCpu() - cpu, behind };
}

process.on('message', (order: Order | 'end') => {
  if (order === 'end')
    void producer
      .close()
      .then(() => log.close())
      .then(() => process.disconnect());
  else void send(order).then((delivered) => process.send?.(delivered));
});
process.send?.('ready');
