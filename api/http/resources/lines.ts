import { z } from 'zod';
import { formatInstant, type Zone, zoneOf } from '#domain';
import type { ApiContext, App, LineState } from '../context.ts';
import { noQuery, problems } from '../shapes.ts';

const instant = z.string().nullable();

const lineSchema = z
  .strictObject({
    connection: z.string(),
    kind: z.enum(['modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu', 'opcua']),
    address: z.string().describe('host:port, serial port or endpoint'),
    state: z.enum(['open', 'opening', 'closed']),
    reopened: z.int(),
    foreignReplies: z.int().describe('replies that answered no request of ours as it was asked'),
    roundMs: z.number().nullable().describe('duration of the last full round'),
    intervalMs: z.int().nullable().describe('the shortest of its devices'),
    share: z.number().nullable().describe('of its time that the line is busy; above 1 the intervals cannot hold'),
    lastAnswerAt: instant.describe('of any of its units'),
    timeouts: z.int().describe('of all its units'),
    exceptions: z.int().describe('of all its units'),
    units: z.array(
      z.strictObject({
        device: z.string(),
        unit: z.int().nullable().describe('address on the line'),
        state: z.enum(['answering', 'silent', 'refusing', 'not-yet-read']),
        intervalMs: z.int(),
        pollMs: z.number().nullable().describe('duration of the last poll'),
        lastAnswerAt: instant,
        timeouts: z.int(),
        exceptions: z.int(),
        nextAttemptAt: instant.describe('it is not asked before'),
      }),
    ),
  })
  .meta({ id: 'Line' });

const linesSchema = z.strictObject({
  items: z.array(lineSchema),
  spool: z
    .strictObject({ frames: z.int(), bytes: z.int() })
    .nullable()
    .describe('the log that this process keeps itself; null where it is elsewhere'),
});

export type LineAnswer = z.infer<typeof lineSchema>;
export type LinesAnswer = z.infer<typeof linesSchema>;

type UnitState = LineState['units'][number];

const sumOf = (units: readonly UnitState[], key: 'timeouts' | 'exceptions'): number =>
  units.reduce((sum, unit) => sum + unit[key], 0);

const showLine = (line: LineState, zone: Zone): LineAnswer => {
  const shown = (at: number | undefined): string | null =>
    at === undefined ? null : formatInstant(Math.round(at), zone);
  const { connection, kind, address, state, reopened, units } = line;
  const answered = units.flatMap(({ lastAnswerAt }) => (lastAnswerAt === undefined ? [] : [lastAnswerAt]));
  return {
    connection,
    kind,
    address,
    state,
    reopened,
    foreignReplies: line.foreignReplies ?? 0,
    roundMs: line.roundMs ?? null,
    intervalMs: units.length === 0 ? null : Math.min(...units.map(({ intervalMs }) => intervalMs)),
    share: line.share ?? null,
    lastAnswerAt: answered.length === 0 ? null : shown(Math.max(...answered)),
    timeouts: sumOf(units, 'timeouts'),
    exceptions: sumOf(units, 'exceptions'),
    units: units.map((unit) => ({
      device: unit.device,
      unit: unit.unit ?? null,
      state: unit.state,
      intervalMs: unit.intervalMs,
      pollMs: unit.pollMs ?? null,
      lastAnswerAt: shown(unit.lastAnswerAt),
      timeouts: unit.timeouts,
      exceptions: unit.exceptions,
      nextAttemptAt: shown(unit.nextAttemptAt),
    })),
  };
};

export function linesRoutes(app: App, { service, lines, spoolDepth }: ApiContext): void {
  app.get(
    '/lines',
    {
      schema: {
        summary: 'The collectors’ lines and what answers on them; empty where this process collects nothing',
        tags: ['live'],
        querystring: noQuery,
        response: { 200: linesSchema, ...problems },
      },
    },
    async () => {
      const [site] = await service.sites();
      const zone = zoneOf(site === undefined ? 'UTC' : (await service.registry(site)).site.zone);
      const spool = spoolDepth();
      return {
        items: lines().map((line) => showLine(line, zone)),
        spool: spool === undefined ? null : { frames: spool.frames, bytes: spool.bytes },
      };
    },
  );
}
