import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer carries an ETag, and an unchanged one is answered by 304. */
    readonly etag?: boolean;
  }
}

/** Answers of routes with `config.etag` can be asked for again at no cost; all others are not to be kept. */
export function installEtag(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode !== 200 || request.routeOptions.config.etag !== true || typeof payload !== 'string') {
      if (!reply.hasHeader('Cache-Control')) void reply.header('Cache-Control', 'no-store');
      return payload;
    }
    const tag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;
    void reply.header('ETag', tag).header('Cache-Control', 'no-cache');
    const asked = request.headers['if-none-match'];
    if (asked === undefined || !asked.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)) return payload;
    void reply.code(304).removeHeader('Content-Length');
    return null;
  });
}
