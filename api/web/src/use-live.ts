import { useEffect, useState } from 'react';
import type { LiveMessage, PowerAnswer } from '../../http/power.ts';
import type { ShownRegister } from '../../http/face.ts';
import { urlOf } from './api.ts';

export interface LiveState {
  readonly connection: 'connecting' | 'open' | 'lost';
  readonly registers: readonly ShownRegister[];
  readonly power: PowerAnswer | undefined;
  /** Server's clock minus this browser's, ms. */
  readonly skewMs: number;
}

const START: LiveState = { connection: 'connecting', registers: [], power: undefined, skewMs: 0 };
const REOPEN_MS = 3_000;
/** Two beats of the server (api/http/stream.ts) and some. */
const SILENT_MS = 40_000;

/** The live stream of a site. The browser reconnects by itself; what it gives up on is opened anew. */
export function useLive(site: string | undefined): LiveState {
  const [state, setState] = useState(START);
  useEffect(() => {
    if (site === undefined) return;
    const known = new Map<string, ShownRegister>();
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let watch: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(watch);
      watch = setTimeout(lose, SILENT_MS);
    };
    const lose = (): void => {
      clearTimeout(watch);
      source?.close();
      setState((old) => ({ ...old, connection: 'lost' }));
      timer = setTimeout(open, REOPEN_MS);
    };
    const take = (event: MessageEvent<string>): void => {
      heard();
      // the stream is checked against its schema before it is sent (api/http/resources/live.ts)
      const { registers, power } = JSON.parse(event.data) as LiveMessage;
      for (const one of registers) known.set(`${one.device}/${one.register}`, one);
      const skewMs = Date.parse(power.at) - Date.now();
      setState({ connection: 'open', registers: [...known.values()], power, skewMs });
    };
    const takeAll = (event: MessageEvent<string>): void => {
      // what is not in it is no longer read
      known.clear();
      take(event);
    };
    const open = (): void => {
      heard();
      source = new EventSource(urlOf('/live/stream', { site }));
      source.addEventListener('snapshot', takeAll);
      source.addEventListener('changed', take);
      source.addEventListener('beat', heard);
      source.addEventListener('error', () => {
        if (source?.readyState === EventSource.CLOSED) return lose();
        setState((old) => ({ ...old, connection: 'lost' }));
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      clearTimeout(watch);
      source?.close();
      setState(START);
    };
  }, [site]);
  return state;
}

/** A clock that ticks each second, set to the server's. */
export function useNow(skewMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now + skewMs;
}
