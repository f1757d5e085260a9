import { afterAll, beforeAll } from 'vitest';
import type { Clock } from '#platform';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import type { App } from '../../../api/http/context.ts';
import { type ApiContext, buildApp } from '../../../api/http/index.ts';
import { fakeService } from '../../support/fake-service.ts';

/** Thursday 2026-03-12 14:20 in Shanghai. */
export const NOW = Date.UTC(2026, 2, 12, 6, 20);

export const fixedClock: Clock = { now: () => NOW, sleep: systemClock.sleep };

export const contextOf = (changes: Partial<ApiContext> = {}): ApiContext => ({
  service: fakeService(fixedClock),
  telemetry: createTelemetry(silentLogger()),
  clock: fixedClock,
  lines: () => [
    {
      connection: 'line-1',
      kind: 'modbus-tcp',
      address: '10.0.0.5:502',
      state: 'open',
      reopened: 2,
      foreignReplies: 3,
      roundMs: 812,
      share: 0.0541,
      units: [
        {
          device: 'dev-p-hall',
          unit: 1,
          intervalMs: 15_000,
          pollMs: 12,
          state: 'answering',
          lastAnswerAt: NOW - 900,
          timeouts: 1,
          exceptions: 2,
        },
        {
          device: 'dev-h-hall',
          unit: 7,
          intervalMs: 60_000,
          state: 'silent',
          timeouts: 41,
          exceptions: 0,
          nextAttemptAt: NOW + 60_000,
        },
      ],
    },
  ],
  spoolDepth: () => ({ frames: 3, bytes: 812 }),
  ...changes,
});

export const appOf = (changes: Partial<ApiContext> = {}, webRoot?: string) =>
  buildApp({ ...contextOf(changes), webRoot });

/** One app for the tests of a file. */
export function appOfFile() {
  let app: App;
  beforeAll(async () => {
    app = await appOf();
  });
  afterAll(() => app.close());
  return {
    app: () => app,
    get: (url: string, headers: Record<string, string> = {}) =>
      app.inject({ method: 'GET', url, headers: { host: 'localhost:8400', ...headers } }),
  };
}
