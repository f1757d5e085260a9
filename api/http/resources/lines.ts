import { z } from 'zod';
import { formatInstant, type Zone, zoneOf } from '#domain';
import type { ApiContext, App, LineState } from '../context.ts';
import { listOf, noQuery, problems } from '../shapes.ts';

const instant = z.string().nullable();

const lineSchema = z
  .strictObject({
    connection: z.string(),
    kind: z.enum(['modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu', 'opcua']),
    state: z.enum(['open', 'opening', 'closed']),
    reopened: z.int(),
    roundMs: z.number().nullable().describe('duration of the last full round'),
    units: z.array(
      z.strictObject({
        device: z.string(),
        state: z.enum(['answering', 'silent', 'refusing', 'not-yet-read']),
        lastAnswerAt: instant,
        timeouts: z.int(),
        exceptions: z.int(),
        nextAttemptAt: instant.describe('it is not asked before'),
      }),
    ),
  })
  .meta({ id: 'Line' });

export type LineAnswer = z.infer<typeof lineSchema>;

export const showLine = (line: LineState, zone: Zone): LineAnswer => {
  const shown = (at: number | undefined): string | null =>
    at === undefined ? null : formatInstant(Math.round(at), zone);
  return {
    connection: line.connection,
    kind: line.kind,
    state: line.state,
    reopened: line.reopened,
    roundMs: line.roundMs ?? null,
    units: line.units.map(({ device, state, lastAnswerAt, timeouts, exceptions, nextAttemptAt }) => ({
      device,
      state,
      lastAnswerAt: shown(lastAnswerAt),
      timeouts,
      exceptions,
      nextAttemptAt: shown(nextAttemptAt),
    })),
  };
};

export function linesRoutes(app: App, { service, lines }: ApiContext): void {
  app.get(
    '/lines',
    {
      schema: {
        summary: 'The collectors’ lines and what answers on them; empty where this process collects nothing',
        tags: ['live'],
        querystring: noQuery,
        response: { 200: listOf(lineSchema), ...problems },
      },
    },
    async () => {
      const [site] = await service.sites();
      const zone = zoneOf(site === undefined ? 'UTC' : (await service.registry(site)).site.zone);
      return { items: lines().map((line) => showLine(line, zone)) };
    },
  );
}
