import { Counter, Gauge, Registry as MetricRegistry } from 'prom-client';
import type { Logger } from 'pino';

/**
 * Our own telemetry: one call per happening writes one log line and moves one counter. A refused or altered number always
 * says how many and why. Event names are subject and past tense; labels come from bounded sets.
 */
export interface EventSpec {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** Fields that become metric labels. */
  readonly labels?: readonly string[];
}

export interface Telemetry {
  /** `count` moves the counter `civicmeter_<event>_total`; fields go to the log line. */
  readonly emit: (
    event: string,
    spec: EventSpec,
    fields?: Readonly<Record<string, string | number | boolean | undefined>>,
    count?: number,
  ) => void;
  readonly gauge: (name: string, help: string, value: number, labels?: Readonly<Record<string, string>>) => void;
  readonly log: Logger;
  /** Prometheus text format. */
  readonly metrics: () => Promise<string>;
  /** Current totals per event and labels, for `status` and tests. */
  readonly counts: () => Promise<Readonly<Record<string, number>>>;
}

export function createTelemetry(log: Logger): Telemetry {
  const registry = new MetricRegistry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  return {
    log,
    emit: (event, spec, fields = {}, count = 1) => {
      const name = `civicmeter_${snake(event)}_total`;
      let counter = counters.get(name);
      if (!counter) {
        counter = new Counter({
          name,
          help: spec.message,
          labelNames: [...(spec.labels ?? [])],
          registers: [registry],
        });
        counters.set(name, counter);
      }
      counter.inc(Object.fromEntries((spec.labels ?? []).map((l) => [l, String(fields[l] ?? '')])), count);
      log[spec.level]({ event, count, ...fields }, spec.message);
    },
    gauge: (name, help, value, labels = {}) => {
      let gauge = gauges.get(name);
      if (!gauge) {
        gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] });
        gauges.set(name, gauge);
      }
      gauge.set(labels, value);
    },
    metrics: () => registry.metrics(),
    counts: async () => {
      const all: Record<string, number> = {};
      for (const metric of await registry.getMetricsAsJSON()) {
        for (const { value, labels } of metric.values) {
          const suffix = Object.entries(labels)
            .map(([k, v]) => `${k}="${v}"`)
            .join(',');
          all[suffix ? `${metric.name}{${suffix}}` : metric.name] = value;
        }
      }
      return all;
    },
  };
}
