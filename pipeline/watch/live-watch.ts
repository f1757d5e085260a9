import type { Clock, Telemetry } from '#platform';
import type { LiveAnswer } from '../answers.ts';

type Listener = (changed: readonly LiveAnswer[]) => void;

export interface LiveWatch {
  readonly subscribe: (site: string, listener: Listener) => () => void;
  readonly stop: () => void;
}

interface WatchOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly latest: (site: string) => Promise<readonly LiveAnswer[]>;
  readonly everyMs?: number;
}

interface Subscribers {
  readonly listeners: Set<Listener>;
  readonly stop: AbortController;
}

/** Looks at the books once a second while somebody listens, whoever writes them, and hands on what changed; all of it first. */
export function createLiveWatch({ clock, telemetry, latest, everyMs = 1_000 }: WatchOptions): LiveWatch {
  const sites = new Map<string, Subscribers>();
  const follow = async (site: string, { listeners, stop }: Subscribers): Promise<void> => {
    let known = new Map<string, string>();
    const begun = new WeakSet<Listener>();
    while (!stop.signal.aborted) {
      try {
        const all = await latest(site);
        const next = new Map(all.map((a) => [`${a.device}/${a.register}`, `${a.at} ${a.value} ${a.state}`]));
        const changed = all.filter(
          (a) => known.get(`${a.device}/${a.register}`) !== next.get(`${a.device}/${a.register}`),
        );
        known = next;
        for (const listener of listeners) {
          // between its own look and its first here anything may have changed
          const news = begun.has(listener) ? changed : all;
          begun.add(listener);
          if (news.length > 0) listener(news);
        }
      } catch (error) {
        telemetry.emit(
          'liveLookFailed',
          { level: 'warn', message: 'the live values could not be read' },
          { site, error: String(error) },
        );
      }
      await clock.sleep(everyMs, stop.signal).catch(() => undefined);
    }
  };
  return {
    subscribe: (site, listener) => {
      let group = sites.get(site);
      if (!group) {
        group = { listeners: new Set(), stop: new AbortController() };
        sites.set(site, group);
        void follow(site, group);
      }
      const { listeners, stop } = group;
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop.abort();
        sites.delete(site);
      };
    },
    stop: () => {
      for (const { stop } of sites.values()) stop.abort();
      sites.clear();
    },
  };
}
