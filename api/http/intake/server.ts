import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream';
import { createSecureContext } from 'node:tls';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  configError,
  FRAMES_CONTENT_TYPE,
  type GatewayReport,
  gatewayReportSchema,
  INTAKE_FRAMES_PATH,
  INTAKE_REPORT_PATH,
  MAX_INTAKE_BYTES,
  requestError,
} from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import type { Intake, KeyHolder } from '../../../pipeline/index.ts';
import { closeInTime } from '../closing.ts';
import { sendProblem } from '../problem.ts';
import { linesOf, plainBody } from './body.ts';
import { createPlaces, createRate } from './limits.ts';

export interface IntakeServerOptions {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface IntakeServer {
  /** https://host:port */
  readonly address: string;
  /** Answers what is under way, then closes; what has not come to its end within seconds is cut. */
  readonly close: () => Promise<void>;
}

const KEY_REFUSED: EventSpec = { level: 'warn', message: 'a request came with no key that is valid' };

const REQUESTS = { burst: 40, perSecond: 20 };
const REFUSALS = { burst: 10, perSecond: 1 / 6 };
/** A gateway sends one request after the other, and its report beside. */
const UNDER_WAY_PER_KEY = 4;
const MOST_CONNECTIONS = 1_000;

/** A request whose key is valid. */
interface Guest {
  readonly holder: KeyHolder;
  work?: Promise<unknown>;
}

/**
 * The gateways' listener: TLS only, every request with a key, nothing but frames and reports. Throws
 * INTAKE_CERTIFICATE_INVALID, INTAKE_PORT_REFUSED.
 */
export async function createIntakeServer(options: IntakeServerOptions): Promise<IntakeServer> {
  const { intake, clock, telemetry, host, port } = options;
  const app = fastify({
    logger: false,
    bodyLimit: MAX_INTAKE_BYTES,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    https: tlsOf(options),
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  const requests = createRate({ ...REQUESTS, clock });
  const refusals = createRate({ ...REFUSALS, clock });
  const places = createPlaces(UNDER_WAY_PER_KEY);
  const guests = new WeakMap<FastifyRequest, Guest>();

  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const holder = await intake.identify(/^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!holder) {
      telemetry.emit('keyRefused', KEY_REFUSED, { from: request.ip });
      if (!refusals.allows(request.ip)) throw busy(reply, 'too many requests without a valid key');
      throw requestError('KEY_REFUSED', 'the key is not valid, or revoked', {
        place: 'header Authorization',
        cure: 'make a key at the centre with civicmeter keys create, and give its file to the gateway',
      });
    }
    const leave = places.take(holder.id);
    if (!leave) throw busy(reply, 'too many requests with this key under way');
    const guest: Guest = { holder };
    guests.set(request, guest);
    // answered or cut, even before now; what is at work for a line that was cut still has its place
    finished(reply.raw, () => void (guest.work ?? Promise.resolve()).then(leave, leave));
    if (!requests.allows(holder.id)) throw busy(reply, 'too many requests with this key');
  };
  const serve = <T>(request: FastifyRequest, work: (holder: KeyHolder) => Promise<T>): Promise<T> => {
    const guest = guests.get(request);
    if (!guest) throw requestError('KEY_REFUSED', 'the request has no key');
    const answer = work(guest.holder);
    guest.work = answer;
    return answer;
  };

  app.setErrorHandler((error, request, reply) => sendProblem(telemetry, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(telemetry, requestError('ROUTE_UNKNOWN', 'there is nothing here'), request, reply),
  );
  // the key comes first: the body of a stranger is not read
  app.addHook('onRequest', admit);
  app.removeAllContentTypeParsers();
  const encodingOf = (request: FastifyRequest): string | undefined => request.headers['content-encoding'];
  app.addContentTypeParser(FRAMES_CONTENT_TYPE, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    linesOf(await plainBody(body, encodingOf(request))),
  );
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    jsonIn(await plainBody(body, encodingOf(request))),
  );
  app.post<{ Body: readonly Uint8Array[] | undefined }>(INTAKE_FRAMES_PATH, async (request) =>
    serve(request, (holder) => intake.take(holder, Array.isArray(request.body) ? request.body : [])),
  );
  app.put(INTAKE_REPORT_PATH, async (request) =>
    serve(request, async (holder) => intake.report(holder, reportIn(request.body))),
  );
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw configError('INTAKE_PORT_REFUSED', `the intake cannot listen on ${host}:${port}: ${String(cause)}`, {
      place: '--intake',
      cure: 'choose an address of this machine and a free port above 1023',
      cause,
    });
  }
  // a server that listens on TCP has an AddressInfo (node:net)
  const bound = (app.server.address() as AddressInfo).port;
  return { address: `https://${host.includes(':') ? `[${host}]` : host}:${bound}`, close: () => closeInTime(app) };
}

function busy(reply: FastifyReply, why: string): Error {
  void reply.header('Retry-After', '2');
  return requestError('INTAKE_BUSY', why, { cure: 'wait, then send again' });
}

function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    // reportIn refuses it
    return undefined;
  }
}

function reportIn(data: unknown): GatewayReport {
  const parsed = gatewayReportSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw requestError('REQUEST_INVALID', 'the body is no report of a gateway', {
    place: 'body',
    cure: 'let gateway and centre run the same release',
  });
}

function tlsOf({ certificate, privateKey }: IntakeServerOptions): {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
  readonly handshakeTimeout: number;
} {
  try {
    createSecureContext({ cert: certificate, key: privateKey });
  } catch (cause) {
    throw configError('INTAKE_CERTIFICATE_INVALID', `certificate and key do not serve: ${String(cause)}`, {
      place: '--tls-cert, --tls-key',
      cure: 'give the certificate chain and its private key, both as PEM, without a password',
      cause,
    });
  }
  return { cert: certificate, key: privateKey, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 };
}
