import type { FastifyInstance, FastifyRequest } from 'fastify';
import { configError, requestError } from '#domain';

/**
 * What stands in for access control until there is one: the server listens on loopback only, answers to loopback names only (so
 * that a foreign page cannot reach it by rebinding its own name), and takes writes only from its own page or a tool.
 */
export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '::1'] as const;

/** Throws HOST_NOT_LOOPBACK. */
export function assertLoopback(host: string): void {
  if (LOOPBACK_HOSTS.some((known) => known === host)) return;
  throw configError('HOST_NOT_LOOPBACK', `there is no access control yet, so "${host}" is refused`, {
    place: 'host',
    cure: 'listen on 127.0.0.1 and reach it through an SSH tunnel: ssh -L 8420:127.0.0.1:8420 <machine>',
  });
}

const HEADERS: Readonly<Record<string, string>> = {
  // Ant Design writes its styles into style elements and ECharts into style attributes; scripts come from files only
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

export function installGuard(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(HEADERS);
    checkHost(request);
    if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method)) checkOrigin(request);
  });
}

function checkHost({ headers }: FastifyRequest): void {
  const name = hostName(headers.host ?? '');
  if (LOOPBACK_HOSTS.some((known) => known === name)) return;
  throw requestError('HOST_REFUSED', `this server does not answer to the name "${name}"`, {
    place: 'header Host',
    cure: 'use http://127.0.0.1 or http://localhost, through an SSH tunnel from elsewhere',
  });
}

const hostName = (host: string): string =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();

function checkOrigin({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const foreign =
    (headers.origin !== undefined && headers.origin !== `http://${headers.host ?? ''}`) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  if (!foreign) return;
  throw requestError('ORIGIN_REFUSED', 'writes are taken from this server’s own page or a tool only', {
    place: 'header Origin',
    cure: 'use the page of this server, or the civicmeter command',
  });
}
