import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { wireOver } from '../../../collectors/modbus/wire.ts';

test('of a second master that talks while nobody reads only the end is kept', async () => {
  const stream = new PassThrough();
  const wire = wireOver({ stream, close: () => void stream.destroy() });
  for (let i = 0; i < 2_000; i += 1) {
    stream.write(Buffer.alloc(100, i % 250));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const heard = wire.take();
  expect(heard.length).toBeLessThan(10_000);
  expect(heard.subarray(-100)).toEqual(Buffer.alloc(100, 1_999 % 250));
  wire.close();
});
