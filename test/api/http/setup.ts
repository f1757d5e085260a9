import type { Clock } from '#platform';
import { createTelemetry, silentLogger, systemClock } from '#platform';
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
      state: 'open',
      reopened: 2,
      roundMs: 812,
      units: [
        { device: 'dev-p-hall', state: 'answering', lastAnswerAt: NOW - 900, timeouts: 1, exceptions: 0 },
        { device: 'dev-h-hall', state: 'silent', timeouts: 41, exceptions: 0, nextAttemptAt: NOW + 60_000 },
      ],
    },
  ],
  spoolDepth: () => ({ frames: 3, bytes: 812 }),
  ...changes,
});

export const appOf = (changes: Partial<ApiContext> = {}, webRoot?: string) =>
  buildApp({ ...contextOf(changes), webRoot });
