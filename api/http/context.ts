import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from 'fastify';
import type { RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Registry, requestError } from '#domain';
import type { Clock, Telemetry } from '#platform';
import type { Service } from '../../pipeline/service.ts';
import type { ImportReadings } from './import-port.ts';

/** What the routes stand on; nothing else reaches them. */
export interface ApiContext {
  readonly service: Service;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** State of the collectors' lines; empty where this process collects nothing. */
  readonly lines: () => readonly LineState[];
  /** Frames and bytes of the spool, which is the log where it is embedded; undefined where this process has none. */
  readonly spoolDepth: () => SpoolDepth | undefined;
  /** Absent where this process has no spool to write to: POST /imports answers 409. */
  readonly importReadings?: ImportReadings | undefined;
}

/** One line and how it fares (collectors/commissioning/lines.ts); instants epoch ms. */
export interface LineState {
  readonly connection: string;
  readonly kind: 'modbus-tcp' | 'modbus-rtu-tcp' | 'modbus-rtu' | 'opcua';
  /** host:port, serial port or endpoint. */
  readonly address: string;
  readonly state: 'open' | 'opening' | 'closed';
  readonly reopened: number;
  readonly foreignReplies?: number | undefined;
  readonly roundMs?: number | undefined;
  /** Of its time that the line is busy. */
  readonly share?: number | undefined;
  readonly units: readonly {
    readonly device: string;
    /** Address on the line. */
    readonly unit?: number | undefined;
    readonly intervalMs: number;
    readonly pollMs?: number | undefined;
    readonly state: 'answering' | 'silent' | 'refusing' | 'not-yet-read';
    readonly lastAnswerAt?: number | undefined;
    readonly timeouts: number;
    readonly exceptions: number;
    readonly nextAttemptAt?: number | undefined;
  }[];
}

export interface SpoolDepth {
  readonly frames: number;
  readonly bytes: number;
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/**
 * The site that a request means: the named one, or the only one. Throws SITE_NEEDED (400), SITE_UNKNOWN (404).
 */
export async function registryOf(service: Service, site: string | undefined): Promise<Registry> {
  const known = await service.sites();
  const only = known.length === 1 ? known[0] : undefined;
  const id = site ?? only;
  if (id === undefined) {
    throw requestError('SITE_NEEDED', `there are ${known.length} sites`, {
      place: 'query site',
      cure: `add site=, one of ${known.join(', ')}`,
    });
  }
  if (!known.includes(id)) {
    throw requestError('SITE_UNKNOWN', `there is no site "${id}"`, {
      place: 'query site',
      cure: known.length > 0 ? `use one of ${known.join(', ')}` : 'apply a site file first',
    });
  }
  return service.registry(id);
}

/** Throws INSTITUTION_UNKNOWN (404). */
export function requireInstitution({ institutions }: Registry, id: string): void {
  if (institutions.some((one) => one.id === id)) return;
  throw requestError('INSTITUTION_UNKNOWN', `there is no institution "${id}"`, {
    place: 'query institution',
    cure: `use one of ${institutions.map((one) => one.id).join(', ')}`,
  });
}
