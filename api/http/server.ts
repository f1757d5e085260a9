import type { AddressInfo } from 'node:net';
import fastifyStatic from '@fastify/static';
import fastifySwagger from '@fastify/swagger';
import fastify from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { configError, requestError } from '#domain';
import { closeInTime } from './closing.ts';
import type { ApiContext, App } from './context.ts';
import { installEtag } from './etag.ts';
import { assertLoopback, installGuard } from './guard.ts';
import { sendProblem } from './problem.ts';
import { adjustmentsRoutes, closesRoutes } from './resources/closes.ts';
import { eventsRoutes } from './resources/events.ts';
import { findingsRoutes } from './resources/findings.ts';
import { importsRoutes } from './resources/imports.ts';
import { institutionsRoutes } from './resources/institutions.ts';
import { linesRoutes } from './resources/lines.ts';
import { liveRoutes } from './resources/live.ts';
import { pointsRoutes } from './resources/points.ts';
import { quarantineRoutes } from './resources/quarantine.ts';
import { reconcileRoutes } from './resources/reconcile.ts';
import { quantitiesRoutes } from './resources/quantities.ts';
import { decomposeRoutes } from './resources/decompose.ts';
import { catalogueRoutes, institutionRulesRoutes } from './resources/rules.ts';
import { seriesRoutes } from './resources/series.ts';
import { sitesRoutes } from './resources/sites.ts';
import { statusRoutes } from './resources/status.ts';
import { systemRoutes } from './resources/system.ts';
import { temperatureRoutes } from './resources/temperature.ts';
import { traceRoutes, usageRoutes } from './resources/usage.ts';
import { createStreams, type Streams } from './stream.ts';

export interface ServerOptions extends ApiContext {
  /** Folder of the built page; absent: the API alone. */
  readonly webRoot?: string | undefined;
  readonly host?: string | undefined;
  /** 0: any free port. */
  readonly port: number;
}

export interface ApiServer {
  /** http://127.0.0.1:8420 */
  readonly address: string;
  /** Ends the live streams, answers what is under way, then closes; what has not come to its end within seconds is cut. */
  readonly close: () => Promise<void>;
}

const BODY_LIMIT = 256 * 1024;

/** Throws HOST_NOT_LOOPBACK, PORT_IN_USE, PORT_REFUSED. */
export async function createServer(options: ServerOptions): Promise<ApiServer> {
  const { host = '127.0.0.1', port } = options;
  assertLoopback(host);
  const app = await buildApp(options);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw listenError(cause, host, port);
  }
  const bound = app.server.address();
  // a server that listens on TCP has an AddressInfo (node:net)
  const boundPort = (bound as AddressInfo).port;
  return { address: `http://${host === '::1' ? '[::1]' : host}:${boundPort}`, close: () => closeInTime(app) };
}

/** The application without a port, for tests of single requests. */
export async function buildApp(options: Omit<ServerOptions, 'host' | 'port'>): Promise<App> {
  const { clock, telemetry, webRoot } = options;
  const streams = createStreams(clock);
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    frameworkErrors: (error, request, reply) => sendProblem(telemetry, error, request, reply),
  })
    .withTypeProvider<ZodTypeProvider>()
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => sendProblem(telemetry, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const missing = requestError('ROUTE_UNKNOWN', `there is no ${request.method} ${request.url}`, {
      cure: 'see /api/openapi.json',
    });
    sendProblem(telemetry, missing, request, reply);
  });
  installGuard(app);
  installEtag(app);
  app.removeContentTypeParser('text/plain');
  app.addHook('preClose', async () => streams.closeAll());
  await app.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info: { title: 'CivicMeter', version: '1', description: ABOUT }, servers: [] },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(async (scope: App) => apiRoutes(scope, options, streams), { prefix: '/api/v1' });
  systemRoutes(app, options);
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  if (webRoot !== undefined) await servePage(app, webRoot);
  await app.ready();
  return app;
}

const ABOUT =
  'Meter readings become consumption, and every figure can be traced to its readings. Amounts are integers in base units; ' +
  'instants are ISO 8601 with the offset of the site. There is no access control yet: the server listens on loopback only.';

function apiRoutes(app: App, options: ApiContext, streams: Streams): void {
  const plain = [
    sitesRoutes,
    institutionsRoutes,
    institutionRulesRoutes,
    catalogueRoutes,
    decomposeRoutes,
    quantitiesRoutes,
    temperatureRoutes,
    pointsRoutes,
    usageRoutes,
    traceRoutes,
    findingsRoutes,
    quarantineRoutes,
    eventsRoutes,
    closesRoutes,
    adjustmentsRoutes,
    reconcileRoutes,
    importsRoutes,
    linesRoutes,
    seriesRoutes,
  ];
  for (const routes of plain) routes(app, options);
  liveRoutes(app, options, streams);
  statusRoutes(app, options, streams);
}

async function servePage(app: App, root: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // names of built assets carry their hash
      const lasting = /[\\/]assets[\\/]/.test(path);
      reply.header('Cache-Control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

function listenError(cause: unknown, host: string, port: number): Error {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const place = `${host}:${port}`;
  if (code === 'EADDRINUSE') {
    return configError('PORT_IN_USE', `port ${port} is taken by another program`, {
      place,
      cure: `stop that program, or start with --port and another number, such as --port ${port + 1}`,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return configError('PORT_REFUSED', `this user may not listen on port ${port}`, {
      place,
      cure: 'use a port above 1023',
      cause,
    });
  }
  return configError('PORT_REFUSED', `cannot listen on ${place}: ${String(cause)}`, {
    place,
    cure: 'use another port',
    cause,
  });
}
