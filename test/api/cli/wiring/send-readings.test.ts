import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { reportOf } from '../../../../api/cli/wiring/importing.ts';
import { sendReadings } from '../../../../api/cli/wiring/send-readings.ts';
import { readReadings } from '../../../../collectors/import/index.ts';
import type { FrameDraft, Registry } from '../../../../pipeline/domain/index.ts';
import { local, smallRegistry } from '../../../support/small-site.ts';

const OURS = smallRegistry([{ point: 'p' }, { point: 'q' }]);
const FRAMES: readonly FrameDraft[] = ['p', 'q'].map((point) => ({
  site: OURS.site.id,
  device: `d-${point}`,
  at: local('2026-03-05T08:00'),
  r: [['e', 1_000]],
}));

/** Sends to a program that reads files by a registry of its own; gives how far it said that it was. */
async function sendTo(registry: Registry): Promise<readonly string[]> {
  const server = createServer((request, reply) => {
    void (async () => {
      const bytes = Buffer.concat(await request.toArray());
      reply.end(JSON.stringify(reportOf(await readReadings(bytes, 'file.csv', { registry }), registry, true)));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  const told: string[] = [];
  try {
    await sendReadings(`http://127.0.0.1:${at.port}`, {
      frames: FRAMES,
      registry: OURS,
      fileName: 'file.xlsx',
      signal: new AbortController().signal,
      report: (done, total) => void told.push(`${done}/${total}`),
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return told;
}

test('what the running program takes is sent', async () => {
  expect(await sendTo(OURS)).toEqual(['1/1']);
});

test('what the running program does not take is no reading that was written', async () => {
  await expect(sendTo(smallRegistry([{ point: 'p' }]))).rejects.toMatchObject({
    code: 'IMPORT_NOT_TAKEN',
    message: expect.stringMatching(/refused 1 of 2 readings: REGISTER_UNKNOWN: .*d-q\/e/),
    place: 'file.xlsx',
  });
});
