/** What a process spent on so many values, all its threads together. */
export interface Usage {
  readonly seconds: number;
  readonly values: number;
  readonly cpuSeconds: number;
  /** Most that it ever held. */
  readonly rssMiB: number;
}

export const rateOf = ({ values, seconds }: Usage): number => values / seconds;
export const cpuPerMillion = ({ values, cpuSeconds }: Usage): number => (cpuSeconds / values) * 1e6;

/** From now until `stop`; `count` gives the values so far. */
export function meter(count: () => number): () => Usage {
  const before = { cpu: process.cpuUsage(), at: performance.now(), values: count() };
  return () => {
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      seconds: (performance.now() - before.at) / 1_000,
      values: count() - before.values,
      cpuSeconds: (user + system) / 1e6,
      rssMiB: process.resourceUsage().maxRSS / 1_024,
    };
  };
}

export const described = (name: string, usage: Usage): string =>
  `${name}: ${Math.round(rateOf(usage))} values/s, ${cpuPerMillion(usage).toFixed(3)} CPU s per million, ` +
  `${Math.round((100 * usage.cpuSeconds) / usage.seconds)} % of a core, ${Math.round(usage.rssMiB)} MiB`;

/** Counts of events over all their labels. */
export const totals = (events: Readonly<Record<string, number>>): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {};
  for (const [key, count] of Object.entries(events)) {
    const name = key.replace(/\{.*/, '');
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
};
