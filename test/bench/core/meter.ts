import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly command: string;
  /** Own CPU seconds and those of children that have ended. */
  readonly cpu: number;
}

function statOf(pid: number | string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
    return {
      parent: Number(fields[1]),
      command: text.slice(text.indexOf('(') + 1, end),
      cpu: ticks / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

/** CPU seconds that a process and its children, living or ended, have used so far (Linux). */
export function cpuOfTree(root: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = statOf(pid);
      return stat ? [{ pid: Number(pid), ...stat }] : [];
    });
  const sum = (pid: number): number =>
    (stats.find((s) => s.pid === pid)?.cpu ?? 0) +
    stats.filter((s) => s.parent === pid).reduce((total, s) => total + sum(s.pid), 0);
  return sum(root);
}

/** CPU seconds of this process, all threads. */
export const ownCpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

export const rssMiB = (): number => process.memoryUsage.rss() / 2 ** 20;

/** Value below which a share of the sorted values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
